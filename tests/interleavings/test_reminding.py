"""Orders and reminders of the same basket. Each test says which change of the code it was seen to fail with."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from shopchat.carts import ordering, reminding
from shopchat.carts.models import BasketWatch
from shopchat.conversations import delivery
from shopchat.conversations.models import Delivery
from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Placed
from shopchat.touches.models import Touch
from tests.carts.left import MEMORY, Left
from tests.interleavings.forcing import run_after, run_before
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def left(time_machine):
    time_machine.move_to(NOON, tick=False)
    with override_settings(SHOPCHAT=MEMORY):
        scene = Left()
        scene.hand_over()
        yield scene
        scene.shop.clear()


def order(left):
    """An order is placed: part of its own transaction."""
    placed = Placed(number="1007", placed_at=timezone.now(), basket=BasketRef(left.watch.ref), person=Person())
    with transaction.atomic():
        ordering.order_placed(placed)


def came_of_it(left):
    left.watch.refresh_from_db()
    touch = left.touch()
    return left.watch.state, touch.state, touch.reason, Delivery.objects.get().state, len(mail.outbox)


def test_an_order_that_is_being_committed_wins_over_the_claim(left):
    """Fails if the claim looks at the basket and at the touch without their locks."""
    with run_after("shopchat.carts.ordering.call_off", delivery.send_due, ends=False):
        order(left)

    assert came_of_it(left) == ("ordered", "cancelled", "ordered", "dropped", 0)


def test_an_order_that_has_changed_its_basket_and_not_yet_the_touch_wins_too(left):
    """Fails, with a deadlock, if the claim takes the touch before the basket."""
    with run_before("shopchat.carts.ordering.call_off", delivery.send_due, ends=False):
        order(left)

    assert came_of_it(left) == ("ordered", "cancelled", "ordered", "dropped", 0)


def test_an_order_that_comes_while_the_claim_is_decided_finds_it_sent(left):
    """Fails if the claim does not hold the basket: it would be written to and ordered in no order."""
    with run_before("shopchat.carts.reminding._without_calm", lambda: order(left), ends=False):
        delivery.send_due()

    assert came_of_it(left) == ("ordered", "handed", "", "sent", 1)
    assert BasketWatch.objects.get().contacted_at is not None


def test_workers_beside_each_other_send_one_mail(left):
    at_once(delivery.send_due, delivery.send_due, left.hand_over)

    assert len(mail.outbox) == 1
    assert Touch.objects.filter(state="handed").count() == 1


def test_an_order_does_not_wait_while_the_shop_is_asked_and_wins(left):
    """Fails, because the order waits, if the shop is asked in the claim; a mail leaves if the claim believes its answer alone."""
    with run_before("shopchat.carts.reminding.ask_shop", lambda: order(left), ends=True):
        delivery.send_due()

    assert came_of_it(left) == ("ordered", "cancelled", "ordered", "dropped", 0)


def test_an_answer_of_the_shop_that_has_become_old_is_asked_for_again(left, monkeypatch):
    """An order of which nobody told us, while the claim waited for a lock. A mail leaves if the first answer is believed."""
    monkeypatch.setattr(reminding, "FRESH_SECONDS", -1.0)

    with run_after("shopchat.carts.reminding.ask_shop", lambda: left.shop.add_order(basket=left.watch.ref), ends=True):
        delivery.send_due()

    assert came_of_it(left)[1:] == ("dropped", "ordered", "dropped", 0)


def test_the_shop_is_asked_once_for_each_mail_and_with_nothing_locked(left, monkeypatch):
    asked = []
    real = reminding.ask_shop

    def listening(*question):
        asked.append(connection.in_atomic_block)
        return real(*question)

    monkeypatch.setattr(reminding, "ask_shop", listening)
    monkeypatch.setattr(reminding, "FRESH_SECONDS", 1000.0)

    delivery.send_due()

    assert (len(mail.outbox), asked) == (1, [False])
