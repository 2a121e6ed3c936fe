"""Who is typing: a stamp that vanishes by itself and is written nowhere."""

from shopchat.conversations import hints
from shopchat.conversations.models import Conversation
from shopchat.live.moving import end_flash, flash


def started(conversation: Conversation, *, by: str) -> None:
    """``by`` is ``visitor`` or ``operator``. Repeat it every few seconds while the typing goes on."""
    flash(hints.typing(conversation.number, by=by), seconds=hints.TYPING_SECONDS)


def stopped(conversation: Conversation, *, by: str) -> None:
    end_flash(hints.typing(conversation.number, by=by))
