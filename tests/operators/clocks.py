"""Hours as a person with a clock on the wall would keep them, minute by minute: what the module's answers are held to."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shopchat.operators.hours import Hours

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
MIDNIGHT = time(0)

# Zones with a day near which their clocks are changed. The last ones: by half an hour, by two hours, at midnight, a
# whole day left out, never; and the zones that are farthest from UTC.
CHANGES = [
    ("Europe/Kyiv", date(2026, 3, 29)),
    ("Europe/Kyiv", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Antarctica/Troll", date(2026, 3, 29)),
    ("Antarctica/Troll", date(2026, 10, 25)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Pacific/Pago_Pago", date(2026, 6, 1)),
    ("Pacific/Kiritimati", date(2026, 6, 1)),
]

clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
pairs = st.tuples(clock_times, clock_times).filter(lambda pair: pair[0] != pair[1] or pair[0] == MIDNIGHT)


@st.composite
def hours_near_a_change(draw):
    """Any hours, overlapping ones too, and a moment near a day on which something happens to the clocks."""
    name, day = draw(st.sampled_from(CHANGES))
    week = tuple(tuple(draw(st.lists(pairs, max_size=2))) for _ in range(7))
    days = st.integers(-2, 2).map(lambda offset: day + offset * DAY)
    exceptions = [
        (first, first + length * DAY, times)
        for first, length, times in draw(st.lists(st.tuples(days, st.integers(0, 2), st.none() | pairs), max_size=2))
    ]
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + draw(st.integers(-96, 96)) * QUARTER
    return Hours(ZoneInfo(name), week, tuple(exceptions)), moment


def is_open_by_the_clock(hours, at):
    """Whether the shop is open at this moment, by nothing but what the clock on its wall shows."""
    wall = _wall(at, hours.zone)
    return any(
        opens <= wall < closes for day in (wall.date() - DAY, wall.date()) for opens, closes in _openings(hours, day)
    )


def quarters(first, last):
    """Every quarter of an hour from ``first`` up to ``last``."""
    while first < last:
        yield first
        first += QUARTER


def _wall(at, zone):
    """What the clock shows. In an hour that comes twice all its times are over once it comes again."""
    if at.astimezone(zone).fold == 0:
        return at.astimezone(zone).replace(tzinfo=None)
    while at.astimezone(zone).fold:
        at -= timedelta(minutes=1)
    return at.astimezone(zone).replace(tzinfo=None) + timedelta(seconds=59)


def _openings(hours, day):
    rows = [times for first, last, times in hours.exceptions if first <= day <= last]
    tomorrow = day + DAY
    excepted_tomorrow = any(first <= tomorrow <= last for first, last, _times in hours.exceptions)
    for opens, closes in filter(None, rows) if rows else hours.week[day.weekday()]:
        end = datetime.combine(day if closes > opens else tomorrow, closes)
        if not rows and excepted_tomorrow:
            end = min(end, datetime.combine(tomorrow, MIDNIGHT))
        yield datetime.combine(day, opens), end
