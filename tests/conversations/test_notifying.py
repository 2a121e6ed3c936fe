"""One door by which operators are told, whatever their ways are."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.channels.known import forget_channel, register_channel
from shopchat.channels.memory import MemoryChannel
from shopchat.conversations import alerts, delivery, notifying
from shopchat.conversations.models import Conversation, Delivery
from tests.factories import ConversationFactory, OperatorFactory, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def pager():
    """A second way, for operators whose public name says so."""
    channel = MemoryChannel()
    register_channel("pager", channel)
    notifying.register_way("pager", lambda operator: "pager" in operator.public_name)
    yield channel
    notifying.forget_way("pager")
    forget_channel("pager")


def keep_waiting():
    conversation = ConversationFactory()
    receive(conversation)
    Conversation.objects.update(waiting_since=timezone.now() - timedelta(minutes=6))
    return conversation


def run():
    alerts.alert_operators()
    return delivery.send_due()


def test_a_second_way_carries_alerts_without_any_change(pager, mailoutbox):
    both = OperatorFactory(public_name="Anna of the pager")
    alone = OperatorFactory(public_name="Boris of the pager", alerts_by_email=False)
    OperatorFactory(public_name="Vera", user__username="vera@example.test")
    conversation = keep_waiting()

    run()
    run()

    assert sorted(outgoing.to for outgoing in pager.sent) == sorted([str(both.pk), str(alone.pk)])
    assert conversation.readable_number in pager.sent[0].subject
    assert len(mailoutbox) == 2
    assert Delivery.objects.filter(state="sent").count() == 4


def test_a_way_that_is_gone_sends_nothing_more(pager):
    OperatorFactory(public_name="Boris of the pager", alerts_by_email=False)
    keep_waiting()
    alerts.alert_operators()
    row = Delivery.objects.get()
    assert alerts.why_not(row) == ""

    notifying.forget_way("pager")
    delivery.send_due()

    row.refresh_from_db()
    assert (row.state, row.reason) == ("dropped", "switched_off")
    assert notifying.address_of(row) == ""


def test_who_was_told_by_one_way_is_not_told_again_by_a_new_one(pager, mailoutbox):
    anna = OperatorFactory(public_name="Anna")
    keep_waiting()
    run()
    type(anna).objects.update(public_name="Anna of the pager")

    run()

    assert (len(mailoutbox), len(pager.sent)) == (1, 0)


def test_one_occasion_makes_one_row_for_each_way(pager):
    both = OperatorFactory(public_name="Anna of the pager")
    told = {"kind": alerts.KIND, "conversation": ConversationFactory()}

    assert notifying.notify(both, purpose="fire:1", **told) == 2
    assert notifying.notify(both, purpose="fire:1", **told) == 2
    assert notifying.notify(both, purpose="fire:2", **told) == 2

    assert sorted(Delivery.objects.values_list("purpose", flat=True)) == [
        "fire:1:email",
        "fire:1:pager",
        "fire:2:email",
        "fire:2:pager",
    ]
    assert notifying.occasion("fire:1:pager", "pager") == "fire:1"


def test_who_has_no_way_is_not_reached(pager):
    nobody = OperatorFactory(public_name="Boris", alerts_by_email=False)
    no_address = OperatorFactory(public_name="Vera", user__email="")

    assert [notifying.can_reach(one) for one in (nobody, no_address, OperatorFactory())] == [False, False, True]
    assert notifying.notify(nobody, kind=alerts.KIND, purpose="fire", conversation=None) == 0
    assert not Delivery.objects.exists()
