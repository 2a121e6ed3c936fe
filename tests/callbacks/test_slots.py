"""What the shop can promise, from what is stored."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.slots import SlotFull, SlotPast, SlotUnknown
from shopchat.operators.models import ScheduleException, WorkingInterval
from tests.factories import (
    CallbackRequestFactory,
    CallbackRulesFactory,
    InboxFactory,
    OperatorFactory,
    ScheduleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HALF = timedelta(minutes=30)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# A Monday in Kyiv, UTC+2: it is 8:00 there, and the hours are from 9:00 to 18:00.
NOW = at("2026-11-23 06:00")


def on_duty(**kwargs):
    return OperatorFactory(takes_calls=True, **kwargs)


def offered(rules, now=NOW, **kwargs):
    return slots.free_slots(rules, now=now, **kwargs)


def booked(rules, value="20261123T0700Z", now=NOW, request=None):
    request = request or CallbackRequestFactory(inbox=rules.inbox)
    slots.book(request, slots.find(rules, value, now=now, but=request), rules=rules, now=now)
    return CallbackRequest.objects.get(pk=request.pk)


class TestWhatIsOffered:
    def test_slots_fill_the_hours_from_opening_to_closing(self):
        rules = CallbackRulesFactory()
        on_duty()

        today = [slot for slot in offered(rules) if slot.begins_at < at("2026-11-24 00:00")]

        assert len(today) == 18
        assert (today[0].begins_at, today[0].ends_at) == (at("2026-11-23 07:00"), at("2026-11-23 07:30"))
        assert today[-1].ends_at == at("2026-11-23 16:00")
        assert {slot.free for slot in today} == {2}

    def test_nobody_on_phone_duty_offers_nothing(self):
        rules = CallbackRulesFactory()
        OperatorFactory()
        assert offered(rules) == []

        on_duty()

        assert offered(rules)

    @pytest.mark.parametrize(
        "user", [{"is_active": False, "answers_customers": True}, {"is_active": True, "answers_customers": False}]
    )
    def test_whoever_may_not_answer_has_no_seats(self, user):
        rules = CallbackRulesFactory()
        on_duty(user=UserFactory(**user))
        assert offered(rules) == []

        on_duty()

        assert offered(rules)[0].free == 2

    def test_notice_is_given(self):
        rules = CallbackRulesFactory(lead_minutes=15)
        on_duty()

        assert offered(rules, now=at("2026-11-23 08:45"))[0].begins_at == at("2026-11-23 09:00")
        assert offered(rules, now=at("2026-11-23 08:46"))[0].begins_at == at("2026-11-23 09:30")

    def test_the_horizon_is_the_end_of_a_day(self):
        rules = CallbackRulesFactory(horizon_days=1)
        on_duty()

        assert offered(rules)[-1].ends_at == at("2026-11-24 16:00")

    def test_a_closed_day_has_no_slots(self):
        rules = CallbackRulesFactory()
        on_duty()
        ScheduleException.objects.create(
            schedule=rules.schedule, first_day=date(2026, 11, 23), last_day=date(2026, 11, 24)
        )

        assert offered(rules)[0].begins_at == at("2026-11-25 07:00")

    def test_operators_call_in_their_own_hours(self):
        rules = CallbackRulesFactory()
        mornings = ScheduleFactory(weekdays=[], time_zone="UTC")
        WorkingInterval.objects.create(schedule=mornings, weekday=0, opens_at=time(7, 30), closes_at=time(8, 15))
        on_duty(call_schedule=mornings)
        assert [slot.value for slot in offered(rules)] == ["20261123T0730Z", "20261130T0730Z"]

        on_duty()

        assert [slot.free for slot in offered(rules)][:4] == [2, 4, 2, 2]

    def test_longer_slots_begin_at_the_opening_too(self):
        rules = CallbackRulesFactory(slot_minutes=120)
        on_duty()

        begins = [slot.begins_at.hour for slot in offered(rules)][:4]

        assert begins == [7, 9, 11, 13]  # and the hour that is left is too short for one

    def test_the_queries_do_not_grow(self, django_assert_num_queries):
        few, many = (
            CallbackRulesFactory(horizon_days=1),
            CallbackRulesFactory(inbox=InboxFactory(hostname="b.example"), horizon_days=60, slot_minutes=15),
        )
        for _ in range(3):
            on_duty(call_schedule=ScheduleFactory())
            ScheduleException.objects.create(
                schedule=many.schedule, first_day=date(2026, 11, 24), last_day=date(2026, 11, 24)
            )
            booked(few)

        for rules in (few, many):
            with django_assert_num_queries(6):
                slots.free_slots(rules, now=NOW)


class TestFinding:
    @pytest.fixture
    def rules(self):
        on_duty()
        return CallbackRulesFactory(calls_per_operator=1)

    def test_a_value_names_its_slot(self, rules):
        for slot in offered(rules)[::25]:
            assert slots.find(rules, slot.value, now=NOW) == slot

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "tomorrow",
            "20261123",
            "20261123T0710Z",
            "20261122T0700Z"[:-1],
            "20261128T0700Z",
            "20271123T0700Z",
            "9" * 9000,
        ],
    )
    def test_what_was_never_offered_is_unknown(self, rules, value):
        with pytest.raises(SlotUnknown):
            slots.find(rules, value, now=NOW)

    @pytest.mark.parametrize("value", ["20261120T0700Z", "20261123T0600Z"])
    def test_what_is_past_is_past(self, rules, value):
        with pytest.raises(SlotPast):
            slots.find(rules, value, now=NOW)

    def test_a_slot_that_has_begun_since_is_past(self, rules):
        assert slots.find(rules, "20261123T0700Z", now=NOW)

        with pytest.raises(SlotPast):
            slots.find(rules, "20261123T0700Z", now=at("2026-11-23 06:46"))

    def test_a_full_slot_is_full(self, rules):
        booked(rules)

        with pytest.raises(SlotFull):
            slots.find(rules, "20261123T0700Z", now=NOW)

    def test_but_not_for_whoever_has_the_seat(self, rules):
        request = booked(rules)

        assert slots.find(rules, "20261123T0700Z", now=NOW, but=request).free == 1


class TestBooking:
    @pytest.fixture
    def rules(self):
        on_duty()
        return CallbackRulesFactory()

    def test_a_seat_and_a_promise(self, rules):
        request = booked(rules, request=CallbackRequestFactory(is_asap=True))

        assert (request.slot_at, request.slot_until, request.seat) == (
            at("2026-11-23 07:00"),
            at("2026-11-23 07:30"),
            1,
        )
        assert (request.due_at, request.promised_until, request.is_asap) == (request.slot_at, request.slot_until, False)

    def test_a_request_may_be_stored_with_its_seat(self, rules):
        like = CallbackRequestFactory()
        new = CallbackRequestFactory.build(
            contact=like.contact, inbox=like.inbox, conversation=like.conversation, open_phone=None
        )

        slots.book(new, offered(rules)[0], rules=rules, now=NOW)

        assert CallbackRequest.objects.get(pk=new.pk).seat == 1

    def test_seats_go_up_until_the_slot_is_full(self, rules):
        first = offered(rules)[0]

        assert [booked(rules).seat for _ in range(2)] == [1, 2]
        assert offered(rules)[0].begins_at == first.ends_at
        with pytest.raises(SlotFull):
            slots.book(CallbackRequestFactory(), first, rules=rules, now=NOW)

    def test_a_seat_given_back_is_taken_again(self, rules):
        one, _two = booked(rules), booked(rules)

        slots.free(one)

        one.refresh_from_db()
        assert (one.slot_at, one.slot_until, one.seat) == (None, None, None)
        assert one.promised_until == at("2026-11-23 07:30")
        assert booked(rules).seat == 1

    def test_moving_leaves_the_old_seat_to_others(self, rules):
        request = booked(rules)

        moved = booked(rules, "20261123T0730Z", request=request)

        assert moved.slot_at == at("2026-11-23 07:30")
        assert offered(rules)[0].free == 2

    def test_sites_share_the_operators(self, rules):
        other = CallbackRulesFactory(inbox=InboxFactory(hostname="b.example"), slot_minutes=60)
        booked(rules, "20261123T0730Z")
        booked(other)

        assert [(slot.value, slot.free) for slot in offered(rules)][:2] == [
            ("20261123T0700Z", 1),
            ("20261123T0800Z", 2),
        ]
        assert offered(other)[0].value == "20261123T0800Z"

    def test_seats_of_longer_slots_count_after_the_length_was_changed(self, rules):
        rules.slot_minutes = 60
        rules.save()
        booked(rules)

        rules.slot_minutes = 15
        rules.save()

        assert [slot.free for slot in offered(rules)][:5] == [1, 1, 1, 1, 2]


class TestAsSoonAsPossible:
    NOON = at("2026-11-23 10:00")

    @pytest.fixture
    def rules(self):
        return CallbackRulesFactory(asap_minutes=15, calls_per_operator=2)

    def test_offered_while_somebody_on_duty_is_at_the_desk(self, rules):
        on_duty(seen_at=self.NOON)

        assert slots.asap_until(rules, now=self.NOON) == at("2026-11-23 10:15")
        assert slots.answer_time(rules, now=self.NOON) == at("2026-11-23 10:15")

    @pytest.mark.parametrize("operator", [{"seen_at": None}, {"takes_calls": False}])
    def test_not_while_nobody_is(self, rules, operator):
        here = OperatorFactory(**{"seen_at": self.NOON, "takes_calls": True, **operator})
        assert slots.asap_until(rules, now=self.NOON) is None

        here.seen_at, here.takes_calls = self.NOON, True
        here.save()

        assert slots.asap_until(rules, now=self.NOON)

    def test_not_when_the_promise_would_end_out_of_hours(self, rules):
        last = at("2026-11-23 15:45")
        on_duty(seen_at=last)

        assert slots.asap_until(rules, now=last)
        assert slots.asap_until(rules, now=last + timedelta(seconds=1)) is None

    def test_not_out_of_the_operators_hours(self, rules):
        mornings = ScheduleFactory(weekdays=[])
        WorkingInterval.objects.create(schedule=mornings, weekday=0, opens_at=time(9), closes_at=time(12))
        operator = on_duty(seen_at=self.NOON, call_schedule=mornings)
        assert slots.asap_until(rules, now=self.NOON) is None

        operator.call_schedule = None
        operator.save()

        assert slots.asap_until(rules, now=self.NOON)

    def test_not_to_more_than_can_be_called(self, rules):
        on_duty(seen_at=self.NOON)
        CallbackRequestFactory(is_asap=False)
        CallbackRequestFactory(is_asap=True, done=True)
        CallbackRequestFactory(is_asap=True)
        assert slots.asap_until(rules, now=self.NOON)

        last = CallbackRequestFactory(is_asap=True)

        assert slots.asap_until(rules, now=self.NOON) is None
        assert slots.asap_until(rules, now=self.NOON, but=last)

    def test_otherwise_the_form_says_the_first_slot(self, rules):
        assert slots.answer_time(rules, now=NOW) is None

        on_duty(seen_at=NOW)

        assert slots.answer_time(rules, now=NOW) == offered(rules)[0]


class TestRepeatedCalls:
    @pytest.fixture
    def rules(self):
        return CallbackRulesFactory()

    @pytest.mark.parametrize(
        ("not_before", "zone", "expected"),
        [
            ("2026-11-23 10:10", "Europe/Kyiv", ("2026-11-23 10:10", "2026-11-23 10:40")),
            ("2026-11-23 15:50", "Europe/Kyiv", ("2026-11-24 07:00", "2026-11-24 07:30")),  # 10 minutes are too short
            ("2026-11-23 15:40", "Europe/Kyiv", ("2026-11-23 15:40", "2026-11-23 16:00")),
            ("2026-11-23 10:10", "America/New_York", ("2026-11-23 14:00", "2026-11-23 14:30")),  # 9:00 there
            ("2026-11-23 10:10", "Asia/Tokyo", ("2026-11-23 10:10", "2026-11-23 10:40")),
            ("2026-11-23 11:10", "Asia/Tokyo", ("2026-11-24 07:00", "2026-11-24 07:30")),  # 20:10 there
            ("2026-11-27 16:10", "Europe/Kyiv", ("2026-11-30 07:00", "2026-11-30 07:30")),
            ("2026-11-23 10:10", "Mars/Olympus", ("2026-11-23 10:10", "2026-11-23 10:40")),
            ("2026-11-23 10:10", "", ("2026-11-23 10:10", "2026-11-23 10:40")),
            ("2026-11-23 10:10", "../../etc/passwd", ("2026-11-23 10:10", "2026-11-23 10:40")),
            ("2026-11-23 10:10", "Europe", ("2026-11-23 10:10", "2026-11-23 10:40")),
        ],
    )
    def test_inside_the_shops_hours_and_the_customers_day(self, rules, not_before, zone, expected):
        assert slots.next_moment(rules, not_before=at(not_before), zone=zone) == tuple(map(at, expected))

    def test_none_where_they_never_meet(self, rules):
        assert slots.next_moment(rules, not_before=NOW, zone="Pacific/Pago_Pago") is None  # 20:00 to 5:00 there
        assert slots.first_hour_of_next_day(rules, after=NOW, zone="Pacific/Pago_Pago") is None

    def test_a_short_meeting_is_better_than_none(self, rules):
        rules.day_ends_at = time(9, 10)

        found = slots.next_moment(rules, not_before=NOW, zone="Europe/Kyiv")

        assert found == (at("2026-11-23 07:00"), at("2026-11-23 07:10"))

    @pytest.mark.parametrize(
        ("after", "zone", "expected"),
        [
            ("2026-11-23 06:00", "Europe/Kyiv", ("2026-11-24 07:00", "2026-11-24 08:00")),
            ("2026-11-23 06:00", "America/New_York", ("2026-11-24 14:00", "2026-11-24 15:00")),  # Monday, 1:00
            ("2026-11-23 04:00", "America/New_York", ("2026-11-23 14:00", "2026-11-23 15:00")),  # Sunday, 23:00
            ("2026-11-27 06:00", "Europe/Kyiv", ("2026-11-30 07:00", "2026-11-30 08:00")),
        ],
    )
    def test_the_first_hour_of_the_customers_next_day(self, rules, after, zone, expected):
        assert slots.first_hour_of_next_day(rules, after=at(after), zone=zone) == tuple(map(at, expected))
