from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shopchat.reports.shares import Share, Wait, waited
from shopchat.reports.spans import BadSpan, Span, last_days

KYIV = ZoneInfo("Europe/Kyiv")


def test_a_span_is_whole_days_of_its_zone_also_when_the_clocks_change():
    short = Span(date(2026, 3, 29), date(2026, 3, 29), KYIV)
    long = Span(date(2026, 10, 25), date(2026, 10, 25), KYIV)

    lengths = [one.ends_at.astimezone(UTC) - one.begins_at.astimezone(UTC) for one in (short, long)]

    assert lengths == [timedelta(hours=23), timedelta(hours=25)]
    assert (short.days, list(short)) == (1, [date(2026, 3, 29)])


def test_today_is_the_last_of_the_last_days():
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # the 23rd in Kyiv

    span = last_days(7, KYIV, now=now)

    assert (span.first, span.last, span.days) == (date(2026, 11, 17), date(2026, 11, 23), 7)
    assert last_days(7, KYIV).days == 7


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [(date(2026, 1, 2), date(2026, 1, 1), "order"), (date(2025, 1, 1), date(2026, 1, 2), "length")],
)
def test_days_that_no_report_can_be_about(first, last, reason):
    with pytest.raises(BadSpan) as refused:
        Span(first, last, KYIV)

    assert refused.value.reason == reason
    assert Span(date(2025, 1, 1), date(2026, 1, 1), KYIV).days == 366


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(0, 0, None), (0, 5, 0), (3, 4, 75), (2, 3, 67), (999, 1000, 99), (1, 1000, 1), (1000, 1000, 100)],
)
def test_only_all_are_a_hundred_percent(part, whole, percent):
    assert Share(part, whole).percent == percent


@pytest.mark.parametrize(("whole", "few"), [(0, False), (1, True), (19, True), (20, False)])
def test_small_numbers_are_known_as_such(whole, few):
    assert Share(0, whole).is_of_few is few
    assert Wait(whole).is_of_few is few


def test_the_median_is_not_moved_by_one_who_waited_long():
    waits = [timedelta(minutes=count) for count in (1, 2, 3, 4, 600)]

    wait = waited(waits)

    assert (wait.count, wait.median, wait.mean) == (5, timedelta(minutes=3), timedelta(minutes=122))
    assert waited([]) == Wait()
