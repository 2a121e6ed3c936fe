"""A conversation as lines on the screen: where a day begins, which bubbles belong together, how far a reply has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from shopchat.conversations.models import Conversation, Message
from shopchat.conversations.thread import Page
from shopchat.operators.models import Operator

TOGETHER = timedelta(minutes=2)
STORED, READ = "stored", "read"


@dataclass(frozen=True)
class Line:
    """A message and what surrounds it. ``new_day`` is set where a day begins; ``tick`` is empty unless it is a reply."""

    message: Message
    new_day: date | None
    is_grouped: bool
    is_mine: bool
    tick: str


def lines(conversation: Conversation, page: Page, *, operator: Operator) -> list[Line]:
    """The page's messages as lines. Looks up what stands before the page, if it does not begin the conversation."""
    return list(_drawn(conversation, page.messages, operator, _standing_before(conversation, page.messages)))


def _standing_before(conversation: Conversation, messages: Sequence[Message]) -> Message | None:
    if not messages or messages[0].seq == 1:
        return None
    return Message.objects.filter(conversation=conversation).before(messages[0].seq).first()


def _drawn(
    conversation: Conversation, messages: Sequence[Message], operator: Operator, previous: Message | None
) -> Iterable[Line]:
    for message in messages:
        day = timezone.localdate(message.created_at)
        begins = previous is None or timezone.localdate(previous.created_at) != day
        yield Line(
            message=message,
            new_day=day if begins or message is messages[0] else None,
            is_grouped=not begins and previous is not None and _belong_together(previous, message),
            is_mine=message.operator_id == operator.pk,
            tick=_tick(conversation, message),
        )
        previous = message


def _belong_together(one: Message, other: Message) -> bool:
    same_voice = (one.kind, one.operator_id) == (other.kind, other.operator_id)
    return same_voice and other.kind != Message.Kind.SYSTEM and other.created_at - one.created_at < TOGETHER


def _tick(conversation: Conversation, message: Message) -> str:
    if message.kind != Message.Kind.REPLY:
        return ""
    return READ if message.seq <= conversation.contact_seen_seq else STORED
