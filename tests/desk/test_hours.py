"""Working hours: a line of text for each weekday, errors beside it."""

from datetime import date, time

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from shopchat.desk.editing.hours import parse_day, write_day
from shopchat.operators.models import Schedule, ScheduleException, WorkingInterval
from tests.factories import ScheduleFactory


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("", []),
        (" , ", []),
        ("09:00-18:00", [(9, 18)]),
        ("9–13; 14 — 18", [(9, 13), (14, 18)]),
        ("14-18, 9-13", [(9, 13), (14, 18)]),
        ("9-13, 13-18", [(9, 13), (13, 18)]),
        ("18:00-24:00", [(18, 0)]),
        ("18.00-00.00", [(18, 0)]),
        ("0-24", [(0, 0)]),
        ("0-0", [(0, 0)]),
        ("22:00-06:00", [(22, 6)]),
        ("22-6, 9-13", [(9, 13), (22, 6)]),
        ("18-9", [(18, 9)]),
    ],
)
def test_what_can_be_read(text, intervals):
    assert parse_day(text) == [(time(opens), time(closes)) for opens, closes in intervals]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nine to five", "“nine to five” cannot be read"),
        ("9", "“9” cannot be read"),
        ("9-18 and more", "cannot be read"),
        ("٩-١٨", "cannot be read"),
        ("9-9", "“9-9” has no length. A whole day is 00:00–24:00."),
        ("24-3", "“24-3” begins when the day is over. Write it on the next day."),
        ("9-25", "is not a time of day"),
        ("9:60-18", "is not a time of day"),
        ("9-13, 12-18", "overlap"),
        ("18-24, 23-24", "overlap"),
        ("22-6, 23-24", "overlap"),
        ("20-6, 21-22", "overlap"),
        ("0-24, 9-10", "overlap"),
    ],
)
def test_what_cannot(text, reason):
    with pytest.raises(ValidationError, match=reason):
        parse_day(text)


def test_reading_what_was_written_changes_nothing():
    for written in ("00:00–03:30, 09:00–13:00, 14:00–24:00", "09:00–13:00, 22:00–06:00"):
        assert write_day(parse_day(written)) == written


def fields(**days):
    rows = {"other-TOTAL_FORMS": "0", "other-INITIAL_FORMS": "0"}
    return {"name": "Weekdays", "time_zone": "Europe/Kyiv", **{f"day_{n}": "" for n in range(7)}, **rows, **days}


def other(*rows, stored=0):
    """Fields of the other hours: name, first day, last day, times."""
    found = {"other-TOTAL_FORMS": str(len(rows)), "other-INITIAL_FORMS": str(stored)}
    for place, row in enumerate(rows):
        names = ("name", "first_day", "last_day", "times", "DELETE")
        found |= {f"other-{place}-{name}": value for name, value in zip(names, row, strict=False)}
    return found


def test_a_schedule_is_made_with_its_intervals(owner):
    response = owner.post(reverse("shopchat_hours:add"), fields(day_0="09:00–13:00, 14:00–18:00", day_6="10-24"))

    stored = WorkingInterval.objects.values_list("weekday", "opens_at", "closes_at")
    assert response.status_code == 302
    assert list(stored) == [(0, time(9), time(13)), (0, time(14), time(18)), (6, time(10), time(0))]


def test_a_change_replaces_the_intervals_of_this_schedule_only(owner):
    schedule, other = ScheduleFactory(), ScheduleFactory()
    url = reverse("shopchat_hours:edit", args=[schedule.pk])
    assert 'value="09:00–18:00"' in owner.get(url).content.decode()

    owner.post(url, fields(day_5="11-15"))

    assert [str(interval) for interval in schedule.intervals.all()] == ["5 11:00–15:00"]
    assert other.intervals.count() == 5


def test_errors_stand_beside_the_field_and_keep_what_was_typed(owner):
    response = owner.post(reverse("shopchat_hours:add"), fields(day_2="nine to five"))
    page = response.content.decode()

    assert response.status_code == 200
    assert "“nine to five” cannot be read." in page
    assert 'value="nine to five"' in page
    assert not Schedule.objects.exists()


def test_the_time_zone_must_exist(owner):
    response = owner.post(reverse("shopchat_hours:add"), {**fields(), "time_zone": "Europe/Atlantis"})

    assert response.status_code == 200
    assert not Schedule.objects.exists()


def test_a_new_schedule_begins_in_the_shops_zone(owner):
    page = owner.get(reverse("shopchat_hours:add")).content.decode()

    assert '<option value="Europe/Kyiv" selected>' in page


def test_a_night_is_stored_as_it_was_written(owner):
    owner.post(reverse("shopchat_hours:add"), fields(day_0="22:00-06:00", day_1="06:00-09:00"))

    schedule = Schedule.objects.get()
    assert [str(interval) for interval in schedule.intervals.all()] == ["0 22:00–06:00", "1 06:00–09:00"]
    assert 'value="22:00–06:00"' in owner.get(reverse("shopchat_hours:edit", args=[schedule.pk])).content.decode()


@pytest.mark.parametrize(
    ("days", "field", "told"),
    [
        ({"day_0": "22-6", "day_1": "5-9"}, "day_0", "“22:00–06:00” lasts into the hours of the next day (Tuesday)"),
        ({"day_6": "20-3", "day_0": "2:30-9"}, "day_6", "next day (Monday), which begin at 02:30. End it by then"),
    ],
)
def test_a_night_that_lasts_into_the_next_days_hours_is_refused(owner, days, field, told):
    response = owner.post(reverse("shopchat_hours:add"), fields(**days))

    assert list(response.context["form"].errors) == [field]
    assert told in response.content.decode()
    assert not Schedule.objects.exists()


class TestOtherHours:
    def test_they_are_stored_and_shown(self, owner):
        rows = other(
            ("New Year", "2026-12-31", "2027-01-02", ""),
            ("Before the feast", "2026-12-30", "", "10-12, 14-16"),
            ("", "", "", ""),
        )

        response = owner.post(reverse("shopchat_hours:add"), fields(**rows))

        schedule = Schedule.objects.get()
        stored = schedule.exceptions.values_list("name", "first_day", "last_day", "opens_at", "closes_at")
        assert response.status_code == 302
        assert list(stored) == [
            ("Before the feast", date(2026, 12, 30), date(2026, 12, 30), time(10), time(12)),
            ("Before the feast", date(2026, 12, 30), date(2026, 12, 30), time(14), time(16)),
            ("New Year", date(2026, 12, 31), date(2027, 1, 2), None, None),
        ]
        page = owner.get(reverse("shopchat_hours:edit", args=[schedule.pk])).content.decode()
        for value in ("New Year", "2026-12-31", "2027-01-02", "10:00–12:00, 14:00–16:00"):
            assert page.count(f'value="{value}"') == 1

    def test_a_change_replaces_those_of_this_schedule_only(self, owner):
        schedule, untouched = ScheduleFactory(), ScheduleFactory()
        for one in (schedule, untouched):
            ScheduleException.objects.create(schedule=one, first_day=date(2026, 12, 31), last_day=date(2026, 12, 31))

        owner.post(
            reverse("shopchat_hours:edit", args=[schedule.pk]),
            fields(**other(("", "2026-12-31", "", "", "on"), ("Inventory", "2027-01-03", "", ""), stored=1)),
        )

        assert [str(one) for one in schedule.exceptions.all()] == ["Inventory"]
        assert untouched.exceptions.count() == 1

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            (("Feast", "", "", ""), "This field is required."),
            (("", "2026-12-31", "2026-12-30", ""), "This is before the first day."),
            (("", "tomorrow", "", ""), "Enter a valid date."),
            (("", "2026-12-31", "", "all day"), "“all day” cannot be read."),
            (("x" * 81, "2026-12-31", "", ""), "at most 80 characters"),
        ],
    )
    def test_errors_stand_beside_the_field_and_keep_what_was_typed(self, owner, row, told):
        response = owner.post(reverse("shopchat_hours:add"), fields(day_0="9-18", **other(row)))

        page = response.content.decode()
        assert response.status_code == 200
        assert told in page
        for typed in filter(None, row):
            assert f'value="{typed}"' in page
        assert 'value="9-18"' in page
        assert not Schedule.objects.exists()

    def test_both_parts_of_the_form_tell_their_errors_at_once(self, owner):
        page = owner.post(
            reverse("shopchat_hours:add"), fields(day_2="nine to five", **other(("Feast", "", "", "")))
        ).content.decode()

        assert "“nine to five” cannot be read." in page
        assert "This field is required." in page

    def test_without_the_formsets_own_fields_nothing_is_lost(self, owner):
        schedule = ScheduleFactory()
        sent = {key: value for key, value in fields().items() if not key.startswith("other-")}

        response = owner.post(reverse("shopchat_hours:edit", args=[schedule.pk]), sent)

        assert response.status_code == 200
        assert schedule.intervals.count() == 5
