"""What became of the requests to be called that came in on some days.

What counts, here and in the page and the file that are made of it:

- A request belongs to the day on which it came in. An operator's own figures are about the requests on which they made at
  least one attempt, and of the attempts only theirs.
- A promise is the first that the customer was given (``first_promised_until``). It is **kept** when the first attempt was
  made by then, whether or not somebody answered, **missed** when it was made later or when the time has passed without
  one, **open** while there is time left. A request that ended without an attempt before its time was **withdrawn**: nobody
  broke a word, and it counts neither way. A promise that was made anew after a miss changes nothing in this.
- The first call is waited for from the beginning of that promise: its end less the length that a slot of the site, or its
  "as soon as possible", has now, and never from before the request. A call before that waited for nothing. Requests without
  a call are not in it: the missed promises show them.
- A request is **reached** when the customer was spoken to in any attempt, out of those that were called. An attempt reached
  somebody when the customer answered it, out of those whose outcome was written down and in which the telephone rang.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import ExtractMinute, TruncHour
from django.utils import timezone

from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator
from shopchat.reports.shares import Share, Wait, waited
from shopchat.reports.spans import Span

State, Outcome = CallbackRequest.State, CallAttempt.Outcome
# Who answered, was reached, also if only to say that this is a bad moment.
ANSWERED = (Outcome.TALKED, Outcome.CALL_LATER, Outcome.REFUSED)
UNTOLD = ("", Outcome.FAILED)
# The median is taken of as many calls as this, the latest; a span with more has no other median for it.
WAITS = 20_000
PAGES = 20
OPERATORS = 50
# Zones differ from UTC by whole quarters of an hour.
QUARTERS = (15, 30, 45)


@dataclass(frozen=True)
class About:
    """What a report is about: days, and perhaps one site or one operator."""

    span: Span
    inbox: Inbox | None = None
    operator: Operator | None = None


@dataclass(frozen=True)
class Promises:
    """``kept`` is out of those that were kept or missed."""

    kept: Share
    open: int
    withdrawn: int

    @property
    def missed(self) -> int:
        return self.kept.whole - self.kept.part


@dataclass(frozen=True)
class Week:
    """How many requests came in at which hour of which weekday (0 is Monday)."""

    counts: Sequence[Sequence[int]]

    @property
    def most(self) -> int:
        return max(map(max, self.counts))

    @property
    def by_hour(self) -> list[int]:
        return [sum(day[hour] for day in self.counts) for hour in range(24)]

    @property
    def by_weekday(self) -> list[int]:
        return [sum(day) for day in self.counts]


@dataclass(frozen=True)
class HourRow:
    """One hour of the day: how many asked in it, and how many of the attempts made in it reached somebody."""

    hour: int
    requests: int
    reached: Share


@dataclass(frozen=True)
class OperatorRow:
    """The attempts of one operator. Without a name: an operator who is no longer there, or a call nobody stood for."""

    name: str
    requests: int
    attempts: int
    reached: Share
    spoken: timedelta


@dataclass(frozen=True)
class PageRow:
    """The requests of one page of the shop; without an address those whose page is unknown or erased."""

    page: str
    requests: int
    kept: Share
    reached: Share


@dataclass(frozen=True)
class Figures:
    """Everything that the report says."""

    about: About
    requests: int
    waiting: int
    cancelled: int
    attempts: int
    promises: Promises
    reached: Share
    soon: Wait
    slots: Wait
    week: Week
    hours: Sequence[HourRow]
    operators: Sequence[OperatorRow]
    pages: Sequence[PageRow]
    other_pages: int


def figures(about: About, *, now: datetime | None = None) -> Figures:
    """Six queries, however many requests there are."""
    now = now or timezone.now()
    requests = chosen(about)
    sums = requests.aggregate(
        requests=Count("pk"),
        waiting=Count("pk", filter=Q(state=State.WAITING)),
        cancelled=Count("pk", filter=Q(state=State.CANCELLED)),
        open=Count("pk", filter=_open(now)),
        withdrawn=Count("pk", filter=_WITHDRAWN),
        **_outcomes(now),
    )
    attempts = _attempts(about)
    soon, slots = _waits(requests)
    asked = _by_local_hour(requests, "created_at", about.span.zone, count=Count("pk"))
    called = _by_local_hour(attempts, "started_at", about.span.zone, **_reached_attempts())
    pages = [_page_row(row) for row in _by_page(requests, now)]
    return Figures(
        about=about,
        requests=sums["requests"],
        waiting=sums["waiting"],
        cancelled=sums["cancelled"],
        attempts=sum(values["attempts"] for _day, _hour, values in called),
        promises=Promises(_kept(sums), sums["open"], sums["withdrawn"]),
        reached=Share(sums["reached"], sums["called"]),
        soon=soon,
        slots=slots,
        week=(week := _week(asked)),
        hours=_hours(week, called),
        operators=[_operator_row(row) for row in _by_operator(attempts)],
        pages=pages,
        other_pages=sums["requests"] - sum(row.requests for row in pages),
    )


def chosen(about: About) -> "QuerySet[CallbackRequest]":
    """The requests that a report is about."""
    requests = CallbackRequest.objects.filter(
        created_at__gte=about.span.begins_at, created_at__lt=about.span.ends_at, **_of_inbox(about)
    )
    if about.operator is None:
        return requests
    return requests.filter(Exists(CallAttempt.objects.filter(request=OuterRef("pk"), operator=about.operator)))


def promise_of(request: CallbackRequest, *, now: datetime) -> str:
    """``kept``, ``missed``, ``open`` or ``withdrawn``, as the figures count it."""
    until = request.first_promised_until
    if request.first_attempt_at is not None:
        return "kept" if request.first_attempt_at <= until else "missed"
    if request.closed_at is not None and request.closed_at <= until:
        return "withdrawn"
    return "missed" if until < now else "open"


def zone_for(inbox: Inbox | None) -> ZoneInfo:
    """The zone in which the site's calls are promised; of all sites the one that they share, else Django's own."""
    rules = CallbackRules.objects.filter(**({} if inbox is None else {"inbox": inbox}))
    zones = set(rules.values_list("schedule__time_zone", flat=True))
    return ZoneInfo(zones.pop() if len(zones) == 1 else timezone.get_default_timezone_name())


_KEPT = Q(first_attempt_at__lte=F("first_promised_until"))
_LATE = Q(first_attempt_at__gt=F("first_promised_until"))
_WITHDRAWN = Q(first_attempt_at=None, closed_at__lte=F("first_promised_until"))
_UNTRIED = Q(first_attempt_at=None) & (Q(closed_at=None) | Q(closed_at__gt=F("first_promised_until")))


def _missed(now: datetime) -> Q:
    return _LATE | (_UNTRIED & Q(first_promised_until__lt=now))


def _open(now: datetime) -> Q:
    return _UNTRIED & Q(first_promised_until__gte=now)


def _outcomes(now: datetime) -> dict[str, Count]:
    return {
        "kept": Count("pk", filter=_KEPT),
        "missed": Count("pk", filter=_missed(now)),
        "called": Count("pk", filter=Q(first_attempt_at__isnull=False)),
        "reached": Count("pk", filter=Q(first_attempt_at__isnull=False, reached_at__isnull=False)),
    }


def _reached_attempts() -> dict[str, Count]:
    return {
        "attempts": Count("pk"),
        "ended": Count("pk", filter=~Q(outcome__in=UNTOLD)),
        "reached": Count("pk", filter=Q(outcome__in=ANSWERED)),
    }


def _kept(row: dict[str, Any]) -> Share:
    return Share(row["kept"], row["kept"] + row["missed"])


def _of_inbox(about: About, prefix: str = "") -> dict[str, Any]:
    return {} if about.inbox is None else {f"{prefix}inbox": about.inbox}


def _attempts(about: About) -> "QuerySet[CallAttempt]":
    attempts = CallAttempt.objects.filter(
        request__created_at__gte=about.span.begins_at,
        request__created_at__lt=about.span.ends_at,
        **_of_inbox(about, "request__"),
    )
    return attempts if about.operator is None else attempts.filter(operator=about.operator)


def _waits(requests: "QuerySet[CallbackRequest]") -> tuple[Wait, Wait]:
    """Of those who were to be called right away, and of those who chose a later time."""
    called = requests.filter(first_attempt_at__isnull=False).order_by("-created_at")
    rules = "inbox__callback_rules__"
    rows: QuerySet[Any, Any] = called.values_list(
        "created_at",
        "first_attempt_at",
        "first_promised_until",
        "is_asap",
        f"{rules}asap_minutes",
        f"{rules}slot_minutes",
    )
    soon: list[timedelta] = []
    later: list[timedelta] = []
    for created_at, called_at, until, is_asap, asap_minutes, slot_minutes in rows[:WAITS]:
        length = _length("asap_minutes", asap_minutes) if is_asap else _length("slot_minutes", slot_minutes)
        begins_at = max(created_at, until - length)
        wait = max(called_at - begins_at, timedelta())
        # Planned anew it is no longer called "as soon as possible", but it was to be called from the first moment on.
        (soon if is_asap or begins_at == created_at else later).append(wait)
    return waited(soon), waited(later)


def _length(field: str, minutes: int | None) -> timedelta:
    """A site that has no rules any more had those that are usual."""
    usual: Any = CallbackRules._meta.get_field(field)
    return timedelta(minutes=usual.default if minutes is None else minutes)


def _by_local_hour(
    rows: "QuerySet[Any]", moment: str, zone: ZoneInfo, **counts: Count
) -> list[tuple[int, int, dict[str, int]]]:
    """Weekday, hour and counts, in the zone. The database groups by UTC: not every one knows the zones of the world."""
    quarter = Case(
        *[When(minute__lt=minutes, then=Value(minutes - 15)) for minutes in QUARTERS],
        default=Value(45),
        output_field=IntegerField(),
    )
    grouped = (
        rows.annotate(hour=TruncHour(moment, tzinfo=UTC), minute=ExtractMinute(moment, tzinfo=UTC))
        .annotate(quarter=quarter)
        .order_by()
        .values("hour", "quarter")
        .annotate(**counts)
    )
    found = []
    for row in grouped:
        local = (row["hour"] + timedelta(minutes=row["quarter"])).astimezone(zone)
        found.append((local.weekday(), local.hour, {name: row[name] for name in counts}))
    return found


def _week(asked: Iterable[tuple[int, int, dict[str, int]]]) -> Week:
    counts = [[0] * 24 for _ in range(7)]
    for weekday, hour, row in asked:
        counts[weekday][hour] += row["count"]
    return Week(counts)


def _hours(week: Week, called: Sequence[tuple[int, int, dict[str, int]]]) -> list[HourRow]:
    """The hours in which anything happened."""
    reached, ended = [0] * 24, [0] * 24
    for _weekday, hour, row in called:
        reached[hour] += row["reached"]
        ended[hour] += row["ended"]
    rows = [HourRow(hour, week.by_hour[hour], Share(reached[hour], ended[hour])) for hour in range(24)]
    return [row for row in rows if row.requests or row.reached.whole]


def _by_operator(attempts: "QuerySet[CallAttempt]") -> Iterable[dict[str, Any]]:
    named: QuerySet[Any, Any] = attempts.order_by().values("operator_id", "operator__public_name")
    counted = named.annotate(
        requests=Count("request", distinct=True), spoken=Sum("duration_seconds"), **_reached_attempts()
    )
    return counted.order_by("-attempts", "operator__public_name", "operator_id")[:OPERATORS]


def _operator_row(row: dict[str, Any]) -> OperatorRow:
    return OperatorRow(
        name=row["operator__public_name"] or "",
        requests=row["requests"],
        attempts=row["attempts"],
        reached=Share(row["reached"], row["ended"]),
        spoken=timedelta(seconds=row["spoken"] or 0),
    )


def _by_page(requests: "QuerySet[CallbackRequest]", now: datetime) -> Iterable[dict[str, Any]]:
    named: QuerySet[Any, Any] = requests.order_by().values("page")
    counted = named.annotate(requests=Count("pk"), **_outcomes(now))
    return counted.order_by("-requests", "page")[:PAGES]


def _page_row(row: dict[str, Any]) -> PageRow:
    return PageRow(row["page"], row["requests"], _kept(row), Share(row["reached"], row["called"]))
