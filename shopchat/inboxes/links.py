"""Addresses of the widget's pages as a mail has to name them: whole, and of the shop's own host.

The host comes from what the shop has configured, never from a request: whoever can make a server believe another host
would otherwise send our mails with links of their own.
"""

from urllib.parse import urlencode, urlsplit

from django.urls import NoReverseMatch, reverse

from shopchat.conf import settings
from shopchat.inboxes.models import Inbox


def origin_of(inbox: Inbox) -> str:
    """Scheme and host of the site that this widget stands on, empty when the shop has not said where it is."""
    base = settings.BASE_URL
    parts = urlsplit(base)
    if not base or not inbox.hostname or inbox.hostname == parts.hostname:
        return base
    return f"{parts.scheme}://{inbox.hostname}"


def link(inbox: Inbox, name: str, *args: object, **query: str) -> str:
    """The whole address of one of the widget's pages."""
    return origin_of(inbox) + reverse(f"shopchat_widget:{name}", args=args) + (f"?{urlencode(query)}" if query else "")


def can_link(inbox: Inbox) -> bool:
    """Whether there is an address that a mail could name."""
    try:
        return bool(origin_of(inbox) and reverse("shopchat_widget:page"))
    except NoReverseMatch:
        return False


def shop_name(inbox: Inbox, language: str) -> str:
    """What the shop calls itself in mails of this language, else the name of its host."""
    return inbox.text("shop", language) or urlsplit(origin_of(inbox)).hostname or inbox.name
