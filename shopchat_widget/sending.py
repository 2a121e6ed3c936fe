"""A customer's message on its way in: checked, limited, stored once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.conf import settings
from shopchat.contacts.models import Contact
from shopchat.conversations import posting, starting, typing
from shopchat.conversations.models import Conversation
from shopchat.conversations.posting import ClientIdReused, Posted
from shopchat.conversations.texts import InvalidMessage, clean_client_id, clean_text
from shopchat.core.addresses import anonymous_key, client_address
from shopchat.core.ratelimits import RateLimited, hit
from shopchat.visitors.recognition import begin, hold
from shopchat_widget.answers import Refused
from shopchat_widget.callers import Caller

PAGE_MAX_LENGTH = 500
LONG_WAIT_SECONDS = 120
SECRET_PAGES = ("basket", "callback_request", "confirm", "stop")


@dataclass(frozen=True)
class Sent:
    """A stored message. ``key`` is what the browser's cookie must hold from now on, empty for an account."""

    posted: Posted
    conversation: Conversation
    contact: Contact
    key: str


def send(caller: Caller, fields: Mapping[str, str]) -> Sent:
    """Store what was written in a form with ``text``, ``client_id``, ``start``, ``page`` and perhaps ``conversation``.

    Raises :class:`Refused` with the reason in the active language, ``Http404`` for a conversation that is not theirs.
    """
    try:
        text, client_id = clean_text(fields.get("text", "")), clean_client_id(fields.get("client_id", ""))
        conversation = caller.named_or_current(fields.get("conversation", ""))
        _count(caller, conversation)
        contact, key = contact_of(caller, fields.get("start", ""))
        page = path_of(fields.get("page", ""))
        if conversation is None:
            conversation = _begin(caller, contact, key, page)
        posted = posting.receive(conversation, text=text, client_id=client_id, page=page)
    except InvalidMessage as error:
        raise Refused(400, str(error)) from error
    except ClientIdReused as error:
        raise Refused(409, _("This message was sent before with another text. Please send it again.")) from error
    except RateLimited as error:
        raise Refused(429, too_often(error.retry_after), retry_after=error.retry_after) from error
    typing.stopped(conversation, by="visitor")
    caller.remember_basket(contact)
    return Sent(posted, conversation, contact, key)


def too_often(seconds: int) -> str:
    """Tells somebody who was stopped by a rate limit how long to wait."""
    if seconds >= LONG_WAIT_SECONDS:
        minutes = math.ceil(seconds / 60)
        return ngettext(
            "You are writing too fast. Please wait %(count)s minute.",
            "You are writing too fast. Please wait %(count)s minutes.",
            minutes,
        ) % {"count": minutes}
    return ngettext(
        "You are writing too fast. Please wait %(count)s second.",
        "You are writing too fast. Please wait %(count)s seconds.",
        seconds,
    ) % {"count": seconds}


def _count(caller: Caller, conversation: Conversation | None) -> None:
    limits = settings.RATE_LIMITS
    if conversation is not None:
        hit(limits["visitor_messages"], "visitor_messages", str(conversation.contact_id))
        return
    hit(limits["conversation_starts"], "conversation_starts", source_of(caller))


def source_of(caller: Caller) -> str:
    """Where somebody's requests come from: an account counts for itself, so that nobody else can lock it out."""
    if caller.user.is_authenticated:
        return f"user:{caller.user.pk}"
    return anonymous_key(client_address(caller.request, trusted_proxies=settings.TRUSTED_PROXIES))


def contact_of(caller: Caller, start: str) -> tuple[Contact, str]:
    """Who writes, made now for somebody who never did, and what the browser's cookie must hold from now on."""
    if caller.contact is not None:
        return caller.contact, "" if caller.user.is_authenticated else caller.key
    return begin(start=start, user=caller.user)


def _begin(caller: Caller, contact: Contact, key: str, page: str) -> Conversation:
    """A conversation of somebody who has none. If the browser signed in meanwhile, its contact is nobody's any more: what
    began there would be seen by no customer. 403 makes the browser ask again as whoever it is now.
    """
    with transaction.atomic():
        if key and not hold(key):
            raise Refused(403, _("The message could not be sent. Please reload the page and try again."))
        return starting.start(contact, caller.inbox, language=translation.get_language() or "", page=page)


def path_of(raw: str) -> str:
    """A path of the shop, else nothing. Queries and fragments are dropped: they may hold what is not ours to know.

    Nor is one of our pages with a secret in its address, which no operator is to read.
    """
    # Browsers pass over tabs and line ends in an address, so what nobody sees goes first and the shape is judged after it.
    path = "".join(filter(str.isprintable, raw)).partition("#")[0].partition("?")[0]
    secret = tuple(reverse(f"shopchat_widget:{name}", args=["-"]).removesuffix("-/") for name in SECRET_PAGES)
    is_the_shops = path.startswith("/") and not path.startswith(("//", "/\\", *secret))
    return path[:PAGE_MAX_LENGTH] if is_the_shops else ""
