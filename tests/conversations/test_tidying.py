"""Deliveries that are over are forgotten in time, and nothing is sent again for it."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from shopchat.conversations import mailing, tidying
from shopchat.conversations.models import Delivery
from shopchat.conversations.tidying import KEPT_FOR, forget_finished
from tests.factories import ConversationFactory, DeliveryFactory, IdentityFactory

pytestmark = pytest.mark.django_db


def long_ago():
    return timezone.now() - KEPT_FOR - timedelta(hours=1)


@pytest.mark.parametrize("state", ["sent", "delivered", "read", "dropped", "failed", "unconfirmed"])
def test_what_is_over_is_forgotten_in_time(state):
    old = DeliveryFactory(state=state, due_at=long_ago(), dismissed_at=timezone.now())
    fresh = DeliveryFactory(state=state, dismissed_at=timezone.now())

    assert forget_finished() == 1

    assert not Delivery.objects.filter(pk=old.pk).exists()
    assert Delivery.objects.filter(pk=fresh.pk).exists()


@pytest.mark.parametrize("state", ["queued", "sending", "failed", "unconfirmed"])
def test_what_is_not_over_stays_however_old_it_is(state):
    row, over = (DeliveryFactory(state=state, due_at=long_ago()) for state in (state, "sent"))

    assert forget_finished() == 1

    assert list(Delivery.objects.all()) == [row]
    assert not Delivery.objects.filter(pk=over.pk).exists()


def test_one_run_forgets_a_bounded_number(monkeypatch):
    monkeypatch.setattr(tidying, "BATCH", 2)
    for _ in range(3):
        DeliveryFactory(state="sent", due_at=long_ago())

    assert [forget_finished() for _ in range(3)] == [2, 1, 0]


@override_settings(SHOPCHAT={"RATE_LIMITS": {"confirmation_mails": "1/year"}})
def test_a_mail_that_still_counts_is_not_forgotten():
    conversation = ConversationFactory()
    identity = IdentityFactory(contact=conversation.contact, verified_at=None)
    assert mailing.ask_to_confirm(identity, conversation)
    Delivery.objects.update(state="sent", due_at=long_ago(), created_at=long_ago())

    assert forget_finished() == 0
    assert not mailing.ask_to_confirm(identity, conversation)

    Delivery.objects.update(due_at=long_ago() - timedelta(days=365), created_at=long_ago() - timedelta(days=365))
    assert forget_finished() == 1
    assert mailing.ask_to_confirm(identity, conversation)
