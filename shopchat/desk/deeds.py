"""Taking, releasing, closing, reopening: the buttons above a conversation."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from shopchat.conversations import assignment, closing
from shopchat.conversations.models import Conversation
from shopchat.desk.refusals import Refusal
from shopchat.operators.models import Operator


def take(conversation: Conversation, operator: Operator) -> None:
    """Raises :class:`Refusal` that names the winner when somebody else was faster."""
    try:
        assignment.take(conversation, operator=operator)
    except assignment.AlreadyTaken as error:
        if error.by is None:
            raise Refusal(409, _("Somebody else had this conversation for a moment. Take it again.")) from error
        text = _("%(name)s took this conversation first.") % {"name": error.by.public_name}
        raise Refusal(409, text) from error


def release(conversation: Conversation, operator: Operator) -> None:
    """Raises :class:`Refusal` when it is not this operator's conversation."""
    if not assignment.release(conversation, operator=operator):
        raise Refusal(409, _("This conversation is not yours any more."))


def close(conversation: Conversation, operator: Operator) -> None:
    """Closing what is closed changes nothing."""
    closing.close(conversation, operator=operator)


def reopen(conversation: Conversation, operator: Operator) -> None:
    """Reopening what is open changes nothing."""
    closing.reopen(conversation, operator=operator)


DEEDS: dict[str, Callable[[Conversation, Operator], None]] = {
    "take": take,
    "release": release,
    "close": close,
    "reopen": reopen,
}
