"""What holds of every slot and every repeated call, whatever the hours, the zone and the day. On plain values."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from shopchat.callbacks.models import CallbackRules
from shopchat.callbacks.slots import callable_time, customers_day, first_stretch, lay_out, window, with_seats
from shopchat.operators.hours import merged, openings
from tests.operators.clocks import QUARTER, hours_near_a_change, is_open_by_the_clock, quarters

quick = settings(max_examples=60, derandomize=True, deadline=None, database=None)

DAY = timedelta(days=1)
# From -11 to +14, with half hours, quarters, and clocks that are changed and not.
CUSTOMERS = [
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "Pacific/Marquesas",
    "America/New_York",
    "America/St_Johns",
    "UTC",
    "Europe/Kyiv",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]

rules = st.builds(
    CallbackRules,
    slot_minutes=st.sampled_from([15, 30, 60, 120]),
    lead_minutes=st.sampled_from([0, 15, 90, 1500]),
    horizon_days=st.integers(1, 3),
)


def laid_out(rules, hours, now):
    first, last = window(rules, hours, now)
    slots = lay_out(openings(hours, first, last), timedelta(minutes=rules.slot_minutes))
    return [(begins, ends) for begins, ends in slots if first <= begins < last]


@quick
@given(hours_near_a_change(), rules)
def test_every_slot_is_whole_inside_open_time(scene, rules):
    hours, now = scene

    for begins, ends in laid_out(rules, hours, now):
        assert ends - begins == timedelta(minutes=rules.slot_minutes)
        assert all(is_open_by_the_clock(hours, quarter) for quarter in quarters(begins, ends))


@quick
@given(hours_near_a_change(), rules)
def test_slots_follow_each_other_between_the_notice_and_the_horizon(scene, rules):
    hours, now = scene

    found = laid_out(rules, hours, now)

    assert all(ends <= begins for (_, ends), (begins, _) in pairwise(found))
    for begins, _ends in found:
        assert begins >= now + timedelta(minutes=rules.lead_minutes)
        days = begins.astimezone(hours.zone).date() - now.astimezone(hours.zone).date()
        assert days <= rules.horizon_days * DAY


@quick
@given(hours_near_a_change(), rules, st.integers(0, 40))
def test_a_slot_stays_where_it_was_when_one_looks_again_later(scene, rules, later):
    hours, now = scene
    before = laid_out(rules, hours, now)
    now += later * timedelta(minutes=7)

    after = laid_out(rules, hours, now)

    first, _last = window(rules, hours, now)
    kept = [slot for slot in before if slot[0] >= first]
    assert after[: len(kept)] == kept


@quick
@given(hours_near_a_change(), rules)
def test_no_time_is_wasted_that_would_hold_a_slot(scene, rules):
    """Else a shop that offers nothing would keep all that is promised above."""
    hours, now = scene
    first, last = window(rules, hours, now)
    length = timedelta(minutes=rules.slot_minutes)

    found = laid_out(rules, hours, now)

    for begins, ends in openings(hours, first, last):
        inside = [slot for slot in found if begins <= slot[0] < ends]
        assert len(inside) == sum(first <= begins + n * length < last for n in range((ends - begins) // length))


stretches = st.lists(st.tuples(st.integers(0, 32), st.integers(1, 12)), min_size=1, max_size=8)
open_times = st.just([(0, 36)]) | stretches  # all of the time, or some of it


def at(quarter):
    return datetime(2026, 11, 23, tzinfo=UTC) + quarter * QUARTER


def spans(drawn):
    return sorted((at(begins), at(begins + length)) for begins, length in drawn)


@quick
@given(
    open_times,
    st.lists(st.tuples(open_times, st.integers(1, 3)), max_size=3),
    stretches,
    st.sampled_from([1, 2, 4]),
    st.integers(1, 3),
)
def test_a_slot_has_a_seat_for_each_call_that_can_be_made_and_is_not_promised(shop, duty, taken, length, calls):
    """Counted here one by one; seats that were promised may be of slots of any length."""
    slots = list(lay_out(merged(spans(shop)), length * QUARTER))
    duty = [(list(merged(spans(drawn))), count) for drawn, count in duty]
    taken = spans(taken)

    for slot in with_seats(slots, duty=duty, calls=calls, taken=taken):
        operators = sum(count for own, count in duty if any(b <= slot.begins_at and slot.ends_at <= e for b, e in own))
        overlapping = sum(begins < slot.ends_at and slot.begins_at < ends for begins, ends in taken)
        assert slot.free == max(operators * calls - overlapping, 0)


@quick
@given(
    hours_near_a_change(),
    st.sampled_from(CUSTOMERS),
    st.tuples(st.integers(0, 12), st.integers(13, 23)),
)
def test_a_repeated_call_is_in_the_customers_day_and_the_shops_hours(scene, zone, day):
    hours, since = scene
    starts, ends = time(day[0]), time(day[1])

    found = [
        span
        for span in callable_time(hours, customers_day(starts, ends, ZoneInfo(zone)), since)
        if span[0] < since + 2 * DAY
    ]

    def is_fine(moment):
        day = customers_day(starts, ends, ZoneInfo(zone))
        return is_open_by_the_clock(hours, moment) and is_open_by_the_clock(day, moment)

    inside = {moment for moment in quarters(since, since + 2 * DAY) if is_fine(moment)}
    assert {q for q in quarters(since, since + 2 * DAY) if any(b <= q < e for b, e in found)} == inside
    assert all(begins >= since for begins, _ends in found)


@quick
@given(hours_near_a_change(), st.sampled_from(CUSTOMERS), st.sampled_from([15, 30, 120]))
def test_a_call_is_repeated_in_the_first_stretch_that_is_long_enough_for_it(scene, zone, minutes):
    hours, since = scene
    day, length = customers_day(time(9), time(20), ZoneInfo(zone)), timedelta(minutes=minutes)
    possible = list(callable_time(hours, day, since))

    found = first_stretch(hours, day, since, length)

    if not possible:
        assert found is None
        return
    begins, ends = found
    assert begins >= since
    assert timedelta(0) < ends - begins <= length
    assert any(first <= begins and ends <= last for first, last in possible)
    earlier = [last - first for first, last in possible if first < begins]
    assert all(skipped < QUARTER for skipped in earlier)
