"""Orders, hand-overs and the outbox over the same touches. Each test says which change of the code it was seen to fail with."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from shopchat.conversations import delivery
from shopchat.conversations.models import Delivery
from shopchat.touches import onsite, planning
from shopchat.touches.handing import _hand_over, hand_over_due
from shopchat.touches.models import Touch
from tests.factories import ContactFactory, TouchFactory
from tests.interleavings.forcing import run_after, run_before
from tests.races import at_once
from tests.touches.conftest import ledger, rules  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger", "rules")]

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def state(touch):
    touch.refresh_from_db()
    return touch.state, touch.reason


def order():
    """An order is placed: part of its own transaction."""
    with transaction.atomic():
        planning.call_off("cart:1", reason="ordered")


class TestCap:
    def test_two_runs_do_not_exceed_it(self):
        """Fails without ``line_up`` where transactions lock rows: neither sees what the other has not committed."""
        # One run is at the first, the other has come to the second.
        contact = ContactFactory()
        first, second = TouchFactory(contact=contact), TouchFactory(contact=contact)
        other = TouchFactory()

        with run_before("shopchat.touches.caps.full_until", lambda: _hand_over(second, NOON), ends=False):
            hand_over_due()

        assert {state(first), state(second)} == {("handed", ""), ("planned", "cap_day")}
        assert state(other) == ("handed", "")

    @pytest.mark.parametrize("is_known", [True, False])
    def test_two_offers_on_the_site_do_not_exceed_it(self, rules, is_known):  # noqa: F811
        """Fails without ``line_up``, for people with a contact and for those without."""
        person = f"contact:{ContactFactory().pk}" if is_known else "ref:b1"

        def show(purpose):
            return lambda: onsite.offer(
                purpose, kind="test", touch_class="marketing", person=person, rule="r", inbox=rules.inbox,
                about=purpose, now=NOON,
            )  # fmt: skip

        with run_before("shopchat.touches.caps.full_until", show("b"), ends=False) as second:
            assert show("a")() is not None

        assert second.result is None
        assert set(Touch.objects.values_list("purpose", "state", "reason")) == {
            ("a", "handed", ""),
            ("b", "planned", "cap_day"),
        }


class TestOrder:
    def test_one_that_is_not_committed_wins_over_the_claim(self, ledger):  # noqa: F811
        """Fails if ``still_wanted`` reads the touch without its lock."""
        touch = TouchFactory(about="cart:1")
        hand_over_due()

        with run_after("shopchat.touches.planning.call_off", delivery.send_due, ends=False):
            order()

        assert state(touch) == ("cancelled", "ordered")
        assert ledger.outbox.texts == []
        assert list(Delivery.objects.values_list("state", "reason")) == [("dropped", "ordered")]

    def test_one_that_comes_during_the_claim_finds_it_sent(self, ledger):  # noqa: F811
        """Fails if ``still_wanted`` does not note that it left: it would be called off, and sent."""
        touch = TouchFactory(about="cart:1")
        hand_over_due()

        with run_before("shopchat.touches.handing.not_reachable", order, ends=False):
            delivery.send_due()

        assert state(touch) == ("handed", "")
        assert ledger.outbox.texts == [touch.purpose]

    def test_one_that_is_not_committed_wins_over_the_hand_over(self):
        """Fails if ``hand_over_due`` believes what it saw when it looked for touches that are due."""
        touch = TouchFactory(about="cart:1")

        with run_after("shopchat.touches.planning.call_off", hand_over_due, ends=False) as second:
            order()

        assert second.result == 0
        assert state(touch) == ("cancelled", "ordered")
        assert not Delivery.objects.exists()

    def test_one_that_comes_during_the_hand_over_stops_the_sending(self, ledger):  # noqa: F811
        """Fails on MariaDB, with a deadlock, if ``call_off`` finds its rows by an index that the hand-over changes."""
        touch = TouchFactory(about="cart:1")

        with run_before("shopchat.touches.handing.settle", order, ends=False):
            hand_over_due()
        delivery.send_due()

        assert state(touch) == ("cancelled", "ordered")
        assert ledger.outbox.texts == []


def test_planned_twice_at_once_is_one_touch(rules):  # noqa: F811
    def plan():
        return planning.plan(
            "a", kind="test", touch_class="help", channel="memory", person="ref:1", rule="r", inbox=rules.inbox,
            due_at=NOON,
        ).pk  # fmt: skip

    made = at_once(*[plan] * 4)

    assert {*made} == {Touch.objects.get().pk}, made


def test_all_runs_at_once_hand_each_over_once(ledger):  # noqa: F811
    touches = [TouchFactory() for _ in range(6)]

    counts = at_once(hand_over_due, hand_over_due, hand_over_due)

    assert sum(counts) == 6, (counts, connection.vendor)
    assert Delivery.objects.count() == 6
    assert {state(touch) for touch in touches} == {("handed", "")}
