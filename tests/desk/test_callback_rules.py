"""The rules of callbacks and the words of consent, as the shop's owner edits them."""

from datetime import time

import pytest
from django.urls import reverse

from shopchat.callbacks.models import CallbackRules
from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from tests.factories import CallbackRulesFactory, ConsentTextFactory, InboxFactory, ScheduleFactory

CALLBACK = ConsentText.Purpose.CALLBACK
STORED = {"default_region": "UA", "horizon_days": 7, "lead_minutes": 15, "max_repeats": 3, "day_ends_at": time(20)}


def texts():
    return {f"consent_{language}": consents.default_text(CALLBACK, language) for language in ("en", "ru", "uk")}


def fields(rules=None, **changed):
    """What the form sends when nothing else was touched."""
    return {
        "inbox": (rules.inbox if rules else InboxFactory()).pk,
        "is_active": "on",
        "schedule": (rules.schedule if rules else ScheduleFactory()).pk,
        "slot_minutes": "30",
        "lead_minutes": "15",
        "horizon_days": "7",
        "calls_per_operator": "2",
        "asap_minutes": "15",
        "default_region": "UA",
        "countries": "",
        "max_repeats": "3",
        "retry_minutes": "30, 120",
        "day_starts_at": "09:00",
        "day_ends_at": "20:00",
        "alert_before_minutes": "5",
        "retention_days": "180",
        **texts(),
        **changed,
    }


def edit(owner, rules, **changed):
    return owner.post(reverse("shopchat_callback_rules:edit", args=[rules.pk]), fields(rules, **changed))


def test_rules_are_made_for_a_site(owner):
    other = CallbackRulesFactory(inbox=InboxFactory(hostname="b.example"))

    response = owner.post(
        reverse("shopchat_callback_rules:add"),
        fields(countries="pl, ua;UA  de", default_region="ua", retry_minutes="30,30", day_starts_at="08:30"),
    )

    rules = CallbackRules.objects.exclude(pk=other.pk).get()
    assert response.status_code == 302
    assert (rules.countries, rules.default_region, rules.retry_minutes) == (["PL", "UA", "DE"], "UA", [30, 30])
    assert rules.day_starts_at == time(8, 30)
    assert not rules.tells_unreached


def test_what_is_stored_is_shown_as_people_write_it(owner):
    rules = CallbackRulesFactory(countries=["UA", "PL"], retry_minutes=[20, 45])

    page = owner.get(reverse("shopchat_callback_rules:edit", args=[rules.pk])).content.decode()

    for value in ("UA, PL", "20, 45", "09:00", "20:00"):
        assert f'value="{value}"' in page


def test_new_rules_begin_with_what_suits_most_shops(owner):
    page = owner.get(reverse("shopchat_callback_rules:add")).content.decode()

    for value in ("30, 120", "UA", "09:00", "20:00"):
        assert f'value="{value}"' in page


def test_a_site_has_one_set_of_rules(owner):
    taken = CallbackRulesFactory()
    free = InboxFactory(hostname="b.example", name="Second")

    page = owner.get(reverse("shopchat_callback_rules:add"))

    assert list(page.context["form"].fields["inbox"].queryset) == [free]
    response = owner.post(reverse("shopchat_callback_rules:add"), fields(inbox=taken.inbox.pk))
    assert list(response.context["form"].errors) == ["inbox"]


def test_rules_stay_with_their_site(owner):
    rules, other = CallbackRulesFactory(), InboxFactory(hostname="b.example")

    edit(owner, rules, inbox=other.pk, horizon_days="9")

    stored = CallbackRules.objects.get()
    assert (stored.inbox, stored.horizon_days) == (rules.inbox, 9)


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("default_region", "XX", "“XX” is no country."),
        ("default_region", "Ukraine", "at most 2 characters"),
        ("countries", "UA, Poland", "“Poland” is no country."),
        ("countries", "UA, 001", "“001” is no country."),
        ("retry_minutes", "30, soon", "“soon” is no number of minutes."),
        ("retry_minutes", "0", "“0” is no number of minutes."),
        ("retry_minutes", "-5", "“-5” is no number of minutes."),
        ("retry_minutes", "٣٠", "is no number of minutes."),
        ("retry_minutes", "10081", "whole numbers from 1 to 10080"),
        ("retry_minutes", "1,2,3,4,5,6,7,8,9,10", "Write at most 9 numbers."),
        ("horizon_days", "61", "less than or equal to 60"),
        ("horizon_days", "0", "greater than or equal to 1"),
        ("lead_minutes", "10080", "So long a notice leaves no slot to offer."),
        ("lead_minutes", "-1", "greater than or equal to 0"),
        ("calls_per_operator", "0", "greater than or equal to 1"),
        ("max_repeats", "11", "less than or equal to 10"),
        ("day_ends_at", "09:00", "The day ends before it begins."),
        ("day_ends_at", "25:00", "Enter a valid time."),
        ("consent_en", "x" * 2001, "at most 2000 characters"),
    ],
)
def test_errors_stand_beside_the_field_and_keep_what_was_typed(owner, field, typed, told):
    rules = CallbackRulesFactory()

    response = edit(owner, rules, **{field: typed})

    page = response.content.decode()
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert told in page
    assert typed in page
    assert CallbackRules.objects.filter(**STORED).exists()


class TestConsent:
    def test_saving_without_a_change_stores_no_version(self, owner):
        edit(owner, CallbackRulesFactory(), horizon_days="8")

        assert CallbackRules.objects.get().horizon_days == 8
        assert not ConsentText.objects.exists()

    def test_a_change_is_the_next_version_of_that_language_on_that_site(self, owner):
        rules = CallbackRulesFactory()
        ConsentTextFactory(inbox=rules.inbox, language="ru", version=4, text="Можно звонить.")
        other = ConsentTextFactory(inbox=InboxFactory(hostname="b.example"), language="ru", version=1)

        edit(owner, rules, consent_ru="Звоните.")
        edit(owner, rules, consent_ru="Звоните.")

        found = ConsentText.objects.filter(inbox=rules.inbox).values_list("language", "version", "text")
        assert sorted(found) == [("ru", 4, "Можно звонить."), ("ru", 5, "Звоните.")]
        assert ConsentText.objects.filter(inbox=other.inbox).count() == 1

    def test_an_empty_field_goes_back_to_the_standard_words(self, owner):
        rules = CallbackRulesFactory()
        ConsentTextFactory(inbox=rules.inbox, version=1, text="Call me.")

        edit(owner, rules, consent_en="")

        current = consents.current_text(rules.inbox, CALLBACK, "en")
        assert (current.version, current.text) == (2, consents.default_text(CALLBACK, "en"))

    def test_the_version_in_force_is_shown(self, owner):
        rules = CallbackRulesFactory()
        ConsentTextFactory(inbox=rules.inbox, version=3, text="Call me.")

        page = owner.get(reverse("shopchat_callback_rules:edit", args=[rules.pk])).content.decode()

        assert "Call me.</textarea>" in page
        assert page.count("Version 3, in force since") == 1
        assert page.count("The standard text.") == 2

    def test_new_rules_may_bring_words_of_their_own(self, owner):
        assert "The standard text." in owner.get(reverse("shopchat_callback_rules:add")).content.decode()

        owner.post(reverse("shopchat_callback_rules:add"), fields(consent_uk="Телефонуйте."))

        assert [str(text) for text in ConsentText.objects.all()] == ["callback uk 1"]

    def test_an_error_elsewhere_publishes_nothing(self, owner):
        rules = CallbackRulesFactory()

        response = edit(owner, rules, consent_en="Call me.", horizon_days="0")

        assert "Call me.</textarea>" in response.content.decode()
        assert not ConsentText.objects.exists()


def test_the_list_and_the_menu_lead_there(owner):
    CallbackRulesFactory()

    page = owner.get(reverse("shopchat_callback_rules:index")).content.decode()

    assert "Weekdays" in page
    assert "Callback rules" in page
