"""Two sweeps at once, and an order in the midst of one: on connections of their own."""

import threading
from collections import Counter

import pytest
from django.db import connection, connections, transaction

from shopchat.carts import abandonment, observing, ordering, plans
from shopchat.carts.models import BasketTransition, BasketWatch
from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Placed
from shopchat.touches.models import Touch
from shopchat.touches.planning import plan
from tests.carts.passing import BROWSER, HOUR, MINUTE, NOW, State, put, steps, watch_of
from tests.factories import InboxFactory
from tests.interleavings.forcing import run_before
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LOCKS_ROWS = connection.vendor != "sqlite"


@pytest.fixture(autouse=True)
def _inbox():
    InboxFactory()


@pytest.fixture
def planned():
    """Each basket that is left gets a reminder."""
    told = []

    def remind(watch, now):
        told.append(watch.ref)
        plan(
            f"test:{watch.pk}:{watch.episode}",
            kind="cart_reminder",
            touch_class=Touch.Class.MARKETING,
            channel="email",
            person=f"ref:{watch.ref}",
            rule="test",
            inbox=watch.inbox,
            about=watch.ref,
            due_at=now,
        )

    plans.register_plan(remind)
    yield told
    plans.forget_plan(remind)


def test_two_sweeps_make_one_row_and_one_story(shop, tent, planned):
    told = [put(shop, tent) for _ in range(20)]
    shop._shelf.listeners.clear()
    untold = [put(shop, tent, user_id=str(number)) for number in range(20)]

    done = at_once(*[lambda: abandonment.sweep(NOW + HOUR)] * 2)
    abandonment.sweep(NOW + HOUR)

    assert all(isinstance(one, int) for one in done), done
    assert Counter(BasketWatch.objects.values_list("ref", flat=True)) == Counter(told + untold)
    assert {tuple(steps(ref)) for ref in told + untold} == {(State.IDLE, State.ABANDONED)}
    assert BasketTransition.objects.count() == 80
    assert Touch.objects.count() == 40


def test_two_sweeps_credit_an_order_once(shop, tent):
    refs = [put(shop, tent) for _ in range(10)]
    abandonment.sweep(NOW + HOUR)
    for ref in refs:
        shop.add_order(basket=ref, placed_at=NOW + HOUR)

    at_once(*[lambda: abandonment.sweep(NOW + 2 * HOUR)] * 2)
    abandonment.sweep(NOW + 2 * HOUR)

    assert {tuple(steps(ref)) for ref in refs} == {(State.IDLE, State.ABANDONED, State.ORDERED)}
    assert set(BasketWatch.objects.values_list("how", flat=True)) == {"alone"}


def test_two_who_touch_a_new_basket(shop):
    def touch(minutes):
        return lambda: observing.observer.basket_touched(
            BasketRef("memory:new"), at=NOW + minutes * MINUTE, person=Person("7"), where=BROWSER
        )

    at_once(touch(1), touch(2))

    assert BasketWatch.objects.get().last_activity == NOW + 2 * MINUTE


def test_an_order_in_the_midst_of_a_sweep_waits_and_then_ends_it(shop, tent, planned):
    """Fails if the plans are made outside of the transaction in which the basket becomes left."""
    ref, other = put(shop, tent), put(shop, tent)
    placed = Placed(number="1", placed_at=NOW + HOUR, basket=ref)

    with run_before("shopchat.carts.abandonment.make_plans", lambda: ordering.order_placed(placed), ends=False):
        abandonment.sweep(NOW + HOUR)

    assert watch_of(ref).state == State.ORDERED
    assert set(Touch.objects.about(ref).values_list("state", "reason")) == {("cancelled", "ordered")}
    assert set(Touch.objects.about(other).values_list("state", flat=True)) == {"planned"}


def test_a_basket_that_is_ordered_while_the_sweep_looks_is_not_left(shop, tent, planned):
    """Fails if the sweep believes what it read before."""
    ref, other = put(shop, tent), put(shop, tent)
    abandonment.sweep(NOW + 30 * MINUTE)
    placed = Placed(number="1", placed_at=NOW + 50 * MINUTE, basket=ref)

    with run_before("shopchat.carts.abandonment._abandon", lambda: ordering.order_placed(placed), ends=True):
        abandonment.sweep(NOW + HOUR)

    assert watch_of(ref).state == State.ORDERED
    assert planned == [other]


def test_a_basket_that_is_touched_while_the_sweep_looks_is_not_idle(shop, tent):
    """Fails if only the state is compared."""
    ref = put(shop, tent)

    def touch():
        observing.observer.basket_touched(ref, at=NOW + 29 * MINUTE, person=Person(), where=BROWSER)

    with run_before("shopchat.carts.idling.rules.idle_after", touch, ends=True):
        abandonment.sweep(NOW + 30 * MINUTE)

    assert watch_of(ref).state == State.ACTIVE


def test_a_sweep_does_not_wait_for_a_checkout(shop, tent):
    """Fails if the sweep takes what somebody holds: with two baskets of one customer each could wait for the other."""
    ref, other = put(shop, tent), put(shop, tent)
    placed, may_end = threading.Event(), threading.Event()

    def check_out():
        with transaction.atomic():
            ordering.order_placed(Placed(number="1", placed_at=NOW + HOUR, basket=ref))
            placed.set()
            may_end.wait(20)
        connections.close_all()

    checkout = threading.Thread(target=check_out)
    checkout.start()
    try:
        assert placed.wait(20)
        if not LOCKS_ROWS:  # one writer at a time
            may_end.set()
        abandonment.sweep(NOW + HOUR)
        assert watch_of(other).state == State.ABANDONED
    finally:
        may_end.set()
        checkout.join(20)

    assert watch_of(ref).state == State.ORDERED
