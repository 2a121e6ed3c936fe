"""Mails about a request to the customer who made it: the time was noted, nobody answered, a promise was missed.

Only to an address that is proven to be theirs and takes mail. The mail names the request by its number and the time; it
repeats nothing that anybody wrote. Right before it leaves the request is looked at again: whoever asked for another time
meanwhile gets no mail about the old one, and whoever came back to it one mail and not two.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from shopchat.callbacks import links, moments
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.channels.base import Outgoing
from shopchat.channels.known import EMAIL
from shopchat.contacts.confirming import stop_token
from shopchat.contacts.models import Identity
from shopchat.conversations.delivery import enqueue
from shopchat.conversations.kinds import Kind, register_kind
from shopchat.conversations.letters import letter
from shopchat.conversations.models import Delivery, Message
from shopchat.inboxes.links import can_link, link, shop_name

CONFIRMED, UNREACHED, MISSED = "callback_confirmed", "callback_unreached", "callback_missed"
OVER = "over"
# The lines that a confirmation goes with: the latest one is confirmed.
ASKED, MOVED = "callback_asked", "callback_moved"


def register() -> None:
    """Teach the outbox these kinds. Somebody relies on the time in them: rather twice than never."""
    labels = {
        CONFIRMED: _("Confirmation of a callback"),
        UNREACHED: _("News that a customer was not reached by phone"),
        MISSED: _("Apology for a missed callback"),
    }
    for name, label in labels.items():
        register_kind(
            Kind(name=name, label=label, check=why_not, build=build, at_least_once=True, reasons=dict(_REASONS))
        )


def tell(kind: str, request: CallbackRequest, line: Message) -> bool:
    """Queue the mail of this kind that goes with a line of the conversation. Part of the caller's transaction.

    Returns whether there is an address to which it may go.
    """
    proven = Identity.objects.filter(contact=request.contact_id, channel=EMAIL, stopped_at=None)
    identity = proven.exclude(verified_at=None).order_by("-verified_at").first()
    if identity is None or not can_link(request.inbox) or not _is_allowed(kind, request):
        return False
    enqueue(
        purpose=f"{_about(kind, request)}:{line.seq}",
        kind=kind,
        channel=EMAIL,
        conversation=request.conversation,
        message=line,
        identity=identity,
    )
    return True


def why_not(delivery: Delivery) -> str:
    """Why nobody wants this mail any more; empty while somebody does."""
    request, identity = _request_of(delivery), delivery.identity
    if request is None or delivery.purpose.rpartition(":")[0] != _about(delivery.kind, request):
        return "overtaken"
    if delivery.kind == CONFIRMED and _is_told_again(delivery, request):
        return "overtaken"
    if identity is None or not identity.may_be_written_to():
        return "stopped"
    if identity.contact_id != request.contact_id:
        return "moved"
    return "off" if not can_link(request.inbox) or not _is_allowed(delivery.kind, request) else ""


def build(delivery: Delivery) -> Outgoing:
    """The mail, in the language in which the customer asked to be called."""
    request, identity = _request_of(delivery), delivery.identity
    if request is None or identity is None:
        raise LookupError("a mail about a callback without the request or an address")
    language = request.language or request.conversation.language or str(settings.LANGUAGE_CODE)
    # RFC 8058: mail programs show a button of their own, which posts to the address.
    stop = link(request.inbox, "stop", stop_token(identity), lang=language)
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    written = letter(delivery.kind, language=language, context={"stop": stop, **_context(request, language)})
    return Outgoing(
        to=identity.value,
        subject=written.subject,
        text=written.text,
        html=written.html,
        language=language,
        headers=headers,
        key="",
    )


_REASONS: Mapping[str, Any] = {
    "overtaken": _("The callback has another time by now, or is over."),
    "stopped": _("The customer wants no mail."),
    "moved": _("The callback belongs to somebody else now."),
    "off": _("Such mails are switched off."),
}


def _about(kind: str, request: CallbackRequest) -> str:
    """The request and its present promise."""
    promise = f"{request.promised_until.astimezone(UTC):%Y%m%dT%H%M%S}" if request.is_waiting() else OVER
    return f"{kind}:{request.number}:{promise}"


def _is_told_again(delivery: Delivery, request: CallbackRequest) -> bool:
    """Whether a later line says when the call comes; it may be the same time, by way of another."""
    line = delivery.message
    if line is None:
        return False
    later = Message.objects.filter(conversation=line.conversation_id, seq__gt=line.seq, event__in=(ASKED, MOVED))
    return later.filter(details__number=request.number).exists()


def _request_of(delivery: Delivery) -> CallbackRequest | None:
    number = delivery.purpose.split(":")[1]
    return CallbackRequest.objects.select_related("inbox", "conversation").filter(number=number).first()


def _is_allowed(kind: str, request: CallbackRequest) -> bool:
    if kind != UNREACHED:
        return True
    return not CallbackRules.objects.filter(inbox=request.inbox_id, tells_unreached=False).exists()


def _context(request: CallbackRequest, language: str) -> dict[str, Any]:
    with translation.override(language):
        when = moments.promised(request.due_at, request.promised_until, request.time_zone, asap=request.is_asap)
    waits = request.is_waiting()
    number = request.conversation.number
    return {
        "shop": shop_name(request.inbox, language),
        "number": request.readable_number,
        "when": when if waits else "",
        "link": link(request.inbox, "callback_request", links.token(request), lang=language) if waits else "",
        "chat": link(request.inbox, "page", lang=language, c=number),
    }
