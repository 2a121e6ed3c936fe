"""Many who want the same slot at the same moment, on real connections."""

from datetime import UTC, datetime, timedelta

import pytest

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.slots import SlotFull
from tests.factories import CallbackRequestFactory, CallbackRulesFactory, InboxFactory, OperatorFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
FIRST, SECOND = "20261123T0700Z", "20261123T0730Z"


def booking(rules, value=FIRST):
    """What books a seat for a new request, to be called in a thread of its own."""
    request = CallbackRequestFactory(inbox=rules.inbox)
    seen = slots.find(rules, value, now=NOW)

    def book():
        own = CallbackRules.objects.get(pk=rules.pk)
        slots.book(CallbackRequest.objects.get(pk=request.pk), seen, rules=own, now=NOW)
        return "booked"

    return book


def outcomes(*calls):
    return sorted(result if isinstance(result, str) else type(result).__name__ for result in at_once(*calls))


def overbooked(rules):
    """Moments at which more is promised than can be called."""
    held = list(CallbackRequest.objects.filter(seat__isnull=False))
    return [
        one.slot_at
        for one in held
        if sum(other.slot_at <= one.slot_at < other.slot_until for other in held) > rules.calls_per_operator
    ]


def test_a_slot_is_never_promised_to_more_than_can_be_called():
    OperatorFactory(takes_calls=True)
    rules = CallbackRulesFactory(calls_per_operator=2)

    assert outcomes(*(booking(rules) for _ in range(5))) == ["SlotFull"] * 3 + ["booked"] * 2

    assert sorted(CallbackRequest.objects.exclude(seat=None).values_list("seat", flat=True)) == [1, 2]
    assert overbooked(rules) == []


def test_nor_are_slots_of_two_sites_that_overlap():
    """Here no two rows clash: the long slot begins at another moment than the short one."""
    OperatorFactory(takes_calls=True)
    short = CallbackRulesFactory(calls_per_operator=1)
    long = CallbackRulesFactory(calls_per_operator=1, slot_minutes=60, inbox=InboxFactory(hostname="b.example"))

    assert outcomes(booking(short, SECOND), booking(long, FIRST)) == ["SlotFull", "booked"]

    assert overbooked(short) == []


def test_two_who_move_into_each_others_place_both_get_one():
    OperatorFactory(takes_calls=True)
    rules = CallbackRulesFactory(calls_per_operator=2)
    one, other = CallbackRequestFactory(), CallbackRequestFactory()
    for request, value in ((one, FIRST), (other, SECOND)):
        slots.book(request, slots.find(rules, value, now=NOW), rules=rules, now=NOW)

    def move(pk, value):
        request = CallbackRequest.objects.get(pk=pk)
        slots.book(request, slots.find(rules, value, now=NOW, but=request), rules=CallbackRules.objects.get(), now=NOW)
        return "booked"

    assert outcomes(lambda: move(one.pk, SECOND), lambda: move(other.pk, FIRST)) == ["booked"] * 2

    one.refresh_from_db()
    assert one.slot_at == NOW + timedelta(hours=1, minutes=30)
    assert overbooked(rules) == []


def test_the_last_seat_is_full_for_whoever_comes_later():
    OperatorFactory(takes_calls=True)
    rules = CallbackRulesFactory(calls_per_operator=1)
    first, second = booking(rules), booking(rules)

    first()

    with pytest.raises(SlotFull):
        second()
