"""When to call again. The zone is Kyiv's, UTC+2; calls are made on weekdays from 9:00 to 18:00 there."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from shopchat.callbacks import working
from shopchat.callbacks.models import CallbackRequest
from shopchat.conversations.models import Delivery, Message
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    IdentityFactory,
    OperatorFactory,
    client_id,
)

pytestmark = pytest.mark.django_db

KYIV = ZoneInfo("Europe/Kyiv")


def at(day, clock):
    """A moment of the week of the 23rd of November 2026, a Monday."""
    return datetime.fromisoformat(f"2026-11-{day} {clock}").replace(tzinfo=KYIV).astimezone(UTC)


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna", takes_calls=True)


def wants(now, **kwargs):
    fields = {"due_at": now - timedelta(minutes=5), "promised_until": now + timedelta(minutes=10), **kwargs}
    return CallbackRequestFactory(created_at=now - timedelta(hours=1), **fields)


def call(request, operator, now, outcome="no_answer", **kwargs):
    with time_machine.travel(now, tick=False):
        working.record(request, operator, attempt=None, outcome=outcome, client_id=client_id(), **kwargs)
    request = CallbackRequest.objects.get(pk=request.pk)
    return request, request.due_at.astimezone(KYIV), request.promised_until.astimezone(KYIV)


def events(request):
    rows = Message.objects.filter(conversation=request.conversation_id).order_by("seq")
    return list(rows.values_list("event", flat=True))


class TestTheRule:
    def test_half_an_hour_then_two_hours_then_the_next_days_first_hour_then_no_more(self, anna):
        CallbackRulesFactory()
        request = wants(at(23, "10:00"))

        request, due, until = call(request, anna, at(23, "10:00"))
        assert (request.state, due, until) == ("waiting", at(23, "10:30"), at(23, "11:00"))
        request, due, until = call(request, anna, at(23, "10:31"))
        assert (request.state, due, until) == ("waiting", at(23, "12:31"), at(23, "13:01"))
        request, due, until = call(request, anna, at(23, "12:40"))
        assert (request.state, due, until) == ("waiting", at(24, "09:00"), at(24, "10:00"))
        request, due, until = call(request, anna, at(24, "09:20"))

        assert (request.state, request.outcome, request.open_phone) == ("done", "no_answer", None)
        assert (request.attempts_made, request.first_attempt_at, request.reached_at) == (4, at(23, "10:00"), None)
        assert events(request) == [
            "callback_taken",
            *["callback_called", "callback_tried"] * 3,
            "callback_called",
            "callback_done",
        ]

    def test_a_busy_line_is_tried_again_like_any(self, anna):
        CallbackRulesFactory()

        request, due, _until = call(wants(at(23, "10:00")), anna, at(23, "10:00"), outcome="busy")

        assert (request.state, request.outcome, due) == ("waiting", "busy", at(23, "10:30"))

    def test_further_calls_come_in_the_first_hours_of_further_days(self, anna):
        CallbackRulesFactory(max_repeats=4)
        request = wants(at(23, "10:00"))
        for day, clock in ((23, "10:00"), (23, "10:31"), (23, "12:40")):
            request, *_times = call(request, anna, at(day, clock))

        request, due, until = call(request, anna, at(24, "09:10"))

        assert (request.state, due, until) == ("waiting", at(25, "09:00"), at(25, "10:00"))

    def test_a_shop_may_call_once_and_no_more(self, anna):
        CallbackRulesFactory(max_repeats=0)

        request, *_times = call(wants(at(23, "10:00")), anna, at(23, "10:00"))

        assert (request.state, request.attempts_made) == ("done", 1)

    def test_the_shops_own_rule(self, anna):
        CallbackRulesFactory(max_repeats=1, retry_minutes=[45])

        request, due, _until = call(wants(at(23, "10:00")), anna, at(23, "10:00"))
        assert due == at(23, "10:45")
        request, *_times = call(request, anna, at(23, "10:50"))

        assert request.state == "done"

    @pytest.mark.parametrize(
        ("now", "zone", "again"),
        [
            (at(23, "17:10"), "Europe/Kyiv", at(23, "17:40")),
            (at(23, "17:40"), "Europe/Kyiv", at(24, "09:00")),  # the shop closes at 18
            (at(27, "17:40"), "Europe/Kyiv", at(30, "09:00")),  # and for the weekend
            (at(23, "13:40"), "Asia/Tokyo", at(24, "09:00")),  # 20:40 in Tokyo: tomorrow at 16:00 there
            (at(23, "09:30"), "America/New_York", at(23, "16:00")),  # 2:30 in New York, whose day begins at 9
            (at(23, "10:00"), "Nowhere/Atall", at(23, "10:30")),
        ],
    )
    def test_only_in_the_hours_of_calls_and_in_the_customers_day(self, anna, now, zone, again):
        CallbackRulesFactory()

        _request, due, _until = call(wants(now, time_zone=zone), anna, now)

        assert due == again

    @pytest.mark.parametrize(
        ("now", "again"),
        [
            (at(23, "10:00"), (at(23, "10:30"), at(23, "11:00"))),
            (at(23, "17:40"), (at(24, "09:00"), at(24, "09:30"))),
            (at(27, "17:40"), (at(30, "09:00"), at(30, "09:30"))),
        ],
    )
    @pytest.mark.parametrize(
        ("zone", "day"),
        [
            ("Pacific/Pago_Pago", {}),  # 20:00 to 5:00 there
            ("Europe/Kyiv", {"day_starts_at": "03:00", "day_ends_at": "04:00"}),
        ],
    )
    def test_where_the_hours_never_meet_the_hours_of_calls_hold(self, anna, now, again, zone, day):
        CallbackRulesFactory(**day)

        _request, due, until = call(wants(now, time_zone=zone), anna, now)

        assert (due, until) == again

    @pytest.mark.parametrize(("now", "again"), [(at(23, "12:40"), at(24, "09:00")), (at(27, "12:40"), at(30, "09:00"))])
    def test_and_so_does_the_first_hour_of_the_shops_next_open_day(self, anna, now, again):
        CallbackRulesFactory(retry_minutes=[])

        _request, due, until = call(wants(now, time_zone="Pacific/Pago_Pago"), anna, now)

        assert (due, until) == (again, again + timedelta(hours=1))

    @pytest.mark.parametrize("retry_minutes", [[30], []])
    @pytest.mark.parametrize(
        ("now", "again", "ends"),
        [
            (at(23, "10:00"), at(24, "10:00"), at(24, "11:00")),
            (at(23, "08:00"), at(24, "09:30"), at(24, "10:30")),
            (at(23, "16:20"), at(24, "16:00"), at(24, "17:00")),
            (at(23, "23:50"), at(24, "16:00"), at(24, "17:00")),
            (at(23, "02:00"), at(24, "09:30"), at(24, "10:30")),
        ],
    )
    def test_where_the_shop_has_no_hours_it_is_tomorrow_in_the_day_of_customers(
        self, anna, now, again, ends, retry_minutes
    ):
        rules = CallbackRulesFactory(day_starts_at="09:30", day_ends_at="17:00", retry_minutes=retry_minutes)
        rules.schedule.intervals.all().delete()

        request, due, until = call(wants(now, time_zone="Pacific/Pago_Pago"), anna, now)

        assert (request.state, due, until) == ("waiting", again, ends)

    def test_not_before_the_pause_is_over(self, anna):
        rules = CallbackRulesFactory(retry_minutes=[1500])  # 25 hours
        rules.schedule.intervals.all().delete()
        evening = wants(at(23, "21:00"))

        _request, due, _until = call(wants(at(23, "10:00")), anna, at(23, "10:00"))
        assert due == at(24, "11:00")
        _request, due, _until = call(evening, anna, at(23, "21:00"))

        assert due == at(25, "09:00")  # the day ends before the pause does

    @pytest.mark.parametrize(
        ("now", "again"),
        [
            (at(23, "10:00"), at(24, "10:00")),
            (at(23, "23:50"), at(24, "19:00")),
            (at(23, "02:00"), at(24, "09:00")),
        ],
    )
    def test_without_rules_too(self, anna, now, again):
        request, due, until = call(wants(now), anna, now)

        assert (request.state, due, until) == ("waiting", again, again + timedelta(hours=1))


class TestSlots:
    def test_a_slot_that_is_still_to_come_stays(self, anna):
        CallbackRulesFactory()
        slot = {"slot_at": at(23, "15:00"), "slot_until": at(23, "15:30"), "seat": 2}
        request = wants(at(23, "10:00"), due_at=at(23, "15:00"), promised_until=at(23, "15:30"), **slot)

        request, due, until = call(request, anna, at(23, "10:00"))

        assert (due, until, request.slot_at, request.seat) == (at(23, "15:00"), at(23, "15:30"), at(23, "15:00"), 2)
        assert request.attempts_made == 1

    def test_one_that_has_begun_is_given_back(self, anna):
        CallbackRulesFactory()
        slot = {"slot_at": at(23, "10:00"), "slot_until": at(23, "10:30"), "seat": 1}

        request, _due, _until = call(wants(at(23, "10:10"), is_asap=True, **slot), anna, at(23, "10:10"))

        assert (request.slot_at, request.slot_until, request.seat, request.is_asap) == (None, None, None, False)

    def test_who_named_another_time_is_tried_as_often_again(self, anna):
        CallbackRulesFactory(max_repeats=1)
        request, *_times = call(wants(at(23, "10:00")), anna, at(23, "10:00"))
        request, *_times = call(request, anna, at(23, "10:35"), outcome="call_later", slot="20261123T1000Z")

        request, due, _until = call(request, anna, at(23, "12:10"))

        assert (request.state, due, request.attempts_made) == ("waiting", at(23, "12:40"), 3)

    def test_calls_for_others_do_not_count(self, anna):
        CallbackRulesFactory(max_repeats=1)
        CallAttemptFactory(outcome="no_answer")

        request, *_times = call(wants(at(23, "10:00")), anna, at(23, "10:00"))

        assert request.is_waiting()


class TestTelling:
    def test_customers_read_what_comes_next(self, anna):
        CallbackRulesFactory()
        request = wants(at(23, "10:00"))

        call(request, anna, at(23, "10:00"))

        line = Message.objects.visible_to_contact().get()
        assert (line.event, line.details["from"]) == ("callback_tried", at(23, "10:30").isoformat())

    def test_a_shop_may_keep_it_to_itself_until_it_gives_up(self, anna):
        CallbackRulesFactory(tells_unreached=False, max_repeats=1)
        request = wants(at(23, "10:00"))
        IdentityFactory(contact=request.contact)

        request, *_times = call(request, anna, at(23, "10:00"))
        assert not Message.objects.visible_to_contact().exists()
        assert events(request)[-1] == "callback_called"
        call(request, anna, at(23, "10:40"))

        assert Message.objects.visible_to_contact().get().event == "callback_done"
        assert not Delivery.objects.exists()
