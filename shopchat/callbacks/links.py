"""Signed words for requests: what a link to one carries, and what confirms that one's own request is to be changed.

Neither opens anything else. Whoever holds a link may see, move and cancel that one request, as somebody does to whom the
customer forwards the mail; it ends with the request.
"""

from datetime import timedelta

from django.core import signing
from django.utils import timezone

from shopchat.callbacks.models import CallbackRequest
from shopchat.contacts.models import Contact

LINK_SALT, REPLACE_SALT = "shopchat.callbacks.link", "shopchat.callbacks.replace"
LINK_DAYS = 30
REPLACE_SECONDS = 3600


class BadLink(Exception):
    """The link is forged, cut short, too old, or of a request that is no longer there."""


class Over(BadLink):
    """The link was good; its ``request`` waits no more."""

    def __init__(self, request: CallbackRequest) -> None:
        super().__init__()
        self.request = request


def token(request: CallbackRequest) -> str:
    """What a link to the request carries; good for ``LINK_DAYS``, and longer only while a promise beyond them stands."""
    return signing.dumps(request.pk, salt=LINK_SALT)


def request_of(token: str) -> CallbackRequest:
    """The request that the link is for, while it waits. Raises :class:`BadLink`, or its :class:`Over`."""
    try:
        pk, is_old = signing.loads(token, salt=LINK_SALT, max_age=timedelta(days=LINK_DAYS)), False
    except signing.SignatureExpired:
        pk, is_old = signing.loads(token, salt=LINK_SALT), True
    except (signing.BadSignature, ValueError) as error:
        raise BadLink from error
    request = CallbackRequest.objects.select_related("inbox", "conversation", "contact").filter(pk=pk).first()
    if request is None or (is_old and request.promised_until < timezone.now()):
        raise BadLink
    if not request.is_waiting():
        raise Over(request)
    return request


def replace_token(contact: Contact, request: CallbackRequest) -> str:
    """What the form sends back when the contact says that their waiting request is to be changed."""
    return signing.dumps([contact.pk, request.pk], salt=REPLACE_SALT)


def may_replace(token: str, contact: Contact, request: CallbackRequest) -> bool:
    """Whether that is what the token says: of this contact, about this request, asked within the hour."""
    try:
        meant = signing.loads(token, salt=REPLACE_SALT, max_age=REPLACE_SECONDS)
    except (signing.BadSignature, ValueError):
        return False
    return bool(meant == [contact.pk, request.pk])
