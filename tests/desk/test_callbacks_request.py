"""The page of one callback request: what operators do with it, and what they are told when it cannot be done."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from shopchat.callbacks.models import CallAttempt, CallbackRequest, TelephonyAccount
from tests.desk.conftest import signed_in
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    ContactFactory,
    ConversationFactory,
    OperatorFactory,
    client_id,
)

# A Wednesday; 12:00 in Kyiv.
NOON = datetime(2026, 11, 25, 10, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def callback(db):
    CallbackRulesFactory()
    OperatorFactory(public_name="Daria", takes_calls=True)
    return CallbackRequestFactory(
        due_at=NOON - timedelta(minutes=5), phone="+380441234821", name="Olena", about="Which tent?", language="uk"
    )


def address(callback, name="callback"):
    return reverse(f"shopchat_desk:{name}", args=[callback.number])


def page(client, callback):
    response = client.get(address(callback))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def post(client, callback, do, **fields):
    body = urlencode({"do": do, **fields})
    return client.post(address(callback), body, content_type=FORM)


def told(client, response):
    """What the page after a redirect says."""
    assert response.status_code == 302
    return " ".join(client.get(response.url).content.decode().split())


def test_the_page_says_who_what_when_and_since_when(at_desk, callback):
    text = page(at_desk, callback)

    for words in (callback.readable_number, "Olena", "044 123 4821", "Which tent?", "25 min left", "Ukrainian"):
        assert words in text
    assert "Nobody has called yet." in text
    assert reverse("shopchat_desk:conversation", args=[callback.conversation.number]) in text
    assert reverse("shopchat_desk:customer", args=[callback.conversation.number]) in text


@pytest.mark.parametrize("number", ["99999", "0", "123456789012"])
def test_an_unknown_request_is_not_found(at_desk, callback, number):
    for name in ("callback", "callback_now"):
        assert at_desk.get(reverse(f"shopchat_desk:{name}", args=[number])).status_code == 404


@pytest.mark.parametrize("name", ["callback", "callback_now", "begin_call"])
def test_a_request_is_for_operators(editor, callback, name):
    for client in (editor, Client()):
        for response in (client.get(address(callback, name)), client.post(address(callback, name), {"do": "take"})):
            assert response.status_code in (302, 403)
            assert "Olena" not in response.content.decode()
    callback.refresh_from_db()
    assert callback.assignee is None


def test_the_customers_clock_is_shown_where_it_differs(at_desk, callback):
    assert "Their time" not in page(at_desk, callback)
    for zone, is_shown in (("America/New_York", True), ("Mars/Olympus", False), ("../../etc", False), ("", False)):
        CallbackRequest.objects.update(time_zone=zone)
        assert ("Their time" in page(at_desk, callback)) is is_shown


def test_earlier_talks_and_other_calls_of_the_customer(at_desk, callback):
    earlier = ConversationFactory(contact=callback.contact)
    other = CallbackRequestFactory(contact=callback.contact)
    stranger = CallbackRequestFactory()

    text = page(at_desk, callback)

    assert earlier.readable_number in text
    assert other.readable_number in text
    assert stranger.readable_number not in text
    assert text.count(f">{callback.readable_number}<") <= 1  # not among the others


def test_the_conversation_shows_who_waits_for_a_call(at_desk, callback):
    done = CallbackRequestFactory(contact=callback.contact, done=True)

    text = at_desk.get(reverse("shopchat_desk:conversation", args=[callback.conversation.number])).content.decode()

    assert f'href="{address(callback)}"' in text
    assert done.readable_number not in text


def test_taking_and_releasing(at_desk, callback, anna):
    assert "This request is yours now." in told(at_desk, post(at_desk, callback, "take"))
    callback.refresh_from_db()
    assert callback.assignee == anna
    assert "The request is back in the queue." in told(at_desk, post(at_desk, callback, "release"))
    callback.refresh_from_db()
    assert callback.assignee is None


def test_who_is_late_is_told_who_took_it(at_desk, callback, boris):
    signed_in(boris.user).post(address(callback), urlencode({"do": "take"}), content_type=FORM)

    assert "Boris took this request first." in told(at_desk, post(at_desk, callback, "take"))
    assert "This request is not yours any more." in told(at_desk, post(at_desk, callback, "release"))
    callback.refresh_from_db()
    assert callback.assignee == boris


def test_giving_it_to_a_colleague(at_desk, callback, boris):
    assert "Boris has this request now." in told(at_desk, post(at_desk, callback, "assign", operator=boris.pk))
    assert "Boris has this request already." in told(at_desk, post(at_desk, callback, "assign", operator=boris.pk))
    callback.refresh_from_db()
    assert callback.assignee == boris


def test_giving_it_to_nobody_is_refused_beside_the_field(at_desk, callback):
    response = post(at_desk, callback, "assign", operator="0")
    text = response.content.decode()

    assert response.status_code == 400
    assert 'id="sc-operator-error" role="alert">Choose who is to call.' in text
    assert 'aria-describedby="sc-operator-error"' in text


def test_the_link_dials_and_the_desk_notes_it_once(at_desk, callback, anna):
    assert f'href="tel:{callback.phone}"' in page(at_desk, callback)
    same = {"client_id": client_id()}

    for _ in range(2):
        response = at_desk.post(address(callback, "begin_call"), urlencode(same), content_type=FORM)
        assert response.status_code == 204

    attempt = CallAttempt.objects.get()
    assert (attempt.operator, attempt.backend, attempt.outcome) == (anna, "tel", "")
    assert "You have been calling since" in page(at_desk, callback)


def test_a_call_of_what_a_colleague_has_is_refused_with_the_name(at_desk, callback, boris):
    CallbackRequest.objects.update(assignee=boris)

    response = at_desk.post(address(callback, "begin_call"), urlencode({"client_id": client_id()}), content_type=FORM)

    assert (response.status_code, response.content.decode()) == (409, "Boris took this request first.")
    assert "Boris calls this customer." in page(at_desk, callback)
    assert not CallAttempt.objects.exists()


@pytest.mark.parametrize("bad", ["", "x", "1" * 200, "\x00" * 16])
def test_a_call_without_a_proper_id_is_refused(at_desk, callback, bad):
    response = at_desk.post(address(callback, "begin_call"), urlencode({"client_id": bad}), content_type=FORM)

    assert response.status_code == 400
    assert not CallAttempt.objects.exists()


def test_without_scripts_a_call_begins_by_a_form(at_desk, callback):
    assert "Say below how the call ended." in told(at_desk, post(at_desk, callback, "begin", client_id=client_id()))
    assert CallAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("outcome", "fields", "state"),
    [
        ("talked", {"result": "helped"}, "done"),
        ("no_answer", {}, "waiting"),
        ("busy", {}, "waiting"),
        ("call_later", {"slot": "20261126T0900Z"}, "waiting"),
        ("wrong_number", {}, "done"),
        ("refused", {}, "done"),
    ],
)
def test_each_outcome_is_recorded(at_desk, callback, outcome, fields, state):
    fields = {"outcome": outcome, "note": "Called <b>twice</b>.", "client_id": client_id(), **fields}

    response = post(at_desk, callback, "record", **fields)
    text = told(at_desk, response)

    callback.refresh_from_db()
    attempt = CallAttempt.objects.get()
    assert (attempt.outcome, attempt.note) == (outcome, "Called <b>twice</b>.")
    assert callback.state == state
    assert "Called &lt;b&gt;twice&lt;/b&gt;." in text
    assert ("Recorded. Nobody has to be called any more." if state == "done" else "Recorded. The next call:") in text


def test_the_same_form_twice_is_recorded_once(at_desk, callback):
    fields = {"outcome": "no_answer", "note": "", "client_id": client_id()}

    for _ in range(2):
        assert post(at_desk, callback, "record", **fields).status_code == 302

    assert CallAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "outcome", "Choose how the call ended."),
        ({"outcome": "failed"}, "outcome", "Choose how the call ended."),
        ({"outcome": "nonsense"}, "outcome", "Choose how the call ended."),
        ({"outcome": "talked"}, "result", "Choose what came of the talk."),
        ({"outcome": "call_later"}, "slot", "Choose when to call again."),
        ({"outcome": "call_later", "slot": "20261124T0900Z"}, "slot", "That time begins too soon."),
        ({"outcome": "call_later", "slot": "20261129T0900Z"}, "slot", "Nobody calls at that time."),
        ({"outcome": "call_later", "slot": "x'; --"}, "slot", "Nobody calls at that time."),
        ({"outcome": "busy", "note": "n" * 1001}, "note", "The note is too long by 1 character."),
    ],
)
def test_what_cannot_be_recorded_is_said_beside_its_field_and_stays(at_desk, callback, fields, field, words):
    sent = {"note": "They asked for <the green one>", "client_id": client_id(), **fields}

    response = post(at_desk, callback, "record", **sent)
    text = " ".join(response.content.decode().split())

    assert response.status_code == 400
    assert f'id="sc-{field}-error" role="alert">{words}' in text
    assert f'aria-describedby="sc-{field}-error"' in text
    assert ("n" * 1001 if field == "note" else "They asked for &lt;the green one&gt;") in text
    assert (
        fields.get("outcome") in (None, "failed", "nonsense") or f'value="{fields["outcome"]}" required checked' in text
    )
    assert f'value="{sent["client_id"]}"' in text
    assert not CallAttempt.objects.exists()


def test_a_note_for_a_request_that_ended_meanwhile_is_not_lost(at_desk, callback):
    post(at_desk, callback, "cancel")

    response = post(
        at_desk,
        callback,
        "record",
        outcome="talked",
        result="helped",
        note="Wants the green one",
        client_id=client_id(),
    )
    text = response.content.decode()

    assert response.status_code == 409
    assert "Nobody has to be called any more: the request is over." in text
    assert "Wants the green one</textarea>" in text


def test_a_note_for_what_a_colleague_took_is_not_lost(at_desk, callback, boris):
    CallbackRequest.objects.update(assignee=boris)

    response = post(at_desk, callback, "record", outcome="busy", note="Line was busy", client_id=client_id())

    assert response.status_code == 409
    assert "Boris took this request first." in response.content.decode()
    assert "Line was busy</textarea>" in response.content.decode()


def test_an_id_that_was_used_elsewhere_is_replaced(at_desk, callback, boris):
    used = CallAttemptFactory(operator=boris)

    response = post(at_desk, callback, "record", outcome="busy", note="Busy", client_id=used.client_id)

    assert response.status_code == 409
    assert used.client_id not in response.content.decode()
    assert "Busy</textarea>" in response.content.decode()


def test_cancelling(at_desk, callback):
    assert "The request was cancelled." in told(at_desk, post(at_desk, callback, "cancel"))
    assert "the request is over" in told(at_desk, post(at_desk, callback, "cancel"))
    assert "How did the call end?" not in page(at_desk, callback)
    callback.refresh_from_db()
    assert callback.state == "cancelled"


@pytest.mark.parametrize("deed", ["", "explode", "__class__"])
def test_an_unknown_deed_is_refused(at_desk, callback, deed):
    before = CallbackRequest.objects.values().get()

    assert post(at_desk, callback, deed).status_code == 400
    assert CallbackRequest.objects.values().get() == before


def test_a_form_in_another_format_is_refused(at_desk, callback):
    response = at_desk.post(address(callback), {"do": "take"})  # multipart

    assert response.status_code == 415
    callback.refresh_from_db()
    assert callback.assignee is None


def test_times_that_are_free_are_offered(at_desk, callback):
    text = page(at_desk, callback)

    assert 'value="20261126T0900Z">Tomorrow, ' in text
    assert '<optgroup label="Tomorrow">' in text
    CallbackRequest.objects.get().inbox.callback_rules.delete()
    assert "No time is free" in page(at_desk, callback)


def test_history_tells_when_who_how_long_and_what_came_of_it(at_desk, callback, boris):
    CallAttemptFactory(
        request=callback, operator=boris, outcome="talked", result="ordered", note="Two tents", duration_seconds=125
    )
    CallAttemptFactory(request=callback, operator=None, outcome="busy", duration_seconds=3725)
    CallAttemptFactory(request=callback, operator=boris, backend="twilio", progress="ringing")

    text = page(at_desk, callback)

    for words in ("Talked: ordered", "Boris", "2:05", "Two tents", "Busy", "1:02:05", "Under way", "ringing"):
        assert words in text


def test_an_erased_request_dials_nothing(at_desk, callback):
    CallbackRequest.objects.update(phone="", phone_tail="", open_phone=None, name="", about="")

    text = page(at_desk, callback)

    assert "number erased" in text
    assert "tel:" not in text


def ended(outcome, *, days=3, **fields):
    return CallbackRequestFactory(
        state="done", open_phone=None, outcome=outcome, closed_at=NOON - timedelta(days=days), **fields
    )


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("refused", "On Nov. 22, 2026 somebody at this number asked not to be called."),
        ("wrong_number", "On Nov. 22, 2026 it was the wrong number."),
    ],
)
def test_who_asked_not_to_be_called_is_remembered_by_the_number(at_desk, callback, outcome, words):
    before = page(at_desk, callback)
    ended("refused", phone=callback.phone, days=80)
    latest = ended(outcome, phone=callback.phone)

    after, fragment = page(at_desk, callback), at_desk.get(address(callback, "callback_now")).content.decode()

    assert "sc-to-refusal" not in before
    assert words in after
    assert f'<a href="{address(latest)}" id="sc-to-refusal" dir="ltr">{latest.readable_number}</a>' in after
    assert after.count("sc-to-refusal") == 1
    assert words in fragment


def test_the_queue_marks_who_asked_not_to_be_called(at_desk, callback):
    CallbackRequestFactory(due_at=NOON - timedelta(minutes=5))
    queue = reverse("shopchat_desk:callbacks")
    ended("refused")
    ended("talked", phone=callback.phone)
    ended("refused", phone=callback.phone, days=90)
    before = at_desk.get(queue).content.decode()
    ended("wrong_number", phone=callback.phone)

    after = at_desk.get(queue).content.decode()

    assert before.count("sc-chip--refused") == 0
    assert after.count("sc-chip--refused") == 1
    row = after.split(f'data-number="{callback.number}"')[1].split("</li>")[0]
    assert "Read before you call" in row


def test_of_other_calls_nothing_is_said(at_desk, callback):
    ended("refused")
    ended("talked", phone=callback.phone)
    ended("refused", phone=callback.phone, days=90)
    own = ended("refused")
    erased = ended("refused", phone="")
    ended("refused", phone="")

    for request in (callback, own, erased):
        assert "sc-to-refusal" not in page(at_desk, request)


def test_the_page_costs_the_same_whatever_happened(at_desk, callback, django_assert_max_num_queries):
    for _ in range(30):
        CallAttemptFactory(request=callback, operator=OperatorFactory())
        CallbackRequestFactory(contact=callback.contact, assignee=OperatorFactory())
    page(at_desk, callback)

    with django_assert_max_num_queries(30):
        page(at_desk, callback)


def test_a_name_of_the_account_stands_in(at_desk, callback):
    request = CallbackRequestFactory(name="", contact=ContactFactory(signed_in=True))

    assert "Olena Koval" in page(at_desk, request)


def test_where_telephony_calls_the_number_is_not_needed(callback):
    """Who may not see the number has the call made all the same; without telephony there is nothing to press."""
    vira = OperatorFactory(public_name="Vira")
    group = Group.objects.create(name="Helpers")
    group.permissions.set(Permission.objects.filter(codename__in=["access_admin", "answer_conversations"]))
    vira.user.groups.set([group])
    client = signed_in(vira.user)
    assert "You may not see this number." in page(client, callback)
    assert post(client, callback, "ring", client_id=client_id()).status_code == 400

    TelephonyAccount.objects.create(inbox=callback.inbox, backend="twilio", secret="s" * 32)
    text = page(client, callback)
    after = told(client, post(client, callback, "ring", client_id=client_id()))

    assert 'name="do" value="ring"' in text
    assert "You may not see this number." not in text
    assert "enter your own phone or extension in your operator" in after
    assert not any("1234821" in part.replace(" ", "") for part in (text, after))
    attempt = CallAttempt.objects.get()
    assert (attempt.backend, attempt.operator, attempt.progress) == ("twilio", vira, "failed")


def test_whoever_sees_numbers_may_still_dial_by_hand(at_desk, callback):
    TelephonyAccount.objects.create(inbox=callback.inbox, backend="twilio", secret="s" * 32)

    text = page(at_desk, callback)

    assert 'name="do" value="ring"' in text
    assert f'href="tel:{callback.phone}"' in text


def test_what_telephony_says_of_the_call_is_chosen_already(at_desk, callback, anna):
    attempt = CallAttemptFactory(request=callback, operator=anna, backend="twilio", progress="ended", reason="busy")

    text = page(at_desk, callback)

    assert 'value="busy" required checked' in text
    assert "the customer&#x27;s line was busy" in text
    attempt.delete()
    assert " checked" not in page(at_desk, callback).split("sc-outcome-title")[-1]
