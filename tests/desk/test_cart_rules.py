"""The rules of baskets with their reminders, the words of consent, and the list of addresses that get nothing."""

from datetime import UTC, datetime, time

import pytest
import time_machine
from django.urls import reverse

from shopchat.carts.models import CartRules, CartStep
from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from shopchat.touches import suppressing
from shopchat.touches.models import Suppression, TouchRules
from tests.factories import CartRulesFactory, InboxFactory

REMINDERS = ConsentText.Purpose.REMINDERS
NOON = datetime(2026, 11, 25, 10, tzinfo=UTC)
LANGUAGES = ("en", "ru", "uk")


@pytest.fixture(autouse=True)
def shop(db, settings):
    """One that makes vouchers."""
    settings.SHOPCHAT = {**settings.SHOPCHAT, "STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore"}}


def fields(inbox=None, **changed):
    """What the form sends when nothing else was touched."""
    steps = {}
    for number, minutes in ((1, 60), (2, 1440), (3, 4320)):
        steps[f"step_{number}_delay_minutes"] = str(minutes)
        for language in LANGUAGES:
            steps[f"step_{number}_subject_{language}"] = steps[f"step_{number}_text_{language}"] = ""
    return {
        "inbox": (inbox or InboxFactory()).pk,
        "onsite": "off",
        "asks_why": "on",
        "price_answer": "operator",
        "idle_minutes": "30",
        "abandoned_minutes": "60",
        "payment_minutes": "30",
        "expire_days": "30",
        "link_days": "14",
        "attribution_days": "5",
        "retention_days": "90",
        "voucher_percent": "0",
        "voucher_days": "7",
        "voucher_pause_days": "90",
        "voucher_minimum": "0",
        "step_1_is_active": "on",
        "step_2_is_active": "on",
        **steps,
        "touch_per_day": "1",
        "touch_per_week": "3",
        "touch_quiet_from": "21:00",
        "touch_quiet_until": "09:00",
        "touch_defer_hours": "48",
        "touch_holdout_percent": "10",
        **{f"consent_{language}": consents.default_text(REMINDERS, language) for language in LANGUAGES},
        **changed,
    }


def add(owner, **changed):
    return owner.post(reverse("shopchat_cart_rules:add"), fields(**changed))


def edit(owner, rules, **changed):
    return owner.post(reverse("shopchat_cart_rules:edit", args=[rules.pk]), fields(rules.inbox, **changed))


def test_rules_are_made_with_reminders_and_contact_rules(owner):
    response = add(
        owner,
        onsite="bubble",
        voucher_percent="10",
        step_2_with_voucher="on",
        step_2_subject_uk="Ваш кошик",
        touch_per_week="2",
        touch_quiet_until="08:30",
    )

    assert response.status_code == 302, response.context["form"].errors
    rules, touch = CartRules.objects.get(), TouchRules.objects.get()
    first, second, third = rules.steps.order_by("number")
    assert (rules.onsite, first.is_active, third.is_active) == ("bubble", True, False)
    assert (second.delay_minutes, second.with_voucher) == (1440, True)
    assert second.texts == {"uk": {"subject": "Ваш кошик"}}
    assert (touch.inbox, touch.per_week, touch.quiet_until) == (rules.inbox, 2, time(8, 30))
    assert not ConsentText.objects.exists()


def test_reminders_count_from_the_moment_they_are_switched_on(owner):
    with time_machine.travel(NOON, tick=False):
        add(owner, mails="on")
    rules = CartRules.objects.get()
    assert rules.mails_since == NOON

    edit(owner, rules, mails="on", link_days="10")
    rules.refresh_from_db()
    assert (rules.mails_since, rules.link_days) == (NOON, 10)

    edit(owner, rules)
    rules.refresh_from_db()
    assert (rules.mails, rules.mails_since) == (False, None)

    later = datetime(2026, 12, 1, tzinfo=UTC)
    with time_machine.travel(later, tick=False):
        edit(owner, rules, mails="on")
    rules.refresh_from_db()
    assert rules.mails_since == later


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"abandoned_minutes": "20"}, "abandoned_minutes"),
        ({"expire_days": "0"}, "expire_days"),
        ({"link_days": "0"}, "link_days"),
        ({"step_1_delay_minutes": "30"}, "step_1_delay_minutes"),
        ({"step_2_delay_minutes": "60"}, "step_2_delay_minutes"),
        ({"step_1_with_voucher": "on"}, "step_1_with_voucher"),
        ({"step_2_text_uk": "{name}, ваш кошик"}, "step_2_text_uk"),
        ({"mails": "on", "step_1_is_active": "", "step_2_is_active": ""}, "mails"),
        ({"touch_per_week": "0"}, "touch_per_week"),
        ({"touch_quiet_until": "21:00"}, "touch_quiet_until"),
        ({"touch_holdout_percent": "80"}, "touch_holdout_percent"),
        ({"voucher_percent": "95"}, "voucher_percent"),
    ],
)
def test_errors_stand_beside_the_field_and_nothing_typed_is_lost(owner, changed, field):
    response = add(owner, **changed, step_1_subject_en="My own subject")

    assert list(response.context["form"].errors) == [field]
    assert "My own subject" in response.content.decode()
    assert not CartRules.objects.exists()
    assert not TouchRules.objects.exists()


def test_a_site_has_one_set_of_rules(owner):
    taken, free = CartRulesFactory(), InboxFactory(hostname="b.example", name="Second")

    page = owner.get(reverse("shopchat_cart_rules:add"))

    assert list(page.context["form"].fields["inbox"].queryset) == [free]
    assert list(add(owner, inbox=taken.inbox).context["form"].errors) == ["inbox"]


def test_texts_of_languages_left_out_for_now_are_kept(owner):
    rules = CartRulesFactory()
    CartStep.objects.create(rules=rules, number=1, delay_minutes=60, texts={"pl": {"subject": "Koszyk"}})

    edit(owner, rules, step_1_text_en="Your basket waits.")

    assert rules.steps.get(number=1).texts == {"pl": {"subject": "Koszyk"}, "en": {"text": "Your basket waits."}}
    assert "Your basket waits." in owner.get(reverse("shopchat_cart_rules:edit", args=[rules.pk])).content.decode()


def test_a_change_of_the_consent_is_the_next_version(owner):
    rules = CartRulesFactory()

    edit(owner, rules, consent_en="I want to be reminded.")
    edit(owner, rules, consent_en="I want to be reminded.")

    text = ConsentText.objects.get(inbox=rules.inbox)
    assert (text.purpose, text.language, text.version) == (REMINDERS, "en", 1)
    page = owner.get(reverse("shopchat_cart_rules:edit", args=[rules.pk])).content.decode()
    assert "I want to be reminded." in page
    assert "Version 1, in force since" in page


def test_a_shop_that_makes_no_vouchers_is_not_asked_for_them(owner, settings):
    assert "voucher_percent" in owner.get(reverse("shopchat_cart_rules:add")).content.decode()

    settings.SHOPCHAT = {}

    page = owner.get(reverse("shopchat_cart_rules:add")).content.decode()
    assert "voucher_percent" not in page
    assert "step_1_with_voucher" not in page
    assert add(owner).status_code == 302


def test_an_address_is_put_on_the_list_as_a_hash(owner):
    response = owner.post(reverse("shopchat_suppressions:add"), {"address": "Olena@Example.test"}, follow=True)

    page = response.content.decode()
    assert suppressing.is_suppressed("email", "olena@example.test")
    assert "lena@" not in page.lower()
    assert "entered at the desk" in page


def test_an_address_that_is_there_is_not_added_again(owner):
    suppressing.suppress("email", "olena@example.test", Suppression.Reason.UNSUBSCRIBED)

    page = owner.post(reverse("shopchat_suppressions:add"), {"address": "olena@example.test"}).content.decode()

    assert "This address is on the list since" in page
    assert "unsubscribed" in page


def test_an_address_is_taken_off_the_list(owner):
    lifted = suppressing.suppress("email", "olena@example.test", Suppression.Reason.BY_HAND)
    suppressing.suppress("email", "taras@example.test", Suppression.Reason.BY_HAND)
    url = reverse("shopchat_suppressions:delete", args=[lifted.pk])
    assert url in owner.get(reverse("shopchat_suppressions:index")).content.decode()
    assert "may get reminders again" in owner.get(url).content.decode()

    owner.post(url)

    assert not suppressing.is_suppressed("email", "olena@example.test")
    assert suppressing.is_suppressed("email", "taras@example.test")
