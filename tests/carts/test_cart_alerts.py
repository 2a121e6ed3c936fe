"""Operators hear of a customer who could not pay, once an episode, and nothing of who that is."""

import pytest
from django.core import mail

from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketWatch
from shopchat.conversations import delivery
from shopchat.conversations.models import Delivery
from shopchat.touches.models import Touch
from tests.carts.passing import MINUTE, NOW, put, watch_of
from tests.factories import OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return OperatorFactory(user__email="anna@shop.example")


@pytest.fixture
def declined(shop, tent, anna):
    ref = put(shop, tent, user_id=str(UserFactory(first_name="Olena", email="olena@mail.example").pk))
    shop.type_email(ref, "olena@mail.example")
    shop.pay(ref, at=NOW)
    shop.fail(ref, at=NOW + MINUTE)
    return ref


def test_they_are_told_where_it_is_and_nothing_of_the_customer(declined):
    sweep(NOW + 2 * MINUTE)
    delivery.send_due()

    (sent,) = mail.outbox
    assert sent.to == ["anna@shop.example"]
    assert f"/carts/{watch_of(declined).pk}/" in sent.body
    assert "declined" in sent.body
    assert "olena" not in f"{sent.subject} {sent.body}".lower()
    assert not Touch.objects.exists()


def test_once_an_episode(declined, shop, tent):
    sweep(NOW + 2 * MINUTE)
    shop.pay(declined, at=NOW + 3 * MINUTE)
    shop.fail(declined, at=NOW + 4 * MINUTE)
    sweep(NOW + 5 * MINUTE)
    before = Delivery.objects.count()

    shop.change(declined, [shop.line(tent)], at=NOW + 6 * MINUTE)
    shop.pay(declined, at=NOW + 7 * MINUTE)
    shop.fail(declined, at=NOW + 8 * MINUTE)
    sweep(NOW + 9 * MINUTE)

    assert (before, Delivery.objects.count()) == (1, 2)


def test_whoever_paid_meanwhile_needs_no_help(declined, shop):
    sweep(NOW + 2 * MINUTE)
    shop.add_order(basket=declined, placed_at=NOW + 3 * MINUTE)

    delivery.send_due()

    assert not mail.outbox
    assert Delivery.objects.get().reason == "over"


def test_whom_another_helps_already(declined):
    sweep(NOW + 2 * MINUTE)
    BasketWatch.objects.update(helped_by=OperatorFactory())

    delivery.send_due()

    assert Delivery.objects.get().reason == "taken"
