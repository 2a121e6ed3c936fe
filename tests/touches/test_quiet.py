from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from shopchat.touches.quiet import quiet_until
from shopchat.touches.zones import zone_of
from tests.factories import CallbackRequestFactory, ContactFactory, InboxFactory, ScheduleFactory

KYIV, NEW_YORK = ZoneInfo("Europe/Kyiv"), ZoneInfo("America/New_York")


def at(text, zone=KYIV):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def until(starts, ends, now):
    found = quiet_until(time.fromisoformat(starts), time.fromisoformat(ends), now=now, zone=now.tzinfo)
    return found and f"{found.astimezone(now.tzinfo):%d %H:%M}"


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-10T20:59", None),
        ("2026-11-10T21:00", "11 09:00"),
        ("2026-11-10T23:59", "11 09:00"),
        ("2026-11-11T00:00", "11 09:00"),
        ("2026-11-11T08:59", "11 09:00"),
        ("2026-11-11T09:00", None),
    ],
)
def test_a_night_goes_over_midnight(now, ends):
    assert until("21:00", "09:00", at(now)) == ends


def test_a_rest_within_one_day():
    assert until("13:00", "15:00", at("2026-11-10T14:00")) == "10 15:00"
    assert until("13:00", "15:00", at("2026-11-10T15:00")) is None


def test_the_same_times_mean_none():
    assert until("09:00", "09:00", at("2026-11-10T09:00")) is None


def test_clocks_put_forward_shorten_the_night():
    """In Kyiv 3:00 becomes 4:00 on 29 March 2026: the hour until 9:00 is an hour earlier in UTC."""
    found = quiet_until(time(21), time(9), now=at("2026-03-28T22:00"), zone=KYIV)

    assert found == datetime(2026, 3, 29, 6, tzinfo=UTC)


def test_an_end_that_no_clock_shows_is_when_clocks_are_put_forward():
    found = quiet_until(time(21), time(3, 30), now=at("2026-03-28T22:00"), zone=KYIV)

    assert found == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_the_hour_that_clocks_show_twice():
    """In Kyiv 4:00 becomes 3:00 on 25 October 2026. A night until 3:30 ends at the first 3:30, and once."""
    first, second = at("2026-10-25T03:15"), at("2026-10-25T03:15").replace(fold=1)

    assert quiet_until(time(21), time(3, 30), now=first.astimezone(UTC), zone=KYIV) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )
    assert quiet_until(time(21), time(3, 30), now=second.astimezone(UTC), zone=KYIV) is None


@pytest.mark.django_db
class TestZone:
    def test_what_the_browser_told_last_counts_then_the_shops_hours(self, settings):
        settings.TIME_ZONE = "UTC"
        inbox = InboxFactory(schedule=ScheduleFactory())
        contact, other = ContactFactory(), ContactFactory()
        CallbackRequestFactory(contact=contact, inbox=inbox, time_zone="Asia/Tokyo")
        CallbackRequestFactory(contact=contact, inbox=inbox, time_zone="America/New_York")
        CallbackRequestFactory(contact=other, inbox=inbox, time_zone="Mars/Olympus")

        assert zone_of(contact, inbox) == NEW_YORK
        assert zone_of(other, inbox) == zone_of(None, inbox) == KYIV
        assert zone_of(contact, InboxFactory(hostname="b.example")).key == "America/New_York"

    def test_without_hours_it_is_djangos(self, settings):
        settings.TIME_ZONE = "Europe/Kyiv"

        assert zone_of(None, InboxFactory()) == KYIV
