"""The races of operators, customers and the clock over one callback request.

Each test says which change of the code it was seen to fail with.
"""

from datetime import UTC, datetime, timedelta

import pytest

from shopchat.callbacks import changing, promises, working
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.refusing import NotWaiting
from shopchat.callbacks.working import Taken
from shopchat.conversations.models import Message
from tests.factories import CallbackRequestFactory, CallbackRulesFactory, OperatorFactory, client_id
from tests.interleavings.forcing import run_after, run_before

pytestmark = pytest.mark.django_db(transaction=True)

# A Monday, 10:31 in Kyiv: the promise was until 10:30.
NOW = datetime(2026, 11, 23, 8, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _on_monday(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def request_():
    CallbackRulesFactory()
    return CallbackRequestFactory(due_at=NOW - timedelta(minutes=31), promised_until=NOW - timedelta(minutes=1))


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna")


def same(request):
    return CallbackRequest.objects.get(pk=request.pk)


def events(request):
    rows = Message.objects.filter(conversation=request.conversation_id).order_by("seq")
    return list(rows.values_list("event", flat=True))


def no_answer(request, operator, **kwargs):
    return working.record(
        request, operator, attempt=kwargs.pop("attempt", None), outcome="no_answer", client_id=client_id(), **kwargs
    )


class TestTakingAndCancelling:
    def test_who_takes_after_the_customer_cancelled_is_told(self, request_, anna):
        """Fails if ``take`` believes the object that it was given."""
        other = same(request_)

        with (
            run_before("shopchat.callbacks.working.take", lambda: changing.cancel(other), ends=True),
            pytest.raises(NotWaiting),
        ):
            working.take(request_, anna)

        assert events(request_) == ["callback_off"]
        assert same(request_).assignee is None

    def test_a_cancelling_waits_for_a_taking_that_is_not_committed(self, request_, anna):
        """Fails if ``take`` writes its line outside the transaction that holds the row."""
        other = same(request_)

        with run_before("shopchat.callbacks.working.happened", lambda: changing.cancel(other), ends=False) as second:
            working.take(request_, anna)

        assert second.result == request_
        assert events(request_) == ["callback_taken", "callback_off"]
        assert same(request_).state == "cancelled"

    def test_two_who_take(self, request_, anna):
        """Fails if ``take`` looks who has it before it holds the row."""
        boris, other = OperatorFactory(public_name="Boris"), same(request_)

        with run_after("shopchat.callbacks.working._lock", lambda: working.take(other, boris), ends=False) as second:
            working.take(request_, anna)

        assert isinstance(second.result, Taken)
        assert second.result.by == anna
        assert events(request_) == ["callback_taken"]


class TestRecordingAndCancelling:
    def test_what_was_said_of_a_call_is_kept(self, request_, anna):
        """Fails if ``record`` believes the object that it was given: a cancelled request would be called again."""
        attempt = working.begin_attempt(request_, anna, client_id=client_id())
        other = same(request_)

        with (
            run_before("shopchat.callbacks.working.record", lambda: changing.cancel(other), ends=True),
            pytest.raises(NotWaiting),
        ):
            no_answer(request_, anna, attempt=attempt)

        assert same(request_).state == "cancelled"
        assert CallAttempt.objects.get().outcome == "no_answer"
        assert events(request_) == ["callback_taken", "callback_off", "callback_called"]

    def test_a_cancelling_waits_and_ends_what_was_planned_again(self, request_, anna):
        """Fails if ``record`` lets go of the row before its lines are written."""
        other = same(request_)

        with run_before("shopchat.callbacks.ending.happened", lambda: changing.cancel(other), ends=False):
            no_answer(request_, anna)

        assert same(request_).state == "cancelled"
        assert events(request_)[-1] == "callback_off"


class TestRecordingAndWatching:
    def test_a_call_recorded_since_the_run_looked_is_no_second_miss(self, request_, anna):
        """Fails if ``_miss`` counts whatever the promise is by then."""
        other = same(request_)

        with run_before("shopchat.callbacks.promises._miss", lambda: no_answer(other, anna), ends=True):
            assert promises.watch(NOW) == 0

        request = same(request_)
        assert (request.misses, request.attempts_made) == (1, 1)  # the call came a minute too late
        assert events(request) == ["callback_taken", "callback_called", "callback_tried"]

    def test_a_call_begun_since_the_run_looked_is_not_apologised_for(self, request_, anna):
        """Fails if ``_miss`` does not look at the calls again once it holds the row."""
        other = same(request_)

        with run_before(
            "shopchat.callbacks.promises._miss",
            lambda: working.begin_attempt(other, anna, client_id=client_id()),
            ends=True,
        ):
            assert promises.watch(NOW) == 0

        assert same(request_).misses == 0
        assert events(request_) == ["callback_taken"]

    def test_a_call_waits_for_a_miss_that_is_not_committed_and_replaces_its_promise(self, request_, anna):
        """Fails if the new promise is written outside the transaction that counted the miss."""
        other = same(request_)

        with run_before(
            "shopchat.callbacks.promises._promise_anew", lambda: no_answer(other, anna), ends=False
        ) as second:
            assert promises.watch(NOW) == 1

        assert second.result == request_
        request = same(request_)
        assert (request.misses, request.attempts_made) == (1, 1)
        assert request.due_at == NOW + timedelta(minutes=30)
        assert events(request) == ["callback_late", "callback_taken", "callback_called", "callback_tried"]

    def test_two_runs(self, request_):
        """Fails if ``_miss`` asks neither for the promise nor for the misses that it has seen."""
        with run_before("shopchat.callbacks.promises._miss", _watch, ends=True) as second:
            assert promises.watch(NOW) == 0

        assert second.result == 1
        assert same(request_).misses == 1
        assert events(request_) == ["callback_late"]


class TestMovingAndWatching:
    def test_another_time_chosen_since_the_run_looked_is_not_missed(self, request_):
        """Fails like the one before."""
        OperatorFactory(takes_calls=True)
        other = same(request_)

        with run_before("shopchat.callbacks.promises._miss", lambda: changing.move(other, "20261123T1200Z"), ends=True):
            assert promises.watch(NOW) == 0

        request = same(request_)
        assert (request.misses, request.slot_at) == (0, datetime(2026, 11, 23, 12, tzinfo=UTC))
        assert events(request) == ["callback_moved"]


def _watch():
    return promises.watch(NOW)
