"""Times of calls in words: by the customer's clock, and with dates, so that they stay true when they are read later."""

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext as _


def between(begins_at: datetime, until: datetime, zone: str) -> str:
    """``on 23 November between 15:00 and 15:30``, in the active language.

    The zone is named where its clock shows another time than the reader's active zone does.
    """
    here = _zone(zone)
    begins, ends = begins_at.astimezone(here), until.astimezone(here)
    words = _("on %(date)s between %(from)s and %(until)s")
    return _placed(words % {"date": _date(begins), "from": _time(begins), "until": _time(ends)}, begins)


def by(until: datetime, zone: str) -> str:
    """``on 23 November by 15:30``, in the same way."""
    ends = until.astimezone(_zone(zone))
    return _placed(_("on %(date)s by %(until)s") % {"date": _date(ends), "until": _time(ends)}, ends)


def promised(begins_at: datetime, until: datetime, zone: str, *, asap: bool) -> str:
    """Whichever of both suits: somebody who wants to be called as soon as possible need not know from when."""
    return by(until, zone) if asap else between(begins_at, until, zone)


def _placed(words: str, moment: datetime) -> str:
    zone = moment.tzinfo
    if not isinstance(zone, ZoneInfo) or moment.utcoffset() == timezone.localtime(moment).utcoffset():
        return words
    place = zone.key.rpartition("/")[2].replace("_", " ")
    return _("%(when)s (%(place)s, %(offset)s)") % {"when": words, "place": place, "offset": _offset(moment)}


def _zone(name: str) -> tzinfo:
    """The customer's zone as their browser said it, which may be anything."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return timezone.get_current_timezone()


def _date(moment: datetime) -> str:
    # After a day the month is declined in Slavic languages: "5 октября", never "5 Октябрь".
    return str(formats.date_format(moment, formats.get_format("MONTH_DAY_FORMAT").replace("F", "E")))


def _time(moment: datetime) -> str:
    return f"{moment:%-H:%M}"


def _offset(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    sign, (hours, rest) = "+" if minutes >= 0 else "−", divmod(abs(minutes), 60)
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
