"""What operators do with a request."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from shopchat import signals
from shopchat.callbacks import slots, working
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.outcomes import BadOutcome
from shopchat.callbacks.refusing import NotWaiting
from shopchat.callbacks.working import ClientIdReused, Taken
from shopchat.conversations.models import Message
from tests.factories import CallAttemptFactory, CallbackRequestFactory, CallbackRulesFactory, OperatorFactory

pytestmark = pytest.mark.django_db

# A Monday, 10:00 in Kyiv.
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def rules():
    return CallbackRulesFactory()


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna", takes_calls=True)


@pytest.fixture
def boris():
    return OperatorFactory(public_name="Boris")


def due(**kwargs):
    """Promised from a quarter of an hour ago to in a quarter of an hour."""
    return CallbackRequestFactory(due_at=NOW - 15 * MINUTE, promised_until=NOW + 15 * MINUTE, **kwargs)


def new_id():
    return uuid.uuid4().hex


def record(request, operator, outcome, **kwargs):
    fields = {"attempt": None, "client_id": new_id(), **kwargs}
    if outcome == "talked":
        fields.setdefault("result", "helped")
    return working.record(request, operator, outcome=outcome, **fields)


def lines(request):
    return list(
        Message.objects.filter(conversation=request.conversation_id).order_by("seq").values_list("event", flat=True)
    )


def stored(request):
    return CallbackRequest.objects.get(pk=request.pk)


class TestTaking:
    def test_it_is_theirs_and_operators_read_so(self, anna):
        request, other = due(), due()

        working.take(request, anna)

        assert stored(request).assignee == anna
        assert stored(other).assignee is None
        line = Message.objects.get()
        assert (line.event, line.operator, line.is_private) == ("callback_taken", anna, True)

    def test_ones_own_again_changes_nothing(self, anna):
        request = due()
        working.take(request, anna)

        working.take(CallbackRequest.objects.get(pk=request.pk), anna)

        assert lines(request) == ["callback_taken"]

    def test_the_loser_is_told_who_has_it(self, anna, boris):
        request = due()
        stale = stored(request)
        working.take(request, boris)

        with pytest.raises(Taken) as refused:
            working.take(stale, anna)

        assert refused.value.by == boris
        assert stored(request).assignee == boris

    @pytest.mark.parametrize("state", ["done", "cancelled"])
    def test_a_closed_one_is_not_taken(self, anna, state):
        request = due(state=state, open_phone=None)

        with pytest.raises(NotWaiting) as refused:
            working.take(request, anna)

        assert refused.value.request.state == state
        assert stored(request).assignee is None

    def test_a_refused_one_leaves_the_row_as_it_was(self, anna, boris):
        request = due(assignee=boris)
        before = stored(request).updated_at

        with time_machine.travel(NOW + MINUTE), pytest.raises(Taken):
            working.take(request, anna)

        assert stored(request).updated_at == before


class TestReleasing:
    def test_it_goes_back_to_the_queue(self, anna):
        request = due(assignee=anna)

        assert working.release(request, anna)

        assert stored(request).assignee is None
        assert request.assignee is None
        assert lines(request) == ["callback_free"]

    @pytest.mark.parametrize("what", [{"state": "done", "open_phone": None}, {"assignee": None}])
    def test_what_is_closed_or_not_theirs_stays(self, anna, boris, what):
        request = due(**{"assignee": anna, **what})
        others = due(assignee=boris)

        assert not working.release(request, anna)
        assert not working.release(others, anna)

        assert stored(others).assignee == boris
        assert lines(request) == lines(others) == []


class TestGiving:
    def test_all_that_wait_go_to_one_operator(self, anna, boris):
        free, of_another, done, theirs = (
            due(),
            due(assignee=boris),
            due(state="done", open_phone=None),
            due(assignee=anna),
        )

        given = working.assign([free, of_another, done, theirs], anna, by=boris)

        assert given == 2
        assert [stored(one).assignee for one in (free, of_another, done)] == [anna, anna, None]
        assert lines(theirs) == lines(done) == []
        line = Message.objects.get(conversation=free.conversation_id)
        assert (line.event, line.operator, line.details["to"], line.is_private) == (
            "callback_given",
            boris,
            "Anna",
            True,
        )

    def test_each_by_itself_so_that_no_row_is_held_while_another_is_waited_for(self, anna, boris, monkeypatch):
        first, second = due(), due()
        wrote = working.happened

        def break_on_the_second(request, *args, **kwargs):
            if request.pk == second.pk:
                raise RuntimeError
            return wrote(request, *args, **kwargs)

        monkeypatch.setattr(working, "happened", break_on_the_second)

        with pytest.raises(RuntimeError):
            working.assign([first, second], anna, by=boris)

        assert (stored(first).assignee, stored(second).assignee) == (anna, None)
        assert (lines(first), lines(second)) == (["callback_given"], [])


class TestBeginning:
    def test_a_call_is_a_row_and_takes_the_request(self, anna):
        request, one = due(), new_id()

        attempt = working.begin_attempt(request, anna, client_id=one)

        assert (attempt.request, attempt.operator, attempt.client_id) == (request, anna, one)
        assert (attempt.started_at, attempt.outcome, attempt.progress) == (NOW, "", "by_hand")
        assert stored(request).assignee == anna
        assert stored(request).attempts_made == 0

    def test_the_same_click_is_the_same_call(self, anna):
        request, one = due(), new_id()
        first = working.begin_attempt(request, anna, client_id=one)

        assert working.begin_attempt(request, anna, client_id=one) == first
        record(request, anna, "talked", attempt=first)
        assert working.begin_attempt(request, anna, client_id=one) == first

        assert CallAttempt.objects.count() == 1

    def test_another_click_while_they_call_is_the_same_call(self, anna):
        request = due()
        first = working.begin_attempt(request, anna, client_id=new_id())

        assert working.begin_attempt(request, anna, client_id=new_id()) == first

    @pytest.mark.parametrize(
        ("first", "then", "made_by"), [("tel", "twilio", "twilio"), ("twilio", "tel", "twilio"), ("tel", "tel", "tel")]
    )
    def test_who_dials_by_hand_may_leave_it_to_telephony(self, anna, first, then, made_by):
        request = due()
        begun = working.begin_attempt(request, anna, client_id=new_id(), backend=first)

        assert working.begin_attempt(request, anna, client_id=new_id(), backend=then) == begun

        assert CallAttempt.objects.get().backend == made_by

    def test_an_id_of_another_call_is_refused(self, anna, boris):
        request, other, one = due(), due(), new_id()
        working.begin_attempt(request, anna, client_id=one)

        with pytest.raises(ClientIdReused):
            working.begin_attempt(other, anna, client_id=one)

        assert stored(other).assignee is None

    def test_a_colleagues_request_is_refused(self, anna, boris):
        request = due(assignee=boris)

        with pytest.raises(Taken) as refused:
            working.begin_attempt(request, anna, client_id=new_id())

        assert refused.value.by == boris
        assert not CallAttempt.objects.exists()

    def test_a_closed_one_is_not_called(self, anna):
        request = due(state="cancelled", open_phone=None)

        with pytest.raises(NotWaiting):
            working.begin_attempt(request, anna, client_id=new_id())

        assert not CallAttempt.objects.exists()

    @pytest.mark.parametrize(("progress", "outcome"), [("ended", "no_answer"), ("failed", "failed")])
    def test_who_calls_again_has_not_reached_them_before(self, anna, progress, outcome):
        request = due(assignee=anna)
        before = CallAttemptFactory(request=request, operator=anna, progress=progress, ended_at=NOW - MINUTE)
        of_another = CallAttemptFactory()

        again = working.begin_attempt(request, anna, client_id=new_id())

        before.refresh_from_db()
        of_another.refresh_from_db()
        assert again != before
        assert (before.outcome, before.ended_at, of_another.outcome) == (outcome, NOW - MINUTE, "")

    def test_a_call_that_nobody_ended_is_forgotten_after_an_hour(self, anna):
        request = due(assignee=anna)
        before = CallAttemptFactory(request=request, operator=anna, started_at=NOW - 61 * MINUTE)

        assert working.begin_attempt(request, anna, client_id=new_id()) != before


class TestRecording:
    def test_a_talk_closes_the_request(self, anna, django_capture_on_commit_callbacks):
        request = due()
        attempt = working.begin_attempt(request, anna, client_id=new_id())
        sent = []
        signals.callback_done.connect(lambda request, **kwargs: sent.append(request), weak=False, dispatch_uid="test")

        with time_machine.travel(NOW + 4 * MINUTE, tick=False), django_capture_on_commit_callbacks(execute=True):
            answer = record(request, anna, "talked", attempt=attempt, result="ordered", note=" Two tents \r\n")

        signals.callback_done.disconnect(dispatch_uid="test")
        request, attempt = stored(request), CallAttempt.objects.get()
        assert answer == request
        assert sent == [request]
        assert (request.state, request.outcome, request.result, request.open_phone) == (
            "done",
            "talked",
            "ordered",
            None,
        )
        assert (request.attempts_made, request.first_attempt_at, request.reached_at) == (1, NOW, NOW)
        assert (request.closed_at, request.misses) == (NOW + 4 * MINUTE, 0)
        assert (attempt.outcome, attempt.result, attempt.note, attempt.operator) == (
            "talked",
            "ordered",
            "Two tents",
            anna,
        )
        assert (attempt.duration_seconds, attempt.ended_at) == (240, NOW + 4 * MINUTE)
        assert lines(request) == ["callback_taken", "callback_called", "callback_done"]

    def test_what_telephony_measured_stays(self, anna):
        request = due(assignee=anna)
        attempt = CallAttemptFactory(
            request=request, operator=anna, backend="twilio", started_at=NOW - 5 * MINUTE, progress="ended",
            answered_at=NOW - 4 * MINUTE, ended_at=NOW - MINUTE, duration_seconds=180,
        )  # fmt: skip

        record(request, anna, "talked", attempt=attempt)

        attempt.refresh_from_db()
        assert (attempt.duration_seconds, attempt.ended_at) == (180, NOW - MINUTE)
        assert stored(request).reached_at == NOW - 4 * MINUTE

    def test_a_call_of_which_nobody_was_told_is_a_row_too(self, anna):
        request = due()

        record(request, anna, "talked")

        attempt = CallAttempt.objects.get()
        assert (attempt.outcome, attempt.operator, attempt.duration_seconds) == ("talked", anna, None)
        assert stored(request).assignee == anna

    def test_the_call_that_was_begun_elsewhere_is_meant(self, anna):
        request = due()
        begun = working.begin_attempt(request, anna, client_id=new_id())

        record(request, anna, "talked")

        assert CallAttempt.objects.get() == begun

    @pytest.mark.parametrize("progress", ["ended", "unconfirmed"])
    def test_a_call_that_telephony_has_ended_is_meant_without_naming_it(self, anna, progress):
        request, one = due(assignee=anna), new_id()
        call = CallAttemptFactory(
            request=request, operator=anna, backend="twilio", started_at=NOW - 3 * MINUTE, progress=progress,
            ended_at=NOW - MINUTE,
        )  # fmt: skip

        record(request, anna, "talked", client_id=one)
        record(request, anna, "talked", client_id=one)

        assert CallAttempt.objects.get() == call
        assert CallAttempt.objects.get().outcome == "talked"

    def test_a_call_that_telephony_could_not_make_is_not_meant(self, rules, anna):
        request = due(assignee=anna)
        call = CallAttemptFactory(request=request, operator=anna, backend="twilio", progress="failed", ended_at=NOW)

        record(request, anna, "talked")

        call.refresh_from_db()
        assert call.outcome == "failed"
        assert CallAttempt.objects.get(outcome="talked") != call

    def test_the_same_click_with_another_outcome_is_refused(self, rules, anna):
        request, one = due(), new_id()
        record(request, anna, "no_answer", client_id=one)

        with pytest.raises(BadOutcome):
            record(request, anna, "talked", client_id=one)

        assert stored(request).is_waiting()

    @pytest.mark.parametrize("begun", ["", "tel", "twilio"])
    @pytest.mark.parametrize("outcome", ["talked", "no_answer", "failed"])
    def test_the_same_click_is_recorded_once(self, rules, anna, begun, outcome):
        request, one = due(), new_id()
        if begun:
            working.begin_attempt(request, anna, client_id=new_id(), backend=begun)
        record(request, anna, outcome, client_id=one)
        before = lines(request)

        record(request, anna, outcome, client_id=one)

        assert CallAttempt.objects.count() == 1
        assert stored(request).attempts_made == (0 if outcome == "failed" else 1)
        assert lines(request) == before

    def test_a_call_has_one_outcome(self, rules, anna):
        request = due()
        attempt = working.begin_attempt(request, anna, client_id=new_id())
        record(request, anna, "no_answer", attempt=attempt)

        with pytest.raises(BadOutcome) as refused:
            record(request, anna, "talked", attempt=attempt)

        assert refused.value.field == "outcome"
        assert "no answer" in refused.value.text
        assert stored(request).state == "waiting"

    def test_a_colleagues_request_is_refused(self, anna, boris):
        request = due(assignee=boris)
        attempt = working.begin_attempt(request, boris, client_id=new_id())

        for theirs in (None, attempt):
            with pytest.raises(Taken) as refused:
                record(request, anna, "talked", attempt=theirs)
            assert refused.value.by == boris

        assert stored(request).is_waiting()

    def test_an_id_of_another_call_is_refused(self, anna):
        request, one = due(), new_id()
        record(due(), anna, "talked", client_id=one)

        with pytest.raises(ClientIdReused):
            record(request, anna, "talked", client_id=one)

        assert stored(request).is_waiting()

    def test_a_closed_one_takes_no_new_call(self, anna):
        request = due(state="cancelled", open_phone=None)

        with pytest.raises(NotWaiting):
            record(request, anna, "talked")

        assert not CallAttempt.objects.exists()

    def test_what_was_said_while_the_customer_cancelled_is_kept(self, anna):
        request = due()
        attempt = working.begin_attempt(request, anna, client_id=new_id())
        CallbackRequest.objects.update(state="cancelled", open_phone=None)

        with pytest.raises(NotWaiting):
            record(request, anna, "talked", attempt=attempt, note="Bought it")

        attempt.refresh_from_db()
        assert (attempt.outcome, attempt.note) == ("talked", "Bought it")
        assert stored(request).state == "cancelled"
        assert lines(request)[-1] == "callback_called"

    @pytest.mark.parametrize(("outcome", "reached"), [("wrong_number", False), ("refused", True), ("talked", True)])
    def test_what_ends_a_request(self, rules, anna, outcome, reached):
        request = due()

        record(request, anna, outcome)

        request = stored(request)
        assert (request.state, request.outcome, request.open_phone) == ("done", outcome, None)
        assert bool(request.reached_at) == reached
        assert lines(request)[-2:] == ["callback_called", "callback_done"]

    def test_an_end_gives_the_seat_back(self, rules, anna):
        request = due(slot_at=NOW - 15 * MINUTE, slot_until=NOW + 15 * MINUTE, seat=1)

        record(request, anna, "talked")

        request = stored(request)
        assert (request.slot_at, request.slot_until, request.seat) == (None, None, None)

    def test_a_call_that_could_not_be_made_changes_nothing_but_says_so(self, rules, anna):
        request = due()

        record(request, anna, "failed")

        after = stored(request)
        assert (after.state, after.due_at, after.promised_until) == ("waiting", request.due_at, request.promised_until)
        assert (after.attempts_made, after.first_attempt_at, after.outcome) == (0, None, "failed")
        assert lines(request)[-1] == "callback_called"

    def test_a_first_call_after_the_promise_missed_it(self, anna):
        late, in_time = due(), due()
        begun = working.begin_attempt(in_time, anna, client_id=new_id())

        with time_machine.travel(NOW + 16 * MINUTE, tick=False):
            record(late, anna, "talked")
            record(in_time, anna, "talked", attempt=begun)

        assert (stored(late).misses, stored(late).missed_at) == (1, NOW + 15 * MINUTE)
        assert (stored(in_time).misses, stored(in_time).missed_at) == (0, None)


class TestAnotherTime:
    def test_the_slot_that_they_asked_for_is_booked(self, rules, anna):
        request = due(slot_at=NOW - 15 * MINUTE, slot_until=NOW + 15 * MINUTE, seat=1)
        tomorrow = next(slot for slot in slots.free_slots(rules, now=NOW) if slot.begins_at > NOW + timedelta(days=1))

        record(request, anna, "call_later", slot=tomorrow.value)

        request = stored(request)
        assert (request.state, request.outcome) == ("waiting", "call_later")
        assert (request.slot_at, request.due_at, request.seat) == (tomorrow.begins_at, tomorrow.begins_at, 1)
        assert request.promised_until == tomorrow.ends_at
        assert request.reached_at == NOW
        assert request.open_phone == request.phone
        assert lines(request)[-2:] == ["callback_called", "callback_moved"]

    @pytest.mark.parametrize("slot", ["", "nonsense", "20261122T1000Z", "20261123T0805Z", "20261129T1000Z"])
    def test_a_time_that_cannot_be_promised_is_refused_and_nothing_is_recorded(self, rules, anna, slot):
        request = due()

        with pytest.raises(BadOutcome) as refused:
            record(request, anna, "call_later", slot=slot)

        assert refused.value.field == "slot"
        assert refused.value.text
        assert not CallAttempt.objects.exists()
        assert stored(request).outcome == ""

    def test_a_full_one_is_refused(self, rules, anna):
        full = slots.free_slots(rules, now=NOW)[0]
        for _ in range(full.free):
            slots.book(CallbackRequestFactory(), full, rules=rules, now=NOW)

        with pytest.raises(BadOutcome) as refused:
            record(due(), anna, "call_later", slot=full.value)

        assert "taken" in refused.value.text

    def test_without_rules_there_is_no_slot(self, anna):
        with pytest.raises(BadOutcome):
            record(due(), anna, "call_later", slot="20261124T1000Z")


class TestBadInput:
    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("outcome", {"outcome": ""}),
            ("outcome", {"outcome": "sang"}),
            ("result", {"outcome": "talked", "result": ""}),
            ("result", {"outcome": "talked", "result": "sold"}),
            ("note", {"outcome": "talked", "result": "other", "note": " \x00 "}),
            ("note", {"outcome": "no_answer", "note": "x" * 1001}),
        ],
    )
    def test_it_is_refused_beside_its_field(self, rules, anna, field, wrong):
        request = due()

        with pytest.raises(BadOutcome) as refused:
            working.record(request, anna, attempt=None, client_id=new_id(), **wrong)

        assert refused.value.field == field
        assert refused.value.text
        assert not CallAttempt.objects.exists()

    def test_a_result_belongs_to_a_talk(self, rules, anna):
        request = due()

        record(request, anna, "no_answer", result="ordered")

        assert stored(request).result == CallAttempt.objects.get().result == ""


def test_the_clock_is_asked_where_no_moment_is_given(anna):
    request = due()

    working.take(request, anna)

    assert stored(request).updated_at == timezone.now() == NOW
