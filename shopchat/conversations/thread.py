"""Reading a conversation: the newest page, what came after a cursor, what lies before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shopchat.conversations.models import Conversation, Message
from shopchat.conversations.querysets import MessageQuerySet

PAGE = 40


@dataclass(frozen=True)
class Page:
    """Messages in order. ``cursor`` is where to go on from; ``has_older`` whether something lies before the first."""

    messages: Sequence[Message]
    cursor: int
    has_older: bool = False


def latest(conversation: Conversation, *, private: bool) -> Page:
    """The newest page. ``private`` includes what only operators may see."""
    return _page_back(_messages(conversation, private).before(conversation.last_seq + 1), conversation.last_seq)


def older(conversation: Conversation, *, before: int, private: bool) -> Page:
    """The page that ends just before ``before``."""
    return _page_back(_messages(conversation, private).before(before), conversation.last_seq)


def newer(conversation: Conversation, *, after: int, private: bool) -> Page:
    """Everything after the cursor ``after``. Read ``conversation`` freshly first: its ``last_seq`` is the new cursor."""
    found = _messages(conversation, private).after(after, up_to=conversation.last_seq)
    return Page(list(found), cursor=conversation.last_seq)


def _page_back(newest_first: MessageQuerySet, cursor: int) -> Page:
    found = list(newest_first[: PAGE + 1])
    return Page(found[:PAGE][::-1], cursor=cursor, has_older=len(found) > PAGE)


def _messages(conversation: Conversation, private: bool) -> MessageQuerySet:
    messages = Message.objects.filter(conversation=conversation).select_related("operator")
    return messages if private else messages.visible_to_contact()
