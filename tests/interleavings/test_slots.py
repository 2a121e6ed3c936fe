"""Two who book. Each test says which change of the code it was seen to fail with."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.slots import SlotFull
from tests.factories import CallbackRequestFactory, CallbackRulesFactory, InboxFactory, OperatorFactory
from tests.interleavings.forcing import run_after, run_before

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
# Where a transaction locks all there is, nobody gets in between its first and its last statement.
LOCKS_ROWS = connection.vendor != "sqlite"
FIRST, SECOND = "20261123T0700Z", "20261123T0730Z"


@pytest.fixture
def rules():
    OperatorFactory(takes_calls=True)
    return CallbackRulesFactory(calls_per_operator=1)


def booking(rules, value=FIRST):
    request = CallbackRequestFactory(inbox=rules.inbox)
    slot = slots.find(rules, value, now=NOW)
    return lambda: slots.book(request, slot, rules=CallbackRules.objects.get(pk=rules.pk), now=NOW)


def seats():
    held = CallbackRequest.objects.exclude(seat=None).order_by("slot_at")
    return [(f"{request.slot_at:%H:%M}", request.seat) for request in held]


def test_whoever_looks_while_the_last_seat_is_being_taken_waits_and_finds_none(rules):
    """Fails without ``line_up``: on PostgreSQL and MariaDB both find the seat, and one meets the constraint."""
    mine, theirs = booking(rules), booking(rules)

    with run_before("shopchat.callbacks.slots._lowest_seat", theirs, ends=False) as second:
        mine()

    assert isinstance(second.result, SlotFull)
    assert seats() == [("07:00", 1)]


def test_overlapping_slots_of_two_sites_wait_for_each_other_too(rules):
    """Fails without ``line_up`` where transactions lock rows: no constraint knows that the two overlap."""
    long = CallbackRulesFactory(calls_per_operator=1, slot_minutes=60, inbox=InboxFactory(hostname="b.example"))
    mine, theirs = booking(long), booking(rules, SECOND)

    with run_before("shopchat.callbacks.slots._lowest_seat", theirs, ends=False) as second:
        mine()

    assert isinstance(second.result, SlotFull)
    assert seats() == [("07:00", 1)]


def test_a_slot_that_was_filled_since_it_was_looked_at_is_full(rules):
    """Fails if ``book`` believes the slot that it is given."""
    mine, theirs = booking(rules), booking(rules)

    theirs()

    with pytest.raises(SlotFull):
        mine()
    assert seats() == [("07:00", 1)]


def test_full_is_said_of_what_was_true_then_and_the_seat_is_not_lost(rules):
    """Fails if ``free`` keeps ``slot_at``: the seat would never be taken again."""
    holder, mine = CallbackRequestFactory(), booking(rules)
    slots.book(holder, slots.find(rules, FIRST, now=NOW), rules=rules, now=NOW)

    with (
        run_after("shopchat.callbacks.slots._taken", lambda: slots.free(holder), ends=LOCKS_ROWS) as second,
        pytest.raises(SlotFull),
    ):
        mine()
    mine()

    assert second.result is None
    assert seats() == [("07:00", 1)]
