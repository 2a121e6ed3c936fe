"""Who sent a request to the chat, and the cookie by which a browser without an account is known again."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.http import urlsafe_base64_encode

from shopchat.callbacks.joining import join as join_callbacks
from shopchat.carts.joining import join as join_carts
from shopchat.conf import settings
from shopchat.contacts.joining import join as join_contacts
from shopchat.contacts.models import Contact
from shopchat.conversations import access, joining, starting
from shopchat.conversations.models import Conversation
from shopchat.core.tokens import digest
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.stores.base import BasketRef
from shopchat.stores.reading import configured_store, safely
from shopchat.touches.joining import join as join_touches
from shopchat.visitors import holders
from shopchat.visitors.recognition import Recognised, recognise


@dataclass
class Caller:
    """Whoever sent ``request``, as far as it proves it. ``contact`` is ``None`` for somebody who never wrote."""

    request: HttpRequest
    user: Any
    key: str
    recognised: Recognised

    @property
    def contact(self) -> Contact | None:
        return self.recognised.contact

    @cached_property
    def inbox(self) -> Inbox:
        return inbox_for(host_of(self.request))

    @property
    def scope(self) -> str:
        """Names, without telling, whose things a browser may keep: one account's, one visitor's, or nobody's (empty)."""
        return scope_of(self.contact, self.user)

    @property
    def joined_scope(self) -> str:
        """The scope of the browser's conversations that became the account's with this very request, else empty."""
        return scope_of(self.recognised.joined) if self.recognised.joined else ""

    def scope_after(self, contact: Contact) -> str:
        """The scope once ``contact`` has written."""
        return scope_of(contact, self.user)

    def holders(self, key: str = "") -> list[str]:
        """To whom a live ticket is given: the log-in and its account, else the browser. ``key`` is one it gets just now."""
        if self.user.is_authenticated:
            return holders.signed_in(self.request, holders.of_account(self.user))
        key = key or self.key
        return [holders.of_visitor(digest(key))] if key else []

    def current_conversation(self) -> Conversation | None:
        return starting.current(self.contact, self.inbox)

    def named_or_current(self, number: str) -> Conversation | None:
        """The caller's own conversation of this number, without one the current. Raises ``Http404`` for anything else."""
        return self.conversation(number) if number else self.current_conversation()

    def conversation(self, number: str) -> Conversation:
        """The caller's own conversation of this number. Raises ``Http404`` for anything else."""
        theirs = access.for_contact(self.contact).filter(number=number).select_related("assignee")
        # A number that is none would make some databases object instead of finding nothing.
        found = theirs.first() if number.isascii() and number.isdigit() else None
        if found is None:
            raise Http404
        return found

    def remember_basket(self, contact: Contact | None) -> None:
        """Note which basket is in the caller's hands, or else in payment. A store that fails changes nothing."""
        if contact is None:
            return
        nothing: Sequence[BasketRef] = ()
        asked = safely(
            lambda: configured_store().baskets_at_hand(self.request), empty=nothing, what="Reading the basket"
        )
        ref = next(iter(asked), "")
        if ref and ref != contact.basket_ref:
            Contact.objects.filter(pk=contact.pk).update(basket_ref=ref)


def caller_of(request: HttpRequest) -> Caller:
    """Recognise who sent the request. A browser that has signed in brings its conversations along."""
    user = getattr(request, "user", None) or AnonymousUser()
    # Taken out, because Django's reports of errors quote a request's cookies.
    key = request.COOKIES.pop(cookie_name(), "")
    # Only a join writes more than one row; without one a poll must not open a transaction.
    with transaction.atomic() if key and user.is_authenticated else nullcontext():
        recognised = recognise(key=key, user=user)
        if recognised.joined and recognised.contact:
            joining.join(recognised.joined, recognised.contact)
            join_contacts(recognised.joined, recognised.contact)
            join_callbacks(recognised.joined, recognised.contact)
            join_touches(recognised.joined, recognised.contact)
            join_carts(recognised.joined, recognised.contact)
    return Caller(request, user, key, recognised)


def scope_of(contact: Contact | None, user: Any = None) -> str:
    """The scope of an account or, without one, of a contact."""
    if user is not None and user.is_authenticated:
        return _scope(f"user:{user.pk}")
    return _scope(f"contact:{contact.pk}") if contact else ""


def host_of(request: HttpRequest) -> str:
    """The host name without its port."""
    host = request.get_host()
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host


def keep_key(response: HttpResponse, request: HttpRequest, key: str) -> None:
    """Give the browser its key, or renew the cookie's life: out of reach of scripts and of the shop's other pages."""
    response.set_cookie(
        cookie_name(),
        key,
        max_age=settings.VISITOR_COOKIE["AGE"],
        path=cookie_path(),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def drop_key(response: HttpResponse) -> None:
    """Take a dead key from the browser."""
    response.delete_cookie(cookie_name(), path=cookie_path(), samesite="Lax")


def cookie_name() -> str:
    return str(settings.VISITOR_COOKIE["NAME"])


def cookie_path() -> str:
    return reverse("shopchat_widget:page")


def _scope(who: str) -> str:
    return urlsafe_base64_encode(salted_hmac("shopchat_widget.scope", who, algorithm="sha256").digest()[:15])
