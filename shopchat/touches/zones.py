"""Which time zone a person lives in, as far as anybody knows."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from shopchat.contacts.models import Contact
from shopchat.inboxes.models import Inbox

Source = Callable[[Contact], str]
_sources: dict[str, Source] = {}


def register_source(name: str, source: Source) -> None:
    """Somebody who may know: answers the name of the zone in which the contact was last, else an empty text."""
    _sources[name] = source


def zone_of(contact: Contact | None, inbox: Inbox) -> ZoneInfo:
    """The contact's zone, else that of the site's working hours, else Django's ``TIME_ZONE``."""
    told = [source(contact) for source in _sources.values()] if contact else []
    shops = inbox.schedule.time_zone if inbox.schedule else ""
    for name in (*told, shops):
        if zone := _zone(name):
            return zone
    return ZoneInfo(timezone.get_default_timezone_name())


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):  # a browser may say anything, and it may not be known here
        return None
