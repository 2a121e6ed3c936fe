"""An order ends everything, wherever it comes from; afterwards it is said to whom it is owed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat import signals
from shopchat.carts import observing, ordering, states
from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketTransition, BasketWatch, RecoveryLink
from shopchat.carts.stories import story
from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Placed
from shopchat.touches.models import Touch
from tests.carts.left import euros
from tests.carts.passing import BROWSER, DAY, HOUR, MINUTE, NOW, State, leave, put, steps, watch_of
from tests.carts.test_observing import statements
from tests.factories import ContactFactory, IdentityFactory

pytestmark = pytest.mark.django_db
How = BasketWatch.How
LATER = NOW + 2 * HOUR


@pytest.fixture
def silence(shop):
    return shop._shelf.listeners.clear


def test_the_baskets_own_order(shop, tent):
    ref, other = leave(shop, tent), leave(shop, tent)

    order = shop.add_order(basket=ref, placed_at=LATER, total=euros("398.00"))

    watch = watch_of(ref)
    assert (watch.state, watch.reason, watch.order_number) == (State.ORDERED, "", order.number)
    assert (watch.ordered_at, watch.order_total, watch.order_currency) == (LATER, Decimal("398.00"), "EUR")
    assert watch_of(other).state == State.ABANDONED


class TestWhose:
    """Any order of the same person ends what is left of theirs, and nothing of anybody else."""

    def test_of_the_same_account(self, shop, tent):
        ref, other = leave(shop, tent, user_id="7"), leave(shop, tent, user_id="8")

        order = shop.add_order(user_id="7", placed_at=LATER)

        assert (watch_of(ref).state, watch_of(ref).reason) == (State.ORDERED, ordering.ELSEWHERE)
        assert watch_of(ref).order_number == order.number
        assert watch_of(other).state == State.ABANDONED

    def test_of_a_guest_with_the_same_address(self, shop, tent):
        ref, other = leave(shop, tent), leave(shop, tent)
        shop.type_email(ref, "Olena@mail.example")
        shop.type_email(other, "taras@mail.example")

        shop.add_order(email="olena@mail.example", placed_at=LATER)

        assert watch_of(ref).state == State.ORDERED
        assert watch_of(other).state == State.ABANDONED

    def test_of_whoever_proved_the_address_to_us(self, shop, tent):
        proven, claimed = put(shop, tent), put(shop, tent)
        IdentityFactory(contact=ContactFactory(basket_ref=proven), value="olena@mail.example")
        IdentityFactory(contact=ContactFactory(basket_ref=claimed), value="olena@mail.example", verified_at=None)
        sweep(NOW + HOUR)

        shop.add_order(email="OLENA@mail.example", placed_at=LATER)

        assert watch_of(proven).state == State.ORDERED
        assert watch_of(claimed).state == State.ABANDONED

    def test_of_whoever_got_the_lines_by_a_link(self, shop, tent):
        ref, restored, other = leave(shop, tent), put(shop, tent, at=LATER), leave(shop, tent)
        link(watch_of(ref), restored)
        link(watch_of(other), "memory:elsewhere")

        shop.add_order(basket=restored, placed_at=LATER)

        assert watch_of(ref).state == watch_of(restored).state == State.ORDERED
        assert watch_of(other).state == State.ABANDONED

    def test_nothing_that_was_changed_after_the_order(self, shop, tent):
        ref = put(shop, tent, user_id="7", at=LATER + MINUTE)

        shop.add_order(user_id="7", placed_at=LATER)

        assert watch_of(ref).state == State.ACTIVE

    def test_a_basket_that_goes_on_after_an_order_elsewhere(self, shop, tent):
        ref = leave(shop, tent, user_id="7")
        shop.add_order(user_id="7", placed_at=LATER)

        shop.change(ref, [shop.line(tent, 3)], at=LATER + MINUTE, where=BROWSER)

        assert (watch_of(ref).state, watch_of(ref).episode) == (State.ACTIVE, 2)

    @pytest.mark.parametrize("state", [State.EXPIRED, State.EMPTIED])
    def test_what_is_over_is_ended_by_its_own_order_alone(self, shop, tent, state):
        ref = leave(shop, tent, user_id="7")
        states.move(watch_of(ref), state, at=NOW)

        shop.add_order(user_id="7", placed_at=LATER)
        before = watch_of(ref).state
        shop.add_order(basket=ref, placed_at=LATER)

        assert (before, watch_of(ref).state) == (state, State.ORDERED)


class TestAtOnce:
    def test_what_is_planned_is_called_off_with_the_order(self, shop, left):
        ref, other = left.watch.ref, left.leave(contact=None, plan=False)
        observing.connect()
        now = timezone.now()

        order = shop.add_order(basket=BasketRef(ref), placed_at=now)

        called_off = Touch.objects.about(ref)
        assert set(called_off.values_list("state", "reason")) == {("cancelled", "ordered")}
        assert called_off[0].details == {"order": order.number, "at": now.isoformat()}
        assert watch_of(other.ref).state == State.ABANDONED

    def test_it_costs_three_queries_whatever_there_is(self, shop, left):
        observing.connect()
        for hours in range(2, 12):
            left.leave(user_id_text="7", hours_ago=hours)
        placed = Placed(
            number="1",
            placed_at=timezone.now(),
            basket=BasketRef(left.watch.ref),
            person=Person("7", "olena@mail.example"),
            total=euros("1.00"),
        )

        with CaptureQueriesContext(connection) as captured:
            observing.observer.order_placed(placed)

        assert len(statements(captured)) == 3
        assert len(captured) == 5  # and one savepoint, so that an error of ours is not one of the shop's
        assert BasketWatch.objects.filter(state=State.ORDERED).count() == 11
        assert not Touch.objects.planned().exists()

    def test_it_costs_one_where_there_is_nothing(self, shop):
        with CaptureQueriesContext(connection) as captured:
            shop.add_order(user_id="7", email="olena@mail.example", placed_at=NOW)

        assert len(statements(captured)) == 1

    def test_an_order_that_is_told_twice_is_one(self, shop, tent):
        ref = leave(shop, tent)
        placed = Placed(number="1", placed_at=LATER, basket=ref)

        assert [ordering.order_placed(placed), ordering.order_placed(placed)] == [1, 0]

    def test_an_order_of_nobody_ends_nothing(self, shop, tent):
        ref = leave(shop, tent)

        assert ordering.order_placed(Placed(number="1", placed_at=LATER)) == 0

        assert watch_of(ref).state == State.ABANDONED


class TestThatNobodyTold:
    """Made by SQL, in bulk, or while nobody listened."""

    def test_orders_are_found_by_the_next_run(self, shop, tent, silence):
        ref, theirs, other = leave(shop, tent), leave(shop, tent, user_id="7"), leave(shop, tent)
        silence()
        number = shop.add_order(basket=ref, placed_at=LATER).number
        shop.add_order(user_id="7", placed_at=LATER + MINUTE)

        sweep(LATER + 5 * MINUTE)

        assert watch_of(ref).order_number == number
        assert watch_of(theirs).state == State.ORDERED
        assert watch_of(other).state == State.ABANDONED

    def test_one_in_time_keeps_the_basket_from_being_left(self, shop, tent, silence):
        ref = put(shop, tent, user_id="7")
        silence()
        shop.add_order(user_id="7", placed_at=NOW + 50 * MINUTE)

        sweep(LATER)

        assert steps(ref) == [State.ORDERED]
        assert (watch_of(ref).abandoned_at, watch_of(ref).how) == (None, "")

    def test_pages_are_read_to_the_end(self, shop, tent, silence, monkeypatch):
        monkeypatch.setattr("shopchat.carts.bookkeeping.BATCH", 2)
        refs = [leave(shop, tent) for _ in range(5)]
        silence()
        for ref in refs:
            shop.add_order(basket=ref, placed_at=LATER)

        sweep(LATER + MINUTE)

        assert BasketWatch.objects.filter(state=State.ORDERED).count() == 5


def link(watch, into="", *, at=LATER):
    return RecoveryLink.objects.create(
        watch=watch,
        episode=1,
        purpose="mail",
        token_hash=f"of {watch.pk} {into}",
        created_at=at,
        expires_at=at + DAY,
        restored_into=into,
    )


class TestCredit:
    @pytest.mark.parametrize(
        ("had", "how"),
        [
            ({}, How.ALONE),
            ({"contacted_at": NOW + HOUR}, How.ASSISTED),
            ({"contacted_at": NOW - 10 * DAY}, How.ALONE),
            ({"helped_at": NOW + HOUR}, How.ASSISTED),
            ({"restored_at": NOW + 90 * MINUTE, "contacted_at": NOW + HOUR}, How.LINK),
        ],
    )
    def test_of_an_order_of_a_basket_that_was_left(self, shop, tent, had, how):
        ref = leave(shop, tent)
        BasketWatch.objects.update(**had)

        order = shop.add_order(basket=ref, placed_at=LATER)
        sweep(LATER)

        assert watch_of(ref).how == how
        assert steps(ref) == [State.IDLE, State.ABANDONED, State.ORDERED]
        line = BasketTransition.objects.get(to_state=State.ORDERED)
        assert (line.from_state, line.at) == (State.ABANDONED, LATER)
        assert line.details == {"order": order.number, "how": how}

    def test_an_order_before_it_was_left_is_no_recovery(self, shop, tent, silence):
        ref = leave(shop, tent, user_id="7")
        silence()
        shop.add_order(user_id="7", placed_at=NOW + 50 * MINUTE)

        sweep(LATER)

        assert (watch_of(ref).state, watch_of(ref).how, watch_of(ref).abandoned_at) == (State.ORDERED, "", None)

    def test_neither_is_one_of_a_basket_that_never_was(self, shop, tent):
        ref = put(shop, tent)
        shop.add_order(basket=ref, placed_at=NOW + MINUTE)

        sweep(LATER)

        assert (watch_of(ref).how, steps(ref)) == ("", [State.ORDERED])

    def test_an_order_is_counted_once(self, shop, tent):
        old, newer = leave(shop, tent, user_id="7", at=NOW - 3 * HOUR), leave(shop, tent, user_id="7")
        BasketWatch.objects.filter(ref=old).update(contacted_at=NOW)

        shop.add_order(user_id="7", placed_at=LATER)
        sweep(LATER)

        assert (watch_of(old).how, watch_of(newer).how) == (How.ASSISTED, "")

    def test_it_is_counted_once_however_often_it_is_looked_at(self, shop, tent, django_capture_on_commit_callbacks):
        told = []
        receiver = signals.cart_recovered.connect(lambda sender, watch, **_: told.append(watch.how), weak=False)
        ref = leave(shop, tent)
        shop.add_order(basket=ref, placed_at=LATER)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                for days in range(4):
                    sweep(LATER + days * DAY)
        finally:
            signals.cart_recovered.disconnect(receiver)

        assert told == [How.ALONE]
        assert steps(ref).count(State.ORDERED) == 1

    def test_what_is_cancelled_later_is_noted(self, shop, tent):
        refs = [leave(shop, tent), leave(shop, tent)]
        orders = [shop.add_order(basket=ref, placed_at=LATER) for ref in refs]
        sweep(LATER)
        shop.cancel_order(orders[0].number)

        sweep(LATER + 25 * HOUR)

        assert watch_of(refs[0]).order_cancelled_at == LATER + 25 * HOUR
        assert watch_of(refs[1]).order_cancelled_at is None
        assert watch_of(refs[0]).look_at is None

    def test_nobody_looks_for_ever(self, shop, tent):
        ref = leave(shop, tent)
        shop.add_order(basket=ref, placed_at=LATER)

        for days in range(0, 70, 7):
            sweep(LATER + timedelta(days=days))

        assert watch_of(ref).look_at is None


class TestMerging:
    def test_the_winner_inherits_the_story(self, shop, tent):
        old, new = leave(shop, tent), put(shop, tent, user_id="7", at=LATER, where=BROWSER)
        shop.type_email(old, "olena@mail.example")
        BasketWatch.objects.filter(ref=old).update(contacted_at=NOW + HOUR)

        shop.merge(old, new, at=LATER + MINUTE)

        loser, winner = watch_of(old), watch_of(new)
        assert (loser.state, loser.merged_into, loser.look_at) == (State.MERGED, new, None)
        assert (winner.abandoned_at, winner.contacted_at) == (NOW + HOUR, NOW + HOUR)
        assert (winner.email_hash, winner.user_id_text) == (loser.email_hash, "7")
        assert loser.lines  # links keep working
        assert winner.state == State.ACTIVE

    def test_in_the_other_direction(self, shop, tent):
        """The account's basket goes over to the one that the browser had."""
        old, new = leave(shop, tent, user_id="7"), put(shop, tent, at=LATER)

        shop.merge(old, new, at=LATER + MINUTE)

        assert (watch_of(new).user_id_text, watch_of(new).abandoned_at) == ("7", NOW + HOUR)

    def test_into_one_that_nobody_watches(self, shop, tent):
        old = leave(shop, tent)
        new = shop.add_basket([], user_id="7")
        BasketWatch.objects.filter(ref=new).delete()

        shop.merge(old, new, at=LATER)

        assert watch_of(new).abandoned_at == NOW + HOUR

    def test_the_winners_order_is_the_recovery(self, shop, tent):
        old, new = leave(shop, tent), put(shop, tent, user_id="7", at=LATER)
        BasketWatch.objects.filter(ref=old).update(contacted_at=NOW + HOUR)
        shop.merge(old, new, at=LATER)

        shop.add_order(basket=new, placed_at=LATER + MINUTE)
        sweep(LATER + HOUR)

        assert (watch_of(new).how, watch_of(old).how) == (How.ASSISTED, "")
        assert watch_of(old).state == State.MERGED

    def test_what_was_planned_about_the_loser_is_called_off(self, shop, left):
        observing.connect()
        new = shop.add_basket([shop.line(left.tent)], user_id="7", where=BROWSER)

        shop.merge(BasketRef(left.watch.ref), new)

        assert set(Touch.objects.about(left.watch.ref).values_list("state", "reason")) == {("cancelled", "merged")}

    def test_a_chain_of_merges(self, shop, tent):
        first, second, third = leave(shop, tent), put(shop, tent, at=LATER), put(shop, tent, at=LATER)

        shop.merge(first, second, at=LATER)
        shop.merge(second, third, at=LATER)
        observing.observer.basket_merged(first, third)  # told again

        assert watch_of(third).abandoned_at == NOW + HOUR
        assert watch_of(first).merged_into == second


class TestStory:
    def test_it_says_why_nothing_was_sent(self, shop, left):
        observing.connect()
        order = shop.add_order(basket=BasketRef(left.watch.ref), placed_at=timezone.now())

        words = [line.words for line in story(watch_of(left.watch.ref))]

        assert words[0] == "first seen"
        assert f"ordered: order {order.number}" in words
        assert any("not sent: ordered" in line and f"order {order.number}" in line for line in words)

    def test_the_order_stands_there_once(self, shop, tent):
        ref = leave(shop, tent)
        number = shop.add_order(basket=ref, placed_at=LATER).number
        before = [line.words for line in story(watch_of(ref))]

        sweep(LATER)

        after = [line.words for line in story(watch_of(ref))]
        assert before == ["first seen", "not touched for a while", "left", f"ordered: order {number}"]
        assert after == [*before[:-1], f"ordered: order {number}, without us"]
