"""Asking for a call: what the form offers, what becomes of it, and that nothing typed is lost."""

import re

import pytest
import time_machine
from django.core.cache import caches
from django.test import override_settings

from shopchat.callbacks import access
from shopchat.callbacks.models import CallbackRequest
from shopchat.conversations.models import Message
from tests.factories import CallbackRequestFactory, InboxFactory, OperatorFactory, UserFactory, receive
from tests.widget.asking import MONDAY, PHONE, SLOT, Caller, error, hidden, only_request, shop_that_calls, ticked, words

DAY = "2026-11-23"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False):
        caches["default"].clear()
        yield


@pytest.fixture
def rules(db):
    return shop_that_calls()


@pytest.fixture
def caller(rules):
    return Caller()


def test_the_form_offers_free_slots_of_the_shops_days(caller):
    page = caller.look()

    html = page.content.decode()
    assert f'name="slot-{DAY}" value="{SLOT}"' in html
    assert "14:00–14:30" in html
    assert "20261123T0800Z" not in html  # has begun
    assert "Times of Kyiv (UTC+2)" in html
    assert "Nobody can call at this moment. The first free time: Today, 10:30–11:00." in words(page)
    assert 'value="asap"' not in html


def test_as_soon_as_possible_is_offered_while_somebody_is_there(caller):
    OperatorFactory(takes_calls=True, present=True)

    page = caller.look()

    assert "asap" in ticked(page)
    assert "by 10:20" in words(page)


def test_a_request_is_stored_and_the_page_after_it_says_when(caller):
    answer = caller.ask()

    assert (answer.status_code, answer["Location"]) == (302, "/chat/callback/?lang=en")
    request = only_request()
    assert (request.phone, request.name, request.about) == ("+380441234567", "Olena", "Does it fit?")
    assert (request.slot_at.isoformat(), request.time_zone) == ("2026-11-23T12:00:00+00:00", "Europe/Kyiv")
    assert request.consented_at == MONDAY
    box = words(caller.look())
    assert "We will call you today, 14:00–14:30" in box
    assert request.readable_number in box
    assert "044 123 4567" in box
    assert Message.objects.filter(conversation=request.conversation, event="callback_asked").count() == 1


def test_the_cookie_comes_with_the_request_and_not_before(caller):
    caller.look()
    assert set(caller.cookies) == {"csrftoken"}

    caller.ask()

    assert "shopchat_visitor" in caller.cookies
    assert caller.cookies["shopchat_visitor"]["path"] == "/chat/"


def test_a_reload_and_a_double_click_make_one(caller):
    caller.look()

    first, again = caller.ask(look=False), caller.ask(look=False)

    assert first.status_code == again.status_code == 302
    assert CallbackRequest.objects.count() == 1


def test_an_answer_that_was_lost_does_not_take_a_second_seat(rules, caller):
    rules.calls_per_operator = 1
    rules.save()
    caller.look()
    caller.ask(look=False)
    del caller.cookies["shopchat_visitor"]

    again = caller.ask(look=False)

    assert again.status_code == 302
    assert CallbackRequest.objects.count() == 1
    assert "shopchat_visitor" in caller.cookies


BAD = [
    pytest.param({"phone": "call me"}, "phone", "This is not a phone number", id="letters"),
    pytest.param({"phone": "044 12"}, "phone", "too short", id="too short"),
    pytest.param({"phone": "0900 123 456"}, "phone", "", id="premium"),
    pytest.param({"phone": "📞 044 123 45 67"}, "phone", "This is not a phone number", id="emoji"),
    pytest.param({"phone": "+44 20 7946 0958"}, "phone", "We do not call this country", id="country"),
    pytest.param({"phone": ""}, "phone", "Write the number", id="no number"),
    pytest.param({"phone": "1" * 10_000}, "phone", "too long", id="10,000 digits"),
    pytest.param({"about": "x" * 10_000}, "about", "Shorten this by 9000 characters", id="10,000 characters"),
    pytest.param({"name": "O" * 200}, "name", "Shorten this by 120 characters", id="long name"),
    pytest.param({"phone": "0441234567\r\nBcc: all@example.com"}, "phone", "This is not a phone number", id="header"),
    pytest.param({f"slot-{DAY}": "20261123T0700Z"}, "when", "past or too soon", id="past slot"),
    pytest.param({f"slot-{DAY}": "20261123T2300Z"}, "when", "Nobody can call at this time", id="foreign slot"),
    pytest.param({f"slot-{DAY}": "4711"}, "when", "Nobody can call at this time", id="no slot at all"),
    pytest.param({f"slot-{DAY}": None}, "when", "Choose a day and a time", id="nothing chosen"),
    pytest.param({"when": "asap"}, "when", "Nobody can call right away", id="nobody there"),
    pytest.param({"consent": None}, "consent", "Tick this box", id="no consent"),
]


@pytest.mark.parametrize(("fields", "field", "says"), BAD)
def test_bad_input_is_told_beside_its_field_and_nothing_typed_is_lost(caller, fields, field, says):
    answer = caller.ask(**fields)

    assert answer.status_code == 422
    assert not CallbackRequest.objects.exists()
    assert says in error(answer, field)
    html = answer.content.decode()
    sent = {"phone": PHONE, "name": "Olena", "about": "Does it fit?", **fields}
    assert (
        f'name="phone" value="{sent["phone"]}"' in html.replace("\n", "").replace("\r", "") or "\r\n" in sent["phone"]
    )
    assert f'name="name" value="{sent["name"]}"' in html
    assert f"{sent['about']}</textarea>" in html
    assert ("yes" in ticked(answer)) == ("consent" not in fields)
    if field != "when":
        assert SLOT in ticked(answer)
        assert re.search(rf'id="shopchat-(call-)?{field}"[^>]*aria-invalid="true"[^>]*autofocus', html)
    # Once it is put right, the same form is taken.
    assert caller.ask(look=False, client_id=hidden(answer)["client_id"]).status_code == 302


def test_good_input_is_not_told_off(caller):
    """Else the errors above would prove nothing."""
    answer = caller.ask(look=True)

    assert answer.status_code == 302


def test_a_text_that_would_be_a_header_stays_one_line(caller):
    caller.ask(name="Olena\r\nBcc: all@example.com")

    assert only_request().name == "Olena Bcc: all@example.com"


def test_every_error_is_told_at_once(caller):
    answer = caller.ask(phone="", about="x" * 2000, consent=None, **{f"slot-{DAY}": None})

    assert all(error(answer, field) for field in ("phone", "when", "about", "consent"))


def test_a_slot_that_filled_meanwhile_leaves_the_next_one_chosen(rules, caller):
    rules.calls_per_operator = 1
    rules.save()
    caller.look()
    other = Caller()
    other.ask(phone="044 765 43 21")

    answer = caller.ask(look=False, about="Kept")

    assert answer.status_code == 422
    assert "This time has just been taken." in error(answer, "when")
    assert "20261123T1230Z" in ticked(answer)
    assert "Kept</textarea>" in answer.content.decode()
    assert SLOT not in answer.content.decode()


def test_the_slots_drawn_anew_say_so_if_the_chosen_one_is_gone(rules, caller):
    rules.calls_per_operator = 1
    rules.save()
    query = {"when": "slot", "day": DAY, f"slot-{DAY}": SLOT, "zone": "Europe/Kyiv"}
    before = caller.get("/chat/callback/slots/", query)
    Caller().ask()

    after = caller.get("/chat/callback/slots/", query)

    assert (error(before, "when"), SLOT in ticked(before)) == ("", True)
    assert "We have chosen the next free one: Today, 14:30–15:00." in error(after, "when")
    assert "20261123T1230Z" in ticked(after)
    assert after.content.decode().lstrip().startswith("<fieldset")


def test_slots_in_the_readers_own_zone_name_the_shops(caller):
    html = caller.get("/chat/callback/slots/", {"zone": "America/New_York"}).content.decode()

    assert "7:00–7:30" in html
    assert "Your times: New York (UTC−5). The shop is in Kyiv (UTC+2)." in html
    assert 'name="zone" value="America/New_York"' in html


@pytest.mark.parametrize("zone", ["", "localtime", "../../etc/passwd", "Mars/Olympus", "x" * 500, "Europe"])
def test_a_zone_that_is_none_counts_as_the_shops(caller, zone):
    html = caller.get("/chat/callback/slots/", {"zone": zone}).content.decode()

    assert "Times of Kyiv (UTC+2)" in html
    assert 'name="zone" value=""' in html


def test_a_slot_is_promised_in_the_customers_zone(caller):
    caller.ask(zone="America/New_York")

    assert only_request().time_zone == "America/New_York"
    assert "We will call you today, 7:00–7:30" in words(caller.look())


def test_a_number_that_waits_is_changed_only_after_a_question(caller):
    caller.ask()
    first = only_request()

    answer = caller.ask(about="Something else", **{f"slot-{DAY}": "20261123T1300Z"})

    assert answer.status_code == 409
    assert f"You are waiting for a call to this number already: {first.readable_number}." in words(answer)
    assert "Something else</textarea>" in answer.content.decode()
    assert "20261123T1300Z" in ticked(answer)
    assert only_request().about == "Does it fit?"
    token = re.search(r'name="replace" value="([^"]+)"', answer.content.decode())[1]
    caller.page = answer
    assert (
        caller.ask(look=False, about="Something else", replace=token, **{f"slot-{DAY}": "20261123T1300Z"}).status_code
        == 302
    )
    changed = only_request()
    assert (changed.number, changed.about) == (first.number, "Something else")
    assert changed.slot_at.hour == 13


def test_somebody_elses_number_is_neither_shown_nor_changed(caller):
    caller.ask(about="A secret")
    before = CallbackRequest.objects.values().get()

    answer = Caller().ask(about="Mine")

    assert answer.status_code == 422
    assert "This number waits for a call already" in error(answer, "phone")
    said = words(answer)
    assert only_request().readable_number not in said
    assert "A secret" not in said
    assert "14:00" not in error(answer, "phone")
    assert CallbackRequest.objects.values().get() == before


def test_who_waits_sees_the_request_instead_of_an_empty_form(caller):
    caller.ask()

    box = caller.look()
    another = caller.look(new="1")

    assert 'name="phone"' not in box.content.decode()
    assert "Ask for a call to another number" in words(box)
    assert 'name="phone"' in another.content.decode()
    assert 'name="phone"' in Caller().look().content.decode()


def test_two_numbers_wait_side_by_side(caller):
    caller.ask()
    caller.ask(phone="044 765 43 21")

    assert caller.look().content.decode().count("data-callback=") == 2


def test_a_finished_request_makes_room_for_a_new_one(caller):
    caller.ask()
    CallbackRequest.objects.update(state="done", open_phone=None)

    assert 'name="phone"' in caller.look().content.decode()


def test_what_became_of_it_is_said_in_the_box(caller):
    caller.ask()
    CallbackRequest.objects.update(attempts_made=1, outcome="no_answer")
    assert "We have tried to call you and could not reach you." in words(caller.look())

    with time_machine.travel("2026-11-23T13:00:00Z", tick=False):
        late = words(caller.look())

    assert "We call you as soon as we can" in late
    assert "We are late with our call, and we are sorry." in late


def test_an_account_needs_no_cookie(rules):
    caller = Caller()
    user = UserFactory()
    caller.force_login(user)
    caller.ask()

    assert only_request().contact.user == user
    assert "shopchat_visitor" not in caller.cookies
    assert 'name="name" value="Olena Koval"' in caller.look(new="1").content.decode()


def test_a_browser_that_signed_in_meanwhile_is_told_so(caller, monkeypatch):
    monkeypatch.setattr("shopchat_widget.asking.hold", lambda key: False)

    answer = caller.ask()

    assert answer.status_code == 409
    assert "You have signed in or out meanwhile" in words(answer)
    assert not CallbackRequest.objects.exists()


def test_without_rules_there_is_no_tab_and_no_form(db):
    InboxFactory()
    caller = Caller()

    page = caller.look()

    assert page.status_code == 404
    assert "We do not call back at present" in words(page)
    assert "/chat/callback/" not in caller.get("/chat/").content.decode()
    assert caller.get("/chat/callback/slots/").status_code == 204


def test_rules_that_are_switched_off_take_nothing(rules, caller):
    caller.look()
    rules.is_active = False
    rules.save()

    assert caller.ask(look=False).status_code == 404
    assert not CallbackRequest.objects.exists()


def test_both_tabs_are_in_both_headers(caller):
    for path in ("/chat/", "/chat/callback/"):
        html = caller.get(path, {"lang": "en"}).content.decode()
        assert 'href="/chat/?lang=en"' in html
        assert 'href="/chat/callback/?lang=en"' in html
        assert html.count('aria-current="page"') == 1


def test_without_a_free_slot_the_chat_is_offered(rules, caller):
    rules.schedule.intervals.all().delete()

    page = caller.look()

    assert "Nobody can call you within the next 7 days, or all times are taken." in words(page)
    assert 'name="phone"' not in page.content.decode()


def test_a_post_after_the_last_slot_was_taken_keeps_what_was_typed(rules, caller):
    caller.look()
    rules.schedule.intervals.all().delete()

    answer = caller.ask(look=False, about="Kept")

    assert answer.status_code == 422
    assert "Kept</textarea>" in answer.content.decode()


def test_too_often_says_when_it_may_go_on(caller):
    with override_settings(SHOPCHAT={"RATE_LIMITS": {"callback_sources": "1/hour"}}):
        caller.ask()
        answer = Caller().ask(phone="044 765 43 21", about="Kept")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 60
    assert re.search(r"Please try again in \d+ minutes", words(answer))
    assert "Kept</textarea>" in answer.content.decode()
    assert CallbackRequest.objects.count() == 1


def test_the_field_that_people_do_not_see_is_empty_again(caller):
    answer = caller.ask(second_thought="http://spam.example")

    assert answer.status_code == 422
    assert "please send the form now" in words(answer)
    assert 'name="second_thought" value=""' in answer.content.decode()
    assert caller.ask(look=False).status_code == 302


def test_the_text_that_was_agreed_to_must_be_the_one_that_was_shown(caller):
    answer = caller.ask(consent_hash="0" * 64)

    assert "This text has changed. Please read it again" in error(answer, "consent")
    assert "yes" not in ticked(answer)


def test_the_page_of_the_shop_comes_from_the_form_or_from_the_link(caller):
    page = caller.get("/chat/callback/", headers={"referer": "http://testserver/catalogue/tent_1/?utm=x"})
    assert hidden(page)["page"] == "/catalogue/tent_1/"
    for elsewhere in ("http://other.example/x/", "http://testserver/chat/"):
        assert hidden(caller.get("/chat/callback/", headers={"referer": elsewhere}))["page"] == ""

    caller.page = page
    caller.ask(look=False)

    assert only_request().page == "/catalogue/tent_1/"


def test_the_answers_are_protected_and_kept_by_no_cache(caller):
    for answer in (caller.look(), caller.ask(phone=""), caller.ask(), caller.get("/chat/callback/slots/")):
        assert answer["Cache-Control"] == "no-store"
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_csrf_is_checked(rules):
    caller = Caller(enforce_csrf_checks=True)

    assert caller.ask().status_code == 403
    assert not CallbackRequest.objects.exists()


@pytest.mark.parametrize(
    ("language", "heading", "says"),
    [("ru", 'lang="ru"', "(UTC+2)"), ("uk", 'lang="uk"', "(UTC+2)")],
)
def test_the_form_speaks_the_asked_language(caller, language, heading, says):
    html = caller.look(lang=language).content.decode()

    assert heading in html
    assert says in html
    assert f'action="/chat/callback/?lang={language}"' in html


def test_other_contacts_requests_are_not_seen(caller):
    receive(CallbackRequestFactory(about="A secret").conversation)

    page = caller.look()

    assert 'name="phone"' in page.content.decode()
    assert list(access.for_contact(None)) == []
