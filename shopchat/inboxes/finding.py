"""From a host name to the entrance that belongs to it."""

from django.db import transaction

from shopchat.inboxes.models import Inbox


def inbox_for(hostname: str) -> Inbox:
    """The widget of this host name (without port), else the shop's default one, which is made when it is missing."""
    found = {
        inbox.hostname: inbox
        for inbox in Inbox.objects.filter(hostname__in=[hostname.lower(), ""]).select_related("schedule")
    }
    if inbox := found.get(hostname.lower()) or found.get(""):
        return inbox
    with transaction.atomic():
        return Inbox.objects.get_or_create(hostname="", defaults={"name": "Shop"})[0]
