from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import prefetch_related_objects
from hypothesis import given, settings
from hypothesis import strategies as st

from shopchat.operators.hours import is_open, merged, next_opening, openings, spans
from shopchat.operators.models import Schedule, ScheduleException, WorkingInterval
from tests.factories import ScheduleFactory
from tests.operators.clocks import hours_near_a_change, is_open_by_the_clock, quarters

pytestmark = pytest.mark.django_db


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23 06:59", False),  # Monday in Kyiv, UTC+2
        ("2026-11-23 07:00", True),
        ("2026-11-23 15:59", True),
        ("2026-11-23 16:00", False),
        ("2026-11-22 10:00", False),  # Sunday
        ("2026-07-06 06:00", True),  # Monday in summer, UTC+3
    ],
)
def test_open_by_the_clock_of_the_schedules_zone(moment, expected):
    assert is_open(ScheduleFactory(), at(moment)) is expected


def test_an_interval_may_last_until_midnight():
    schedule = ScheduleFactory(weekdays=[])
    WorkingInterval.objects.create(schedule=schedule, weekday=0, opens_at=time(20), closes_at=time(0))

    assert is_open(schedule, at("2026-11-23 21:59"))
    assert not is_open(schedule, at("2026-11-23 22:00"))


def test_the_next_opening_is_in_the_schedules_zone():
    opening = next_opening(ScheduleFactory(), at("2026-11-20 20:00"))  # Friday evening

    assert opening == at("2026-11-23 07:00")
    assert (opening.hour, opening.weekday()) == (9, 0)


def test_the_next_opening_may_be_a_week_away():
    assert next_opening(ScheduleFactory(weekdays=[0]), at("2026-11-23 08:00")) == at("2026-11-30 07:00")


def test_nothing_is_promised_without_hours():
    empty = ScheduleFactory(weekdays=[])

    assert not is_open(None, at("2026-11-23 08:00"))
    assert next_opening(None, at("2026-11-23 08:00")) is None
    assert next_opening(empty, at("2026-11-23 08:00")) is None


def test_the_change_to_winter_time_moves_the_opening_in_utc():
    schedule = ScheduleFactory(weekdays=[0])

    assert next_opening(schedule, at("2026-10-18 12:00")) == at("2026-10-19 06:00")
    assert next_opening(schedule, at("2026-10-25 12:00")) == at("2026-10-26 07:00")


def test_an_interval_has_a_length():
    with pytest.raises(IntegrityError):
        WorkingInterval.objects.create(
            schedule=ScheduleFactory(weekdays=[]), weekday=0, opens_at=time(9), closes_at=time(9)
        )


def test_a_zone_is_checked():
    with pytest.raises(ValidationError):
        Schedule(name="x", time_zone="Europe/Atlantis").full_clean()
    Schedule(name="x", time_zone="Europe/Kyiv").full_clean()


def test_names():
    schedule = ScheduleFactory()

    assert str(schedule) == "Weekdays"
    assert str(schedule.intervals.first()) == "0 09:00–18:00"


class TestOverMidnight:
    @pytest.fixture
    def nights(self):
        schedule = ScheduleFactory(weekdays=[])
        WorkingInterval.objects.create(schedule=schedule, weekday=0, opens_at=time(22), closes_at=time(6))
        return schedule

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-23 19:59", False),
            ("2026-11-23 20:00", True),
            ("2026-11-24 03:59", True),  # Tuesday, 5:59
            ("2026-11-24 04:00", False),
            ("2026-11-24 20:00", False),
        ],
    )
    def test_a_night_belongs_to_the_day_on_which_it_begins(self, nights, moment, expected):
        assert is_open(nights, at(moment)) is expected

    def test_a_whole_day(self):
        schedule = ScheduleFactory(weekdays=[])
        WorkingInterval.objects.create(schedule=schedule, weekday=0, opens_at=time(0), closes_at=time(0))

        assert spans(schedule, at("2026-11-20 00:00"), at("2026-11-27 00:00")) == [
            (at("2026-11-22 22:00"), at("2026-11-23 22:00"))
        ]

    def test_hours_that_touch_are_one_stretch(self, nights):
        WorkingInterval.objects.create(schedule=nights, weekday=1, opens_at=time(6), closes_at=time(9))
        nights = Schedule.objects.get()

        assert spans(nights, at("2026-11-23 00:00"), at("2026-11-25 00:00")) == [
            (at("2026-11-23 20:00"), at("2026-11-24 07:00"))
        ]
        assert next_opening(nights, at("2026-11-23 21:00")) == at("2026-11-30 20:00")

    def test_stretches_are_cut_where_one_asks_no_further(self, nights):
        assert spans(nights, at("2026-11-23 21:00"), at("2026-11-23 22:00")) == [
            (at("2026-11-23 21:00"), at("2026-11-23 22:00"))
        ]
        assert spans(nights, at("2026-11-24 04:00"), at("2026-11-30 20:00")) == []


class TestExceptions:
    def other(self, schedule, first, last=None, opens_at=None, closes_at=None):
        return ScheduleException.objects.create(
            schedule=schedule,
            first_day=date.fromisoformat(first),
            last_day=date.fromisoformat(last or first),
            opens_at=opens_at,
            closes_at=closes_at,
        )

    def test_a_closed_day_is_closed_for_this_schedule_only(self):
        schedule, other = ScheduleFactory(), ScheduleFactory()
        self.other(schedule, "2026-11-23")

        assert is_open(other, at("2026-11-23 08:00"))
        assert not is_open(schedule, at("2026-11-23 08:00"))
        assert is_open(schedule, at("2026-11-24 08:00"))
        assert next_opening(schedule, at("2026-11-22 08:00")) == at("2026-11-24 07:00")

    def test_a_long_holiday_is_looked_over(self):
        schedule = ScheduleFactory()
        self.other(schedule, "2026-11-23", "2027-01-31")

        assert next_opening(schedule, at("2026-11-22 08:00")) == at("2027-02-01 07:00")

    def test_other_hours_hold_instead_on_every_day_of_it(self):
        schedule = ScheduleFactory()
        self.other(schedule, "2026-11-27", "2026-11-28", time(10), time(12))

        assert spans(schedule, at("2026-11-27 00:00"), at("2026-11-29 00:00")) == [
            (at("2026-11-27 08:00"), at("2026-11-27 10:00")),
            (at("2026-11-28 08:00"), at("2026-11-28 10:00")),  # Saturday
        ]

    def test_rows_of_one_day_add_up(self):
        schedule = ScheduleFactory()
        self.other(schedule, "2026-11-23")
        self.other(schedule, "2026-11-23", None, time(14), time(16))
        self.other(schedule, "2026-11-23", None, time(10), time(12))

        assert spans(schedule, at("2026-11-23 00:00"), at("2026-11-24 00:00")) == [
            (at("2026-11-23 08:00"), at("2026-11-23 10:00")),
            (at("2026-11-23 12:00"), at("2026-11-23 14:00")),
        ]

    def test_the_night_before_a_closed_day_ends_at_midnight(self):
        schedule = ScheduleFactory(weekdays=[])
        for weekday in (0, 1):
            WorkingInterval.objects.create(schedule=schedule, weekday=weekday, opens_at=time(22), closes_at=time(6))
        self.other(schedule, "2026-11-24")

        assert spans(schedule, at("2026-11-23 12:00"), at("2026-11-25 12:00")) == [
            (at("2026-11-23 20:00"), at("2026-11-23 22:00"))
        ]

    def test_a_night_written_in_an_exception_holds_to_its_end(self):
        schedule = ScheduleFactory(weekdays=[])
        self.other(schedule, "2026-11-23", None, time(22), time(6))
        self.other(schedule, "2026-11-24")

        assert spans(schedule, at("2026-11-23 12:00"), at("2026-11-25 12:00")) == [
            (at("2026-11-23 20:00"), at("2026-11-24 04:00"))
        ]

    def test_it_is_named(self):
        exception = self.other(ScheduleFactory(), "2026-11-23")
        assert str(exception) == "2026-11-23"

        exception.name = "Inventory"

        assert str(exception) == "Inventory"


def day_of(zone, day, opens_at, closes_at):
    """The open time of one weekday in a zone, as texts in UTC."""
    schedule = ScheduleFactory(weekdays=[], time_zone=zone)
    day = date.fromisoformat(day)
    WorkingInterval.objects.create(
        schedule=schedule,
        weekday=day.weekday(),
        opens_at=time.fromisoformat(opens_at),
        closes_at=time.fromisoformat(closes_at),
    )
    around = datetime.combine(day, time(12), tzinfo=UTC)
    return [
        f"{begins:%d %H:%M} {ends:%d %H:%M}"
        for begins, ends in spans(schedule, around - timedelta(days=2), around + timedelta(days=2))
    ]


@pytest.mark.parametrize(
    ("zone", "day", "opens_at", "closes_at", "expected"),
    [
        # Kyiv, 29 March: 3:00 becomes 4:00 at 1:00 UTC. 25 October: 4:00 becomes 3:00 at 1:00 UTC.
        ("Europe/Kyiv", "2026-03-29", "09:00", "18:00", "29 06:00 29 15:00"),
        ("Europe/Kyiv", "2026-03-29", "00:00", "00:00", "28 22:00 29 21:00"),  # 23 hours
        ("Europe/Kyiv", "2026-03-29", "03:30", "05:00", "29 01:00 29 02:00"),  # begins in the gap
        ("Europe/Kyiv", "2026-03-29", "02:00", "03:30", "29 00:00 29 01:00"),  # ends in it
        ("Europe/Kyiv", "2026-03-29", "03:10", "03:50", ""),  # does not happen
        ("Europe/Kyiv", "2026-03-28", "22:00", "06:00", "28 20:00 29 03:00"),  # a night of 7 hours
        ("Europe/Kyiv", "2026-10-25", "09:00", "18:00", "25 07:00 25 16:00"),
        ("Europe/Kyiv", "2026-10-25", "00:00", "00:00", "24 21:00 25 22:00"),  # 25 hours
        ("Europe/Kyiv", "2026-10-25", "03:30", "05:00", "25 00:30 25 03:00"),  # from the first 3:30
        ("Europe/Kyiv", "2026-10-25", "02:00", "03:30", "24 23:00 25 00:30"),  # to the first 3:30
        ("Europe/Kyiv", "2026-10-24", "22:00", "06:00", "24 19:00 25 04:00"),  # a night of 9 hours
        # New York, 8 March: 2:00 becomes 3:00 at 7:00 UTC. 1 November: 2:00 becomes 1:00 at 6:00 UTC.
        ("America/New_York", "2026-03-08", "09:00", "18:00", "08 13:00 08 22:00"),
        ("America/New_York", "2026-03-08", "00:00", "00:00", "08 05:00 09 04:00"),
        ("America/New_York", "2026-03-08", "02:30", "04:00", "08 07:00 08 08:00"),
        ("America/New_York", "2026-03-08", "01:00", "02:30", "08 06:00 08 07:00"),
        ("America/New_York", "2026-11-01", "09:00", "18:00", "01 14:00 01 23:00"),
        ("America/New_York", "2026-11-01", "00:00", "00:00", "01 04:00 02 05:00"),
        ("America/New_York", "2026-11-01", "01:30", "03:00", "01 05:30 01 08:00"),
        ("America/New_York", "2026-11-01", "00:00", "01:30", "01 04:00 01 05:30"),
        # Lord Howe, 4 October: 2:00 becomes 2:30 at 15:30 UTC. 5 April: 2:00 becomes 1:30 at 15:00 UTC.
        ("Australia/Lord_Howe", "2026-10-04", "00:00", "00:00", "03 13:30 04 13:00"),  # 23.5 hours
        ("Australia/Lord_Howe", "2026-10-04", "02:10", "03:00", "03 15:30 03 16:00"),
        ("Australia/Lord_Howe", "2026-04-05", "00:00", "00:00", "04 13:00 05 13:30"),  # 24.5 hours
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "03:00", "04 14:45 04 16:30"),
        # Cairo, 24 April: midnight becomes 1:00. Apia had no 30 December 2011.
        ("Africa/Cairo", "2026-04-24", "00:00", "03:00", "23 22:00 24 00:00"),
        ("Africa/Cairo", "2026-04-23", "20:00", "00:00", "23 18:00 23 22:00"),
        ("Pacific/Apia", "2011-12-30", "09:00", "18:00", ""),
    ],
)
def test_hours_are_what_the_clock_on_the_wall_shows(zone, day, opens_at, closes_at, expected):
    assert day_of(zone, day, opens_at, closes_at) == list(filter(None, [expected]))


def test_hours_that_touch_in_a_gap_still_touch():
    schedule = ScheduleFactory(weekdays=[])
    for opens_at, closes_at in ((time(1), time(3, 30)), (time(3, 30), time(6))):
        WorkingInterval.objects.create(schedule=schedule, weekday=6, opens_at=opens_at, closes_at=closes_at)

    assert spans(schedule, at("2026-03-28 00:00"), at("2026-03-30 00:00")) == [
        (at("2026-03-28 23:00"), at("2026-03-29 03:00"))
    ]


def test_two_queries_read_a_schedule_and_none_one_that_is_prefetched(django_assert_num_queries):
    schedule = ScheduleFactory()

    with django_assert_num_queries(2):
        is_open(schedule, at("2026-11-23 08:00"))

    prefetch_related_objects([schedule], "intervals", "exceptions")
    with django_assert_num_queries(0):
        is_open(schedule, at("2026-11-23 08:00"))
        next_opening(schedule, at("2026-11-23 08:00"))


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(hours_near_a_change())
def test_open_time_is_what_a_clock_says_at_every_quarter_of_an_hour(scene):
    hours, moment = scene
    first, last = moment, moment + timedelta(days=2)

    found = list(merged(openings(hours, first, last)))

    by_the_clock = {quarter for quarter in quarters(first, last) if is_open_by_the_clock(hours, quarter)}
    assert {quarter for quarter in quarters(first, last) if any(b <= quarter < e for b, e in found)} == by_the_clock
    assert all(ends < begins for (_, ends), (begins, _) in pairwise(found))


@settings(max_examples=50, derandomize=True, deadline=None, database=None)
@given(hours_near_a_change(), st.integers(0, 60))
def test_openings_do_not_depend_on_where_one_begins_to_look(scene, later):
    hours, moment = scene
    last = moment + timedelta(days=4)
    since = moment + later * timedelta(hours=1)

    assert list(openings(hours, since, last)) == [span for span in openings(hours, moment, last) if span[1] > since]
