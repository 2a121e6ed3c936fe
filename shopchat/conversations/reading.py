"""Receipts: how far each side's screen, and each side's eyes, have come. They only move forward."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shopchat.conversations.log import advance
from shopchat.conversations.models import Conversation, Message, Receipt
from shopchat.operators.models import Operator

State = Receipt.State
Reader = Receipt.Reader


def mark_delivered(conversation: Conversation, *, operator: Operator, up_to: int) -> bool:
    """An operator's screen shows everything up to ``up_to``. Returns whether that was news."""
    return _move(conversation, "delivered_seq", up_to, reader=Reader.OPERATOR, state=State.DELIVERED, operator=operator)


def mark_read(conversation: Conversation, *, operator: Operator, up_to: int) -> bool:
    """An operator has read everything up to ``up_to``. Returns whether that was news."""
    mark_delivered(conversation, operator=operator, up_to=up_to)
    return _move(conversation, "operator_seen_seq", up_to, reader=Reader.OPERATOR, state=State.READ, operator=operator)


def mark_seen(conversation: Conversation, *, up_to: int) -> bool:
    """The contact has read everything up to ``up_to``. Returns whether that was news."""
    return _move(conversation, "contact_seen_seq", up_to, reader=Reader.VISITOR, state=State.READ)


def _move(
    conversation: Conversation,
    cursor: str,
    up_to: int,
    *,
    reader: Reader,
    state: State,
    operator: Operator | None = None,
) -> bool:
    """Move one cursor forward if there is something to read between its old and its new place.

    Receipts advance ``last_seq`` themselves, so "read up to the end" said by both sides would answer each other for ever;
    therefore only messages of the other side between the two places make it news.
    """
    now = timezone.now()
    with transaction.atomic():
        if not _has_news(conversation, cursor, up_to, reader):
            return False
        behind = Conversation.objects.filter(pk=conversation.pk, last_seq__gte=up_to, **{f"{cursor}__lt": up_to})
        if not behind.update(**{cursor: up_to}):
            return False
        Receipt.objects.create(
            conversation=conversation,
            seq=advance(conversation, at=now),
            reader=reader,
            state=state,
            up_to=up_to,
            operator=operator,
            created_at=now,
        )
    return True


def _has_news(conversation: Conversation, cursor: str, up_to: int, reader: Reader) -> bool:
    theirs = Message.Kind.REPLY if reader == Reader.VISITOR else Message.Kind.INBOUND
    unread = Message.objects.filter(conversation=conversation, kind=theirs, seq__lte=up_to)
    return unread.filter(seq__gt=F(f"conversation__{cursor}")).exists()
