"""Closing and reopening. Doing either twice changes nothing."""

from django.db import transaction
from django.utils import timezone

from shopchat.conversations import events
from shopchat.conversations.models import Conversation
from shopchat.operators.models import Operator
from shopchat.signals import conversation_closed

State = Conversation.State


def close(conversation: Conversation, *, operator: Operator) -> bool:
    """The matter is settled; the contact no longer waits. Returns whether it was open."""
    now = timezone.now()
    with transaction.atomic():
        was_open = Conversation.objects.filter(pk=conversation.pk, state=State.OPEN).update(
            state=State.CLOSED, closed_at=now, waiting_since=None, updated_at=now
        )
        if was_open:
            events.record(conversation, events.CLOSED, at=now, operator=operator)
            transaction.on_commit(
                lambda: conversation_closed.send_robust(sender=Conversation, conversation=conversation), robust=True
            )
    return bool(was_open)


def reopen(conversation: Conversation, *, operator: Operator) -> bool:
    """The matter is not settled after all. Returns whether it was closed."""
    now = timezone.now()
    with transaction.atomic():
        was_closed = Conversation.objects.filter(pk=conversation.pk, state=State.CLOSED).update(
            state=State.OPEN, closed_at=None, updated_at=now
        )
        if was_closed:
            events.record(conversation, events.REOPENED, at=now, operator=operator)
    return bool(was_closed)
