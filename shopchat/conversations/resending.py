"""What people do about deliveries that went wrong, and what providers report about those that went right."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shopchat.conversations import events
from shopchat.conversations.claiming import State
from shopchat.conversations.delivery import SEND_DUE
from shopchat.conversations.kinds import kind_of
from shopchat.conversations.models import Delivery
from shopchat.core.jobs import enqueue_later
from shopchat.operators.models import Operator

ENDED_BADLY = (State.FAILED, State.UNCONFIRMED)
# What a report of the provider may raise; a report that comes late lowers nothing.
BELOW = {
    State.DELIVERED: (State.SENDING, State.SENT),
    State.READ: (State.SENDING, State.SENT, State.DELIVERED),
}


def resend(delivery: Delivery, *, operator: Operator) -> bool:
    """Send it again, by hand. The conversation remembers who did. Returns whether it had failed or was unconfirmed."""
    now = timezone.now()
    kind = kind_of(delivery.kind)
    if kind is None:
        return False
    with transaction.atomic():
        again = Delivery.objects.filter(pk=delivery.pk, state__in=ENDED_BADLY).update(
            state=State.QUEUED,
            reason="",
            attempts=0,
            resends=F("resends") + 1,
            due_at=now,
            retry_until=now + kind.retry_for,
            dismissed_at=None,
            updated_at=now,
        )
        if again:
            if delivery.conversation is not None:
                events.record(delivery.conversation, events.RESENT, at=now, operator=operator)
            enqueue_later(SEND_DUE)
    return bool(again)


def dismiss(delivery: Delivery) -> bool:
    """Nobody needs to look at it any more. Returns whether somebody did."""
    now = timezone.now()
    bad = Delivery.objects.needing_a_look().filter(pk=delivery.pk)
    return bool(bad.update(dismissed_at=now, updated_at=now))


def report(*, channel: str, provider_id: str, state: Delivery.State) -> bool:
    """The provider says that it arrived or was read. Returns whether that was news."""
    found = Delivery.objects.filter(channel=channel, provider_id=provider_id, state__in=BELOW[state])
    return bool(provider_id) and bool(
        found.update(state=state, attempt="", lease_until=None, updated_at=timezone.now())
    )
