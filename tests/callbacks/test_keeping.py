"""Promises that hours changed afterwards have left without anybody to keep them."""

from datetime import date

import pytest

from shopchat.callbacks.keeping import unkept
from shopchat.operators.models import ScheduleException, WorkingInterval
from tests.callbacks.test_slots import NOW, at, booked, on_duty
from tests.factories import CallbackRulesFactory, InboxFactory, ScheduleFactory

pytestmark = pytest.mark.django_db


def found(now=NOW):
    return [request.pk for request in unkept(now=now)]


def test_what_somebody_can_keep_is_not_found():
    rules = CallbackRulesFactory()
    on_duty()
    for _ in range(2):
        booked(rules)

    assert found() == []


def test_a_holiday_leaves_those_who_were_promised_a_time_in_it():
    rules = CallbackRulesFactory()
    on_duty()
    today, tomorrow = booked(rules), booked(rules, "20261124T0700Z")
    ScheduleException.objects.create(
        schedule=rules.schedule, name="Inventory", first_day=date(2026, 11, 24), last_day=date(2026, 11, 24)
    )

    assert found() == [tomorrow.pk]
    assert today.pk not in found()


def test_fewer_operators_leave_those_whose_seats_are_gone():
    rules = CallbackRulesFactory()
    on_duty()
    second = on_duty()
    promised = [booked(rules) for _ in range(4)]

    second.takes_calls = False
    second.save()

    assert found() == [request.pk for request in promised[2:]]


def test_a_free_lower_seat_is_somebodys_place():
    rules = CallbackRulesFactory(calls_per_operator=1)
    on_duty()
    second = on_duty()
    first, other = booked(rules), booked(rules)
    first.state, first.slot_at, first.slot_until, first.seat = "cancelled", None, None, None
    first.save()

    second.delete()

    assert other.seat == 2
    assert found() == []


def test_hours_on_the_phone_count():
    rules = CallbackRulesFactory()
    operator = on_duty()
    request = booked(rules)

    operator.call_schedule = ScheduleFactory()
    operator.call_schedule.intervals.all().delete()
    WorkingInterval.objects.create(schedule=operator.call_schedule, weekday=3, opens_at="09:00", closes_at="18:00")
    operator.save()

    assert found() == [request.pk]


def test_what_is_past_finished_or_of_a_site_without_rules_is_left_alone():
    rules, other = CallbackRulesFactory(), CallbackRulesFactory(inbox=InboxFactory(hostname="other.test"))
    on_duty()
    booked(rules)
    done = booked(rules, "20261123T0730Z")
    done.state = "done"
    done.save()
    booked(other, "20261123T0800Z")
    other.delete()
    WorkingInterval.objects.all().delete()

    assert found(at("2026-11-23 07:10")) == []


def test_it_takes_as_many_queries_for_many_as_for_one(django_assert_max_num_queries):
    rules = CallbackRulesFactory(calls_per_operator=9)
    on_duty()
    for _ in range(9):
        booked(rules)

    with django_assert_max_num_queries(4):
        unkept(now=NOW)
