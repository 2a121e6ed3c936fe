"""Messages as lines of the thread. The first page, older ones and new ones are drawn from the same lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from shopchat.conversations.models import Conversation, Message

GROUPED_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True)
class Line:
    """One message. ``follows``: said by the same person right after the line before. ``state``: its tick, if it has one."""

    message: Message
    starts_day: bool
    follows: bool
    state: str


def lines(messages: Sequence[Message], conversation: Conversation) -> list[Line]:
    """The messages, which are in order, as lines."""
    before: Sequence[Message | None] = [None, *messages]
    return [_line(message, previous, conversation) for message, previous in zip(messages, before, strict=False)]


def state_of(message: Message, conversation: Conversation) -> str:
    """``stored``, ``delivered`` (on an operator's screen) or ``read``; empty for what the customer did not write."""
    if message.author != Message.Author.VISITOR:
        return ""
    if message.seq <= conversation.operator_seen_seq:
        return "read"
    return "delivered" if message.seq <= conversation.delivered_seq else "stored"


def _line(message: Message, previous: Message | None, conversation: Conversation) -> Line:
    starts_day = previous is None or _day(previous) != _day(message)
    follows = (
        previous is not None
        and not starts_day
        and (previous.author, previous.operator_id) == (message.author, message.operator_id)
        and message.created_at - previous.created_at < GROUPED_WITHIN
    )
    return Line(message, starts_day, follows, state_of(message, conversation))


def _day(message: Message) -> object:
    return timezone.localdate(message.created_at)
