"""A callback request as the desk shows it: the promise in words, what is left of it, the number as far as one may see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules
from shopchat.core import phones
from shopchat.operators.models import Operator

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OVERDUE, DUE, LATER, DONE, CANCELLED = "overdue", "due", "later", "done", "cancelled"
ICONS = {OVERDUE: "warning", DUE: "mobile-alt", LATER: "time", DONE: "check", CANCELLED: "cross"}
# For each of Unicode's plural categories a number that belongs to it, in all languages that we speak.
PLURALS = {"one": 1, "few": 2, "many": 5, "other": 5}

# More than anybody reads in a list of choices.
MAX_SLOTS = 300
_Outcome = CallAttempt.Outcome
# What an operator can say, the good news first; that a call could not be made is for telephony to say.
OUTCOMES = [
    (one.value, one.label)
    for one in (
        _Outcome.TALKED,
        _Outcome.NO_ANSWER,
        _Outcome.BUSY,
        _Outcome.CALL_LATER,
        _Outcome.WRONG_NUMBER,
        _Outcome.REFUSED,
    )
]


@dataclass(frozen=True)
class Line:
    """A request and what is shown of it. ``dials`` is empty for those who may not see the number."""

    request: CallbackRequest
    standing: str
    phone: str
    dials: str
    when: str
    left: str
    is_mine: bool
    customers_time: str

    @property
    def icon(self) -> str:
        return ICONS[self.standing]

    @property
    def label(self) -> str:
        """The state in words: it is never told by a colour alone."""
        return {
            OVERDUE: _("Overdue"),
            DUE: _("Due now"),
            LATER: _("Planned"),
            DONE: _("Done"),
            CANCELLED: _("Cancelled"),
        }[self.standing]


def line(request: CallbackRequest, operator: Operator, *, now: datetime, whole_numbers: bool) -> Line:
    """What ``operator`` is shown. Looks nothing up for a request that was read with ``for_list``."""
    return Line(
        request=request,
        standing=standing(request, now),
        phone=shown_phone(request, whole_numbers=whole_numbers),
        dials=request.phone if whole_numbers else "",
        when=when(request, now),
        left=left(request, now),
        is_mine=request.assignee_id == operator.pk,
        customers_time=customers_time(request, now),
    )


def standing(request: CallbackRequest, now: datetime) -> str:
    """Where it stands: by its state, and while it waits by the clock."""
    if not request.is_waiting():
        return DONE if request.state == CallbackRequest.State.DONE else CANCELLED
    if request.promised_until <= now:
        return OVERDUE
    return DUE if request.due_at <= now else LATER


def shown_phone(request: CallbackRequest, *, whole_numbers: bool) -> str:
    """The number in groups, or its end alone; words for one that was erased."""
    if not request.phone:
        return _("number erased")
    rules = rules_of(request)
    return phones.readable(request.phone, rules.default_region if rules else "") if whole_numbers else masked(request)


def masked(request: CallbackRequest) -> str:
    return phones.masked(request.phone)


def rules_of(request: CallbackRequest) -> CallbackRules | None:
    """The rules of the site that it came from, which may have been deleted since."""
    return getattr(request.inbox, "callback_rules", None)


def when(request: CallbackRequest, now: datetime) -> str:
    """The promise in the reader's own time, or when the request ended."""
    if not request.is_waiting():
        return _at(request.closed_at or request.updated_at, now)
    begin, end = timezone.localtime(request.due_at), timezone.localtime(request.promised_until)
    if request.is_asap and not request.attempts_made and not request.misses:
        return _("as soon as possible, by %(moment)s") % {"moment": _at(end, now)}
    if begin.date() != end.date():
        return _("%(begin)s – %(end)s") % {"begin": _at(begin, now), "end": _at(end, now)}
    return _("%(day)s, %(times)s") % {"day": day(begin, now), "times": _times(begin, end)}


def customers_time(request: CallbackRequest, now: datetime) -> str:
    """What the clock shows where the customer is; empty where it shows the same here."""
    try:
        local = now.astimezone(ZoneInfo(request.time_zone))
    except (ValueError, OSError, ZoneInfoNotFoundError):  # a browser may say anything, and it may not be known here
        return ""
    return "" if local.utcoffset() == timezone.localtime(now).utcoffset() else date_format(local, "TIME_FORMAT")


def day(moment: datetime, now: datetime) -> str:
    """“Today”, “Tomorrow”, else the weekday and the date."""
    date, today = timezone.localtime(moment).date(), timezone.localtime(now).date()
    names = {today - DAY: _("yesterday"), today: _("today"), today + DAY: _("tomorrow")}
    if date in names:
        return names[date]
    in_the_year = get_format("MONTH_DAY_FORMAT").replace("F", "E")  # the name of a month as it stands beside a day
    return f"{date_format(date, 'D')} {date_format(date, in_the_year)}"


def free_days(request: CallbackRequest, now: datetime) -> list[tuple[str, list[tuple[str, str]]]]:
    """Days with the times at which the customer could be called again: value and words."""
    rules = rules_of(request)
    free = slots.free_slots(rules, now=now, but=request)[:MAX_SLOTS] if rules else []
    by_day = groupby(free, key=lambda slot: day(slot.begins_at, now))
    return [(name, [(slot.value, _times(slot.begins_at, slot.ends_at)) for slot in found]) for name, found in by_day]


def left(request: CallbackRequest, now: datetime) -> str:
    """How long until it is due, until the promise ends, or since it was missed; empty once it is over.

    ``callbacks.js`` says the same while the clock goes on, with :func:`countdown_words`.
    """
    if not request.is_waiting():
        return ""
    if request.promised_until <= now:
        return _span("late", (now - request.promised_until) // MINUTE)
    if request.due_at <= now:
        return _span("left", -((now - request.promised_until) // MINUTE))
    return _span("ahead", -((now - request.due_at) // MINUTE))


def countdown_words() -> dict[str, Any]:
    """All that a countdown can say, for each plural category."""
    return {category: _phrases(number) for category, number in PLURALS.items()}


def _span(kind: str, minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    unit, count = ("minutes", minutes) if hours < 1 else ("hours", hours) if hours < 24 else ("days", hours // 24)
    values = {"count": count, "minutes": rest}
    return str(_phrases(count)[kind][unit] % values)


def _phrases(count: int) -> dict[str, dict[str, str]]:
    return {
        "ahead": {
            "minutes": ngettext("in %(count)s min", "in %(count)s min", count),
            "hours": ngettext("in %(count)s h %(minutes)s min", "in %(count)s h %(minutes)s min", count),
            "days": ngettext("in %(count)s day", "in %(count)s days", count),
        },
        "left": {
            "minutes": ngettext("%(count)s min left", "%(count)s min left", count),
            "hours": ngettext("%(count)s h %(minutes)s min left", "%(count)s h %(minutes)s min left", count),
            "days": ngettext("%(count)s day left", "%(count)s days left", count),
        },
        "late": {
            "minutes": ngettext("%(count)s min late", "%(count)s min late", count),
            "hours": ngettext("%(count)s h %(minutes)s min late", "%(count)s h %(minutes)s min late", count),
            "days": ngettext("%(count)s day late", "%(count)s days late", count),
        },
    }


def _times(begin: datetime, end: datetime) -> str:
    return "–".join(date_format(timezone.localtime(moment), "TIME_FORMAT") for moment in (begin, end))


def _at(moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    return _("%(day)s, %(times)s") % {"day": day(local, now), "times": date_format(local, "TIME_FORMAT")}
