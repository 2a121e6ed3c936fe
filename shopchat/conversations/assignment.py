"""Taking and releasing: of two operators at once, the database lets one win."""

from django.db import transaction
from django.utils import timezone

from shopchat.conversations import events
from shopchat.conversations.models import Conversation
from shopchat.operators.models import Operator


class AlreadyTaken(Exception):
    """Somebody else was faster. ``by`` is the operator who has the conversation, or ``None`` if they just left it."""

    def __init__(self, by: Operator | None):
        super().__init__()
        self.by = by


def take(conversation: Conversation, *, operator: Operator) -> None:
    """The operator answers this one from now on; taking one's own again changes nothing. Raises :class:`AlreadyTaken`."""
    now = timezone.now()
    with transaction.atomic():
        won = Conversation.objects.filter(pk=conversation.pk, assignee=None).update(assignee=operator, updated_at=now)
        if won:
            events.record(conversation, events.TAKEN, at=now, operator=operator)
            return
    conversation.refresh_from_db(fields=["assignee"])
    if conversation.assignee != operator:
        raise AlreadyTaken(conversation.assignee)


def release(conversation: Conversation, *, operator: Operator) -> bool:
    """Back to the queue, if it is this operator's. Returns whether it was."""
    now = timezone.now()
    with transaction.atomic():
        held = Conversation.objects.filter(pk=conversation.pk, assignee=operator).update(assignee=None, updated_at=now)
        if held:
            events.record(conversation, events.RELEASED, at=now, operator=operator)
    return bool(held)
