"""Whose conversations a browser may see.

History follows a secret or a login, never a name or an address that somebody typed. A browser without an account holds a
random key in a cookie; the table holds its hash. A signed-in customer needs no key: the account is the key, so logging out
leaves nothing behind. When a browser with a key signs in, its conversations join the account and the key dies; a copy of
the key that somebody planted or took is worthless from then on.

The first message is the difficult moment: its answer, and with it the cookie, can be lost, and the browser sends again
without one. So the page carries a signed *start* from which the key is derived: the same page always becomes the same
visitor, until the browser has once sent the cookie back.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import Contact
from shopchat.core.tokens import digest, new_secret
from shopchat.visitors import holders
from shopchat.visitors.models import Visitor
from shopchat.visitors.revoking import revoke

START_SALT = "shopchat.visitors.start"
START_VALID_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Recognised:
    """What a request proved. ``contact`` is ``None`` for somebody who never wrote.

    ``joined`` is a contact whose conversations must move to ``contact``; ``drop_key`` tells the view to delete the cookie.
    """

    contact: Contact | None
    joined: Contact | None = None
    drop_key: bool = False


def recognise(*, key: str, user: Any) -> Recognised:
    """Find the contact behind a cookie's key (empty when there is none) and a user (anonymous or signed in)."""
    visitor = _visitor(key)
    if user.is_authenticated:
        if visitor is not None:
            return _join(visitor, user)
        return Recognised(Contact.objects.filter(user=user).first(), drop_key=bool(key))
    if visitor is None:
        return Recognised(None, drop_key=bool(key))
    if visitor.confirmed_at is None:
        Visitor.objects.filter(pk=visitor.pk).update(confirmed_at=timezone.now())
    return Recognised(visitor.contact)


def new_start() -> str:
    """A start for a page that is shown to somebody unknown; it goes into the page and comes back with the first message."""
    return signing.dumps(new_secret(), salt=START_SALT)


def begin(*, start: str, user: Any) -> tuple[Contact, str]:
    """The contact of somebody who writes for the first time, and the key for the cookie (empty for an account).

    A start that is missing, forged, too old or already confirmed begins a fresh visitor.
    """
    if user.is_authenticated:
        return contact_for(user), ""
    for key in (_key_of(start), new_secret()):
        if key and (visitor := _visitor_with(key)) is not None:
            return visitor.contact, key
    raise AssertionError("a fresh random key is never taken")


def hold(key: str) -> bool:
    """Whether the key is still somebody's; until the transaction ends it stays so, and a sign-in of this browser waits."""
    return bool(Visitor.objects.filter(key_hash=digest(key)).update(key_hash=F("key_hash")))


def _visitor(key: str) -> Visitor | None:
    # Only an anonymous contact: a key never opens an account, whatever the table says.
    return (
        Visitor.objects.select_related("contact").filter(key_hash=digest(key), contact__user=None).first()
        if key
        else None
    )


def _join(visitor: Visitor, user: Any) -> Recognised:
    """The browser's conversations become the account's, and its key dies. Of two requests at once one does it."""
    with transaction.atomic():
        if not Visitor.objects.filter(pk=visitor.pk).delete()[0]:
            return Recognised(contact_for(user), drop_key=True)
        revoke([holders.of_visitor(visitor.key_hash)])
        return Recognised(contact_for(user), joined=visitor.contact, drop_key=True)


def _key_of(start: str) -> str:
    try:
        secret = signing.loads(start, salt=START_SALT, max_age=START_VALID_SECONDS)
    except signing.BadSignature:
        return ""
    # Derived, so that the page never holds the key itself.
    return hmac.new(settings.SECRET_KEY.encode(), f"{START_SALT}:{secret}".encode(), hashlib.sha256).hexdigest()


def _visitor_with(key: str) -> Visitor | None:
    """The visitor of this key, made when it is new; ``None`` when a browser has already confirmed it."""
    if (known := _unconfirmed(key)) is not None:
        return known
    try:
        with transaction.atomic():
            return Visitor.objects.create(key_hash=digest(key), contact=Contact.objects.create())
    except IntegrityError:  # the same first message twice at once, or confirmed before
        return _unconfirmed(key)


def _unconfirmed(key: str) -> Visitor | None:
    return Visitor.objects.select_related("contact").filter(key_hash=digest(key), confirmed_at=None).first()
