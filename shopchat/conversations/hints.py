"""Topics of conversations: what moves when something happens, and how their stamps are read from the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shopchat.conversations.models import Conversation
from shopchat.live.moving import move
from shopchat.live.sources import register_feed, register_source

DESK = "desk"
TYPING_SECONDS = 6
# Far longer than any open transaction, so that a late commit still falls into the window that is summed up.
MOVEMENT_WINDOW = timedelta(minutes=15)


def for_contact(number: str) -> str:
    """The topic of what the customer may see in a conversation."""
    return f"conversation.{number}"


def for_operators(number: str) -> str:
    """The topic of everything in a conversation, notes included."""
    return f"desk-conversation.{number}"


def typing(number: str, *, by: str) -> str:
    """The topic that has a stamp while somebody types. ``by`` is ``visitor`` or ``operator``."""
    return f"typing.{number}.{by}"


def announce(number: str, *, private: bool) -> None:
    """Tell browsers that a conversation moved. Call it inside the transaction; they are told when it commits."""
    topics = [DESK, for_operators(number)]
    if not private:
        topics.append(for_contact(number))
    move(topics)


def register() -> None:
    """Teach the live layer to read our topics from the rows."""
    register_source(DESK, _movement)
    register_source("conversation", _last_seqs)
    register_source("desk-conversation", _last_seqs)
    register_feed(_moved)


def _movement(topics: Sequence[str]) -> Mapping[str, str]:
    stamp = Conversation.objects.movement(within=MOVEMENT_WINDOW)
    return dict.fromkeys(topics, stamp)


def _last_seqs(topics: Sequence[str]) -> Mapping[str, str]:
    numbers = {topic: topic.partition(".")[2] for topic in topics}
    rows = Conversation.objects.filter(number__in=set(numbers.values()))
    seqs = dict(rows.values_list("number", "last_seq"))
    return {topic: str(seqs[number]) for topic, number in numbers.items() if number in seqs}


def _moved(since: datetime) -> Mapping[str, str]:
    """Conversations that moved, and the desk if one did. One query while nothing moves, two when something did."""
    seqs = Conversation.objects.moved_since(since)
    stamps = {topic: str(seq) for number, seq in seqs for topic in (for_contact(number), for_operators(number))}
    return {**stamps, **_movement([DESK])} if stamps else {}
