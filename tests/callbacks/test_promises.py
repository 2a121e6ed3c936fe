"""Keeping promises. Calls are made on weekdays from 9:00 to 18:00 in Kyiv, UTC+2; the 23rd is a Monday."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shopchat import periodic
from shopchat.callbacks import changing, slots, working
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.promises import watch
from shopchat.conversations import delivery
from shopchat.conversations.models import Conversation, Delivery, Message
from shopchat.live.stamps import stamps
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    IdentityFactory,
    InboxFactory,
    OperatorFactory,
    client_id,
)

pytestmark = pytest.mark.django_db

KYIV = ZoneInfo("Europe/Kyiv")
MINUTE = timedelta(minutes=1)


def at(clock, day=23):
    return datetime.fromisoformat(f"2026-11-{day} {clock}").replace(tzinfo=KYIV).astimezone(UTC)


# Slots are half an hour long; this one began.
NOW, END = at("10:10"), at("10:30")


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def rules():
    return CallbackRulesFactory()


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna", user__username="anna@example.test", takes_calls=True)


@pytest.fixture
def boris():
    return OperatorFactory(public_name="Boris", user__username="boris@example.test", takes_calls=True)


@pytest.fixture
def chief():
    chief = OperatorFactory(public_name="Chief", user__username="chief@example.test")
    chief.user.user_permissions.add(Permission.objects.get(codename="supervise_callbacks"))
    return chief


def promised(**kwargs):
    fields = {"due_at": at("10:00"), "promised_until": END, "created_at": at("09:00"), **kwargs}
    return CallbackRequestFactory(**fields)


def run(now, **kwargs):
    """As each minute."""
    with time_machine.travel(now, tick=False):
        done = watch(**kwargs)
        delivery.send_due()
    return done


def stored(request):
    return CallbackRequest.objects.get(pk=request.pk)


def lines(request):
    rows = Message.objects.filter(conversation=request.conversation_id).order_by("seq")
    return list(rows.values_list("event", flat=True))


def asked(now):
    """How many queries a run makes that finds nothing to do."""
    with CaptureQueriesContext(connection) as queries:
        assert watch(now) == 0
    return len(queries)


def told(mails):
    return sorted(address.partition("@")[0] for mail in mails for address in mail.to)


class TestWhenTheTimeComes:
    def test_operators_read_so_and_every_desk_is_moved_once(self, anna):
        request, later = promised(), promised(due_at=at("11:00"), promised_until=at("11:30"))
        before = stamps().read(["desk"])

        assert run(NOW) == 1
        assert stamps().read(["desk"]) != before
        assert run(NOW + MINUTE) == 0

        assert lines(request) == ["callback_due"]
        assert lines(later) == []

    @pytest.mark.parametrize(
        "what",
        [
            {"due_at": at("10:11")},
            {"updated_at": at("10:05")},  # somebody did something, which has moved desks
            {"state": "cancelled", "open_phone": None},
        ],
    )
    def test_not_before_nor_for_whoever_was_seen_since(self, what):
        request = promised(**what)

        assert run(NOW) == 0

        assert lines(request) == []


class TestWarning:
    def test_whoever_has_it_then_the_team(self, anna, boris, mailoutbox):
        request = promised(assignee=anna)

        run(END - 6 * MINUTE)
        assert told(mailoutbox) == []
        assert run(END - 5 * MINUTE) == 1
        assert told(mailoutbox) == ["anna"]
        run(END - 4 * MINUTE)
        assert told(mailoutbox) == ["anna"]
        run(END - 2 * MINUTE)
        run(END - MINUTE)

        assert told(mailoutbox) == ["anna", "boris"]
        assert lines(request) == ["callback_due", "callback_soon"]
        assert Message.objects.get(event="callback_soon").details["minutes"] == 5

    def test_the_team_at_once_if_nobody_has_it_or_who_has_it_may_not_answer(self, anna, boris, mailoutbox):
        left = OperatorFactory(user__is_active=False)
        promised()
        promised(assignee=left)

        run(END - 5 * MINUTE)

        assert told(mailoutbox) == ["anna", "anna", "boris", "boris"]

    def test_a_site_says_how_long_before(self, rules, anna, mailoutbox):
        other = CallbackRulesFactory(inbox=InboxFactory(hostname="b.test"), alert_before_minutes=15)
        promised()
        request = promised(inbox=other.inbox)

        run(END - 15 * MINUTE)

        assert Delivery.objects.get().conversation == request.conversation

    def test_zero_minutes_before_is_never(self, anna, mailoutbox):
        CallbackRules.objects.update(alert_before_minutes=0)
        promised()

        run(END - MINUTE / 2)

        assert told(mailoutbox) == []

    def test_not_to_somebody_who_is_calling(self, anna, mailoutbox):
        request, other = promised(), promised()
        with time_machine.travel(END - 6 * MINUTE, tick=False):
            working.begin_attempt(request, anna, client_id=client_id())

        run(END - 5 * MINUTE)

        assert Delivery.objects.get().conversation == other.conversation

    def test_a_line_that_came_already_is_not_repeated_but_the_alert_is_due(self, anna, mailoutbox):
        request = promised()
        with time_machine.travel(END - 4 * MINUTE, tick=False):
            working.take(request, anna)

        run(END - 3 * MINUTE)

        assert told(mailoutbox) == ["anna"]
        assert lines(request) == ["callback_taken"]

    def test_a_new_time_is_a_new_promise(self, anna, mailoutbox):
        request = promised()
        run(END - 5 * MINUTE)
        with time_machine.travel(END - 4 * MINUTE, tick=False):
            changing.move(request, "20261123T0930Z")
        request = stored(request)
        assert request.promised_until == at("12:00")

        run(END)
        assert told(mailoutbox) == ["anna"]
        run(at("11:55"))

        assert told(mailoutbox) == ["anna", "anna"]


class TestMissing:
    def test_it_is_counted_once_and_the_customer_is_given_another_time(self, anna, chief, mailoutbox):
        request = promised()
        IdentityFactory(contact=request.contact, value="olena@mail.example")

        assert run(END) == 1
        assert run(END + MINUTE) == 0

        after = stored(request)
        assert (after.misses, after.missed_at, after.state) == (1, END, "waiting")
        # Notice of fifteen minutes, so it is the slot after the next.
        assert (after.due_at, after.promised_until, after.seat) == (at("11:00"), at("11:30"), 1)
        assert after.first_promised_until == END
        line = Message.objects.visible_to_contact().get()
        assert (line.event, line.details["from"], line.details["misses"]) == (
            "callback_late",
            at("11:00").isoformat(),
            1,
        )
        assert told(mailoutbox) == ["chief", "olena"]
        assert Delivery.objects.filter(kind="callback_alert").count() == 1

    def test_as_soon_as_possible_where_somebody_can(self, anna):
        type(anna).objects.update(seen_at=END)
        request = promised()

        run(END)

        request = stored(request)
        assert (request.due_at, request.promised_until, request.is_asap) == (END, END + 15 * MINUTE, True)

    def test_never_in_the_customers_night(self, anna):
        type(anna).objects.update(seen_at=END)
        here, there = promised(), promised(time_zone="America/New_York")  # 3:30 there; 9:00 is 16:00 in Kyiv

        run(END)

        assert stored(here).is_asap
        assert (stored(there).due_at, stored(there).is_asap) == (at("16:00"), False)

    def test_where_nobody_has_a_seat_it_is_the_next_hours_of_calls(self):
        request = promised(slot_at=at("10:00"), slot_until=END, seat=1)

        run(END)

        request = stored(request)
        assert (request.due_at, request.promised_until) == (END, END + 30 * MINUTE)
        assert (request.slot_at, request.seat) == (None, None)

    def test_where_the_customers_day_never_meets_the_hours_of_calls_these_hold(self, anna):
        friday = {"due_at": at("15:00", day=27), "promised_until": at("15:31", day=27)}
        request = promised(time_zone="Pacific/Pago_Pago", **friday)  # 20:00 to 5:00 there
        promises = []
        for _ in range(5):
            run(stored(request).promised_until)
            promises.append((stored(request).due_at.astimezone(KYIV).isoweekday(), stored(request).due_at))

        assert promises == [
            (5, at("15:31", day=27)),
            (5, at("16:01", day=27)),
            (1, at("09:00", day=30)),
            (2, at("09:00", day=30) + timedelta(days=1)),
            (3, at("09:00", day=30) + timedelta(days=2)),
        ]

    def test_without_rules_it_is_tomorrow(self):
        CallbackRules.objects.all().delete()
        request = promised()

        run(END)

        assert stored(request).due_at == END + timedelta(days=1)

    def test_a_worker_that_was_down_for_days_misses_once(self, anna, chief, mailoutbox):
        request = promised()

        run(at("10:00", day=26))
        run(at("10:01", day=26))

        assert stored(request).misses == 1
        assert lines(request) == ["callback_late"]
        assert stored(request).due_at == at("10:30", day=26)
        assert told(mailoutbox) == ["chief"]

    def test_after_the_third_the_customer_is_left_in_peace_and_supervisors_are_not(self, anna, chief, mailoutbox):
        request = promised()
        promises = []
        for _ in range(5):
            run(stored(request).promised_until)
            promises.append(stored(request).due_at)

        assert promises == [
            at("11:00"),
            at("12:00"),
            at("09:00", day=24),
            at("09:00", day=25),
            at("09:00", day=26),
        ]
        assert stored(request).misses == 5
        assert stored(request).missed_at == END
        public = Message.objects.visible_to_contact().order_by("seq")
        assert [line.details["misses"] for line in public] == [1, 2, 3]
        assert lines(request)[-2:] == ["callback_overdue", "callback_overdue"]
        assert told(mailoutbox) == ["chief"] * 5

    def test_a_promise_after_no_answer_is_one_too(self, anna):
        request = promised()
        working.record(request, anna, attempt=None, outcome="no_answer", client_id=client_id())
        assert stored(request).promised_until == at("11:10")

        run(at("11:09"))
        assert stored(request).misses == 0
        run(at("11:10"))

        assert stored(request).misses == 1

    @pytest.mark.parametrize("state", ["done", "cancelled"])
    def test_who_waits_no_more_is_not_missed(self, anna, state):
        request, other = promised(state=state, open_phone=None), promised()

        run(END)

        assert (stored(request).misses, stored(other).misses) == (0, 1)


class TestCalls:
    def test_who_was_called_in_time_is_not_missed(self, anna):
        request, other = promised(), promised()
        with time_machine.travel(END - MINUTE, tick=False):
            attempt = working.begin_attempt(request, anna, client_id=client_id())

        run(END + 10 * MINUTE)

        assert (stored(request).misses, stored(other).misses) == (0, 1)
        with time_machine.travel(END + 20 * MINUTE, tick=False):
            working.record(request, anna, attempt=attempt, outcome="talked", result="helped", client_id=client_id())
        assert stored(request).misses == 0

    def test_who_is_being_called_late_is_not_told_of_another_time(self, anna):
        request = promised()
        with time_machine.travel(END + MINUTE / 2, tick=False):
            working.begin_attempt(request, anna, client_id=client_id())

        run(END + MINUTE)

        assert lines(request) == ["callback_taken"]

    def test_a_late_call_that_nobody_ended_has_missed_after_all(self, anna):
        request = promised()
        CallAttemptFactory(request=request, operator=anna, started_at=END + MINUTE)

        run(END + 62 * MINUTE)

        assert stored(request).misses == 1

    def test_a_call_of_an_earlier_promise_does_not_keep_this_one(self, anna):
        request = promised()
        CallAttemptFactory(request=request, operator=anna, started_at=at("08:00"))

        run(END)

        assert stored(request).misses == 1

    def test_a_call_that_could_not_be_made_keeps_nothing(self, anna):
        request = promised()
        CallAttemptFactory(request=request, operator=anna, started_at=END - MINUTE, progress="failed", ended_at=END)

        run(END)

        assert stored(request).misses == 1

    def test_of_a_call_in_time_that_nobody_ended_the_team_is_reminded_once(self, anna, boris, mailoutbox):
        request = promised(assignee=anna)
        CallAttemptFactory(request=request, operator=anna, started_at=END - MINUTE)

        run(END + 30 * MINUTE)
        assert told(mailoutbox) == []
        run(END + 61 * MINUTE)
        run(END + 62 * MINUTE)

        assert told(mailoutbox) == ["anna", "boris"]
        assert "nobody has said what came of the call" in mailoutbox[0].body
        assert stored(request).misses == 0
        run(END + timedelta(days=3))
        assert len(mailoutbox) == 2


class TestManyAtOnce:
    def test_far_off_requests_cost_nothing(self, anna):
        for days in range(3):
            promised(due_at=at("15:00") + timedelta(days=days), promised_until=at("15:30") + timedelta(days=days))
        few = asked(NOW)

        for days in range(30):
            promised(due_at=at("15:00") + timedelta(days=days), promised_until=at("15:30") + timedelta(days=days))

        assert asked(NOW) == few <= 6

    def test_a_run_with_nothing_new_asks_as_much_for_many_as_for_few(self, anna):
        promised()
        run(END - 5 * MINUTE)
        few = asked(END - 4 * MINUTE)

        for _ in range(5):
            promised()
        run(END - 4 * MINUTE)

        assert asked(END - 3.5 * MINUTE) == few <= 10

    def test_one_run_does_a_bounded_number(self, monkeypatch):
        monkeypatch.setattr("shopchat.callbacks.promises.BATCH", 2)
        for _ in range(3):
            promised()

        assert [run(END), run(END), run(END)] == [2, 1, 0]

    def test_calls_that_nobody_ever_ends_keep_no_other_promise_from_being_watched(self, anna, monkeypatch):
        monkeypatch.setattr("shopchat.callbacks.promises.BATCH", 2)
        for _ in range(2):
            forgotten = promised(due_at=at("09:00"), promised_until=at("09:30"))
            CallAttemptFactory(request=forgotten, operator=anna, started_at=at("09:10"))
        request = promised()

        run(END)

        assert stored(request).misses == 1

    def test_it_is_part_of_the_periodic_work(self):
        promised()

        assert periodic.tick()["promises of callbacks watched"] == 1


def test_a_seat_that_is_gone_meanwhile_is_left_for_the_next(anna, monkeypatch):
    request = promised()
    book, full = slots.book, []

    def somebody_was_faster(*args, **kwargs):
        if not full:
            full.append(True)
            raise slots.SlotFull
        book(*args, **kwargs)

    monkeypatch.setattr("shopchat.callbacks.slots.book", somebody_was_faster)

    run(END)

    assert stored(request).due_at == at("11:30")
    assert Conversation.objects.count() == 1
