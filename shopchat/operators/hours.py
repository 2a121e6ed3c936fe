"""Reading a schedule: open now, and if not, from when; and which stretches of time it covers.

Schedules speak of wall times, this module answers in moments. A wall time that the clock shows twice is the first of the
two; one that it skips is the moment at which it jumps. So times keep their order, and hours that touch still touch.

An interval belongs to the day on which it opens. A day with exceptions has their times and no others: a night of the
week that began the day before ends at its midnight. Times written in an exception hold to their end, over midnight too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shopchat.operators.models import Schedule

Span = tuple[datetime, datetime]
Times = tuple[time, time]

MIDNIGHT = time(0, 0)
DAY = timedelta(days=1)
FAR = timedelta(days=400)  # who opens later than that has not said when
REACH = 3 * DAY  # what opened earlier cannot touch a moment, nor what touches it


@dataclass(frozen=True)
class Hours:
    """A schedule as plain values. ``week`` has seven entries, Monday's first; of exceptions, no times means closed."""

    zone: ZoneInfo
    week: tuple[tuple[Times, ...], ...]
    exceptions: tuple[tuple[date, date, Times | None], ...] = ()

    def on(self, day: date) -> list[Span]:
        """The openings that belong to ``day``, by their beginning. They may overlap."""
        own = self._excepted(day)
        if own is not None:
            return sorted(self._span(day, times) for times in own)
        nights_end = self._excepted(day + DAY) is not None
        return sorted(self._span(day, times, cut=nights_end) for times in self.week[day.weekday()])

    def _excepted(self, day: date) -> list[Times] | None:
        """The times of a day with exceptions, ``None`` for a day like every week's."""
        rows = [times for first, last, times in self.exceptions if first <= day <= last]
        return [times for times in rows if times is not None] if rows else None

    def _span(self, day: date, times: Times, *, cut: bool = False) -> Span:
        opens, closes = times
        over_midnight = closes <= opens
        ends = moment(day + DAY if over_midnight else day, MIDNIGHT if over_midnight and cut else closes, self.zone)
        return moment(day, opens, self.zone), ends


def hours_of(schedule: Schedule) -> Hours:
    """Two queries, or none where ``intervals`` and ``exceptions`` are prefetched."""
    intervals = list(schedule.intervals.all())
    week = [[(row.opens_at, row.closes_at) for row in intervals if row.weekday == weekday] for weekday in range(7)]
    exceptions = [
        (
            row.first_day,
            row.last_day,
            None if row.opens_at is None or row.closes_at is None else (row.opens_at, row.closes_at),
        )
        for row in schedule.exceptions.all()
    ]
    return Hours(ZoneInfo(schedule.time_zone), tuple(tuple(day) for day in week), tuple(exceptions))


def is_open(schedule: Schedule | None, at: datetime) -> bool:
    """Whether somebody is meant to answer at this moment. Without a schedule nothing is promised: ``False``."""
    if schedule is None:
        return False
    return any(begins <= at < ends for begins, ends in openings(hours_of(schedule), at, at))


def next_opening(schedule: Schedule | None, at: datetime) -> datetime | None:
    """The next moment after ``at`` when closed hours end, in the schedule's zone; ``None`` if there is none."""
    if schedule is None:
        return None
    hours = hours_of(schedule)
    begins = next((begins for begins, _ends in merged(openings(hours, at, at + FAR)) if begins > at), None)
    return begins and begins.astimezone(hours.zone)


def spans(schedule: Schedule, first: datetime, last: datetime) -> list[Span]:
    """The open time from ``first`` to ``last``, in UTC: in order, apart from each other, cut at both ends."""
    return [
        (max(begins, first), min(ends, last))
        for begins, ends in merged(openings(hours_of(schedule), first, last))
        if begins < last
    ]


def openings(hours: Hours, first: datetime, last: datetime) -> Iterator[Span]:
    """Every opening that touches the time from ``first`` to ``last``, whole, in UTC and in order.

    None overlaps another: where two would, the later one begins when the earlier one ends.
    """
    day, last_day = (first - REACH).astimezone(hours.zone).date(), last.astimezone(hours.zone).date()
    until = first - REACH - DAY
    while day <= last_day:
        for opens, ends in hours.on(day):
            begins = max(opens, until)
            until = max(until, ends)
            if begins < ends and ends > first and begins <= last:
                yield begins, ends
        day += DAY


def merged(stretches: Iterable[Span]) -> Iterator[Span]:
    """Stretches in order, with those joined that touch or overlap."""
    current: Span | None = None
    for begins, ends in stretches:
        if current is None:
            current = begins, ends
        elif begins <= current[1]:
            current = current[0], max(current[1], ends)
        else:
            yield current
            current = begins, ends
    if current is not None:
        yield current


def common(some: Iterable[Span], others: Iterable[Span]) -> Iterator[Span]:
    """The time that is in both. Each must be in order and apart, as :func:`merged` leaves them."""
    left, right = iter(some), iter(others)
    one, other = next(left, None), next(right, None)
    while one is not None and other is not None:
        begins, ends = max(one[0], other[0]), min(one[1], other[1])
        if begins < ends:
            yield begins, ends
        if one[1] <= other[1]:
            one = next(left, None)
        else:
            other = next(right, None)


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When the clocks of ``zone`` show this time on this day, in UTC."""
    wall = datetime.combine(day, clock, tzinfo=zone)
    found = wall.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return found
    return _jump(zone, wall.replace(fold=1).astimezone(UTC), found)


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the clocks are put forward, which lies between the two moments."""
    offset = before.astimezone(zone).utcoffset()
    seconds = int((after - before).total_seconds())
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)
