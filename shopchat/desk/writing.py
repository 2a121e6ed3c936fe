"""What an operator sends from the desk, from the posted fields to the stored message."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.conf import settings
from shopchat.conversations import posting, typing
from shopchat.conversations.models import Conversation
from shopchat.conversations.texts import InvalidMessage, clean_client_id, clean_text
from shopchat.core.ratelimits import RateLimited, hit
from shopchat.desk.refusals import Refusal
from shopchat.operators.models import Operator

REPLY, NOTE = KINDS = ("reply", "note")


def write(conversation: Conversation, operator: Operator, fields: Mapping[str, str]) -> posting.Posted:
    """Store a reply or a private note. Raises :class:`Refusal`."""
    kind = fields.get("kind", "")
    if kind not in KINDS:
        raise Refusal(400, _("The message could not be sent. Please reload the page and try again."))
    _limit(operator)
    try:
        text, client_id = clean_text(fields.get("text", "")), clean_client_id(fields.get("client_id", ""))
        return _post(conversation, operator, kind, text, client_id)
    except InvalidMessage as error:
        raise Refusal(400, str(error)) from error
    except posting.ClientIdReused as error:
        raise Refusal(409, _("Another message was sent in place of this one. Send it again.")) from error


def _limit(operator: Operator) -> None:
    try:
        hit(settings.RATE_LIMITS["operator_messages"], "operator", str(operator.pk))
    except RateLimited as error:
        seconds = error.retry_after
        text = ngettext(
            "Too many messages at once. You can go on in %(count)s second.",
            "Too many messages at once. You can go on in %(count)s seconds.",
            seconds,
        )
        raise Refusal(429, text % {"count": seconds}, retry_after=seconds) from error


def _post(conversation: Conversation, operator: Operator, kind: str, text: str, client_id: str) -> posting.Posted:
    if kind == NOTE:
        return posting.note(conversation, operator=operator, text=text, client_id=client_id)
    typing.stopped(conversation, by="operator")
    return posting.reply(conversation, operator=operator, text=text, client_id=client_id)
