"""Two at once, as they come: who is first is the database's business, and what comes out is the same."""

import pytest
from django.db import connection

from shopchat.callbacks import changing, happenings
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.refusing import NotWaiting, NumberWaits, Rejected
from shopchat.callbacks.requesting import Requested
from shopchat.conversations.models import Conversation, Message
from tests.callbacks.asking import FIRST, NOW, SECOND, ask, shop, wish
from tests.factories import ContactFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_monday(time_machine):
    time_machine.move_to(NOW, tick=False)


def kinds(results):
    return sorted(type(result).__name__ for result in results)


def events():
    return sorted(Message.objects.values_list("event", flat=True))


def test_the_same_number_from_two_browsers_waits_once():
    rules = shop()
    contacts = [ContactFactory() for _ in range(3)]

    results = at_once(*[lambda contact=contact: ask(contact, rules) for contact in contacts])

    assert kinds(results) == ["Rejected", "Rejected", "Requested"]
    assert [set(result.errors) for result in results if isinstance(result, Rejected)] == [{"phone"}] * 2
    assert CallbackRequest.objects.count() == 1
    # Whoever was refused has no empty conversation either.
    assert Conversation.objects.count() == 1
    assert events() == [happenings.ASKED]


def test_a_double_click_is_one_request():
    rules, contact = shop(seats=1), ContactFactory()
    form = wish(rules)

    results = at_once(*[lambda: ask(contact, rules, form)] * 4)

    assert kinds(results) == ["Requested"] * 4
    assert sorted(result.created for result in results) == [False, False, False, True]
    assert {result.request.pk for result in results} == {CallbackRequest.objects.get().pk}
    assert events() == [happenings.ASKED]


def test_two_tabs_ask_which_of_them_is_meant():
    rules, contact = shop(), ContactFactory()

    results = at_once(lambda: ask(contact, rules), lambda: ask(contact, rules, slot=SECOND))

    assert kinds(results) == ["NumberWaits", "Requested"]
    waits = next(result for result in results if isinstance(result, NumberWaits))
    assert waits.request == CallbackRequest.objects.get()


def test_the_last_seat_is_promised_once():
    rules = shop(seats=1)
    contacts = [(ContactFactory(), f"050123456{n}") for n in range(4)]

    results = at_once(*[lambda c=contact, p=phone: ask(c, rules, phone=p) for contact, phone in contacts])

    assert kinds(results) == ["Rejected", "Rejected", "Rejected", "Requested"]
    assert {result.free.value for result in results if isinstance(result, Rejected)} == {SECOND}
    assert CallbackRequest.objects.count() == 1


def test_right_away_is_promised_once():
    rules = shop(at_the_desk=True, seats=1)
    contacts = [(ContactFactory(), f"050123456{n}") for n in range(3)]

    results = at_once(*[lambda c=contact, p=phone: ask(c, rules, phone=p, slot="") for contact, phone in contacts])

    assert kinds(results) == ["Rejected", "Rejected", "Requested"]
    assert CallbackRequest.objects.get().is_asap


def test_a_confirmed_change_sent_twice_is_one_change():
    rules, contact = shop(), ContactFactory()
    ask(contact, rules)
    with pytest.raises(NumberWaits) as waits:
        ask(contact, rules, slot=SECOND)
    form = wish(rules, slot=SECOND, replace=waits.value.replace)

    results = at_once(*[lambda: ask(contact, rules, form)] * 3)

    assert sorted(result.changed for result in results) == [False, False, True]
    assert events() == [happenings.ASKED, happenings.MOVED]


def test_calling_off_twice_is_told_to_one():
    request = ask(ContactFactory(), shop()).request

    results = at_once(*[lambda: changing.cancel(CallbackRequest.objects.get(pk=request.pk))] * 3)

    assert kinds(results) == ["CallbackRequest", "NotWaiting", "NotWaiting"]
    assert events() == [happenings.ASKED, happenings.CANCELLED]


def test_moving_and_calling_off_leave_no_seat_behind():
    rules = shop()
    request = ask(ContactFactory(), rules).request

    moved, off = at_once(
        lambda: changing.move(CallbackRequest.objects.get(pk=request.pk), SECOND, now=NOW),
        lambda: changing.cancel(CallbackRequest.objects.get(pk=request.pk), now=NOW),
    )

    assert isinstance(off, CallbackRequest)
    assert isinstance(moved, CallbackRequest | NotWaiting)
    stored = CallbackRequest.objects.get()
    assert (stored.state, stored.seat, stored.slot_at) == ("cancelled", None, None)


def test_two_requests_that_trade_their_seats_do_not_wait_for_each_other():
    rules = shop(seats=1)
    one = ask(ContactFactory(), rules).request
    other = ask(ContactFactory(), rules, phone="0671234567", slot=SECOND).request

    results = at_once(lambda: changing.move(one, SECOND, now=NOW), lambda: changing.move(other, FIRST, now=NOW))

    assert kinds(results) == ["Rejected", "Rejected"]
    assert connection.is_usable()


def test_a_new_request_and_a_move_want_the_same_seat():
    rules = shop(seats=1)
    one = ask(ContactFactory(), rules).request
    other = ContactFactory()

    results = at_once(
        lambda: changing.move(one, SECOND, now=NOW), lambda: ask(other, rules, phone="0671234567", slot=SECOND)
    )

    assert "Rejected" in kinds(results)
    assert [type(result) in {CallbackRequest, Requested} for result in results].count(True) == 1
    seats = list(CallbackRequest.objects.values_list("slot_at", "seat"))
    assert len(seats) == len(set(seats))
