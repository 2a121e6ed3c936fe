"""When to call again: after nobody answered, and after a promise was missed.

The shop's rule: so many minutes after the first and the second call, then in the next day's first hour; always inside the
hours of calls and the customer's day. Where the two never meet the hours of calls hold alone: the customer's zone is
what a browser said. After the last repeated call nobody calls again by himself.
"""

from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.utils import timezone

from shopchat.callbacks import slots
from shopchat.callbacks.happenings import UNANSWERED
from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Span = tuple[datetime, datetime]


def rules_of(request: CallbackRequest) -> CallbackRules | None:
    """The rules of the request's site; a shop may have removed them while somebody still waits."""
    return CallbackRules.objects.select_related("schedule", "inbox").filter(inbox=request.inbox_id).first()


def unanswered(request: CallbackRequest) -> int:
    """How often nobody answered since the customer last said when to call."""
    attempts = CallAttempt.objects.filter(request=request)
    agreed = attempts.filter(outcome=CallAttempt.Outcome.CALL_LATER).order_by("-pk").values_list("pk", flat=True)
    return attempts.filter(outcome__in=UNANSWERED, pk__gt=agreed.first() or 0).count()


def next_call(request: CallbackRequest, rules: CallbackRules | None, *, at: datetime, tries: int) -> Span | None:
    """From when to when to call after ``tries`` calls that nobody answered; ``None`` when those were enough.

    A slot that is still to come stays: the customer chose it, and whoever called before it called early.
    """
    if request.slot_at is not None and request.slot_until is not None and request.slot_at > at:
        return request.slot_at, request.slot_until
    rule = rules or CallbackRules()
    if tries > rule.max_repeats:
        return None
    if tries > len(rule.retry_minutes):
        return first_hour(request, rules, at=at)
    pause = timedelta(minutes=rule.retry_minutes[tries - 1])
    return _soonest(request, rules, at=at, not_before=at + pause)


def first_hour(request: CallbackRequest, rules: CallbackRules | None, *, at: datetime) -> Span:
    """The first hour of the customer's next day in which the shop calls, else of the shop's next open day."""
    found = None
    if rules is not None:
        found = slots.first_hour_of_next_day(rules, after=at, zone=request.time_zone)
        found = found or slots.first_hour_of_next_day(rules, after=at, zone=None)
    return found or _tomorrow(rules, at=at, not_before=at)


def suits(request: CallbackRequest, rules: CallbackRules, begins_at: datetime, until: datetime | None = None) -> bool:
    """Whether the shop may choose this time for the customer: it calls then, and it is the customer's day."""
    span = _moment(request, rules, not_before=begins_at)
    return span is not None and span[0] == begins_at and (until is None or span[1] >= until)


def next_moment(request: CallbackRequest, rules: CallbackRules | None, *, at: datetime) -> Span:
    """The soonest time at which the shop calls and the customer may be called, else at which the shop calls."""
    return _soonest(request, rules, at=at, not_before=at)


def _soonest(request: CallbackRequest, rules: CallbackRules | None, *, at: datetime, not_before: datetime) -> Span:
    found = None
    if rules is not None:
        found = _moment(request, rules, not_before=not_before)
        found = found or slots.next_moment(rules, not_before=not_before, zone=None)
    return found or _tomorrow(rules, at=at, not_before=not_before)


def _moment(request: CallbackRequest, rules: CallbackRules, *, not_before: datetime) -> Span | None:
    return slots.next_moment(rules, not_before=not_before, zone=request.time_zone)


def _tomorrow(rules: CallbackRules | None, *, at: datetime, not_before: datetime) -> Span:
    """Where the shop has no hours: at this time of the day, or as near to it as the day of customers allows."""
    zone = ZoneInfo(rules.schedule.time_zone if rules else timezone.get_default_timezone_name())
    rule = rules or CallbackRules()
    day = slots.customers_day(rule.day_starts_at, rule.day_ends_at, zone)
    today = at.astimezone(zone).date()
    for ahead in count(1):
        ((begins, ends),) = day.on(today + ahead * DAY)
        latest = max(begins, ends - HOUR)
        if latest >= not_before:
            break
    begins = min(max(begins, at + DAY, not_before), latest)
    return begins, min(begins + HOUR, ends)
