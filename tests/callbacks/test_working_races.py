"""Two who work on one request at once, on connections of their own."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.callbacks import changing, working
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.outcomes import BadOutcome
from shopchat.callbacks.promises import watch
from shopchat.callbacks.refusing import NotWaiting
from shopchat.callbacks.working import Taken
from shopchat.conversations.models import Delivery, Message
from tests.factories import CallbackRequestFactory, CallbackRulesFactory, OperatorFactory, UserFactory, client_id
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def request_():
    """Its promise has just passed."""
    CallbackRulesFactory()
    now = timezone.now()
    return CallbackRequestFactory(due_at=now - timedelta(minutes=31), promised_until=now - timedelta(minutes=1))


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna")


@pytest.fixture
def boris():
    return OperatorFactory(public_name="Boris")


def same(request):
    return CallbackRequest.objects.get(pk=request.pk)


def lines(request):
    """Every line in order; gapless, or this fails."""
    found = list(Message.objects.filter(conversation=request.conversation_id).order_by("seq"))
    assert [line.seq for line in found] == list(range(1, len(found) + 1))
    return [line.event for line in found]


def kinds(results):
    return sorted(type(result).__name__ for result in results)


def recording(request, operator, outcome, attempt=None, one=""):
    request = same(request)
    return lambda: working.record(
        request, operator, attempt=attempt, outcome=outcome, result="helped", client_id=one or client_id()
    )


def test_one_of_two_takes_it(request_, anna, boris):
    results = at_once(
        lambda: working.take(same(request_), anna),
        lambda: working.take(same(request_), boris),
    )

    assert kinds(results) == ["NoneType", "Taken"]
    winner = same(request_).assignee
    assert next(result for result in results if isinstance(result, Taken)).by == winner
    assert lines(request_) == ["callback_taken"]


def test_of_taking_and_cancelling_the_later_sees_the_earlier(request_, anna):
    taken, cancelled = at_once(
        lambda: working.take(same(request_), anna),
        lambda: changing.cancel(same(request_)),
    )

    assert isinstance(cancelled, CallbackRequest)
    assert same(request_).state == "cancelled"
    if isinstance(taken, NotWaiting):
        assert lines(request_) == ["callback_off"]
    else:
        assert lines(request_) == ["callback_taken", "callback_off"]


def test_one_of_two_operators_records(request_, anna, boris):
    results = at_once(recording(request_, anna, "talked"), recording(request_, boris, "no_answer"))

    assert sorted(kinds(results))[0] == "CallbackRequest"
    assert isinstance(next(r for r in results if not isinstance(r, CallbackRequest)), Taken | NotWaiting)
    assert CallAttempt.objects.count() == 1
    assert same(request_).attempts_made == 1


def test_one_of_two_outcomes_of_a_call_is_recorded(request_, anna):
    attempt = working.begin_attempt(request_, anna, client_id=client_id())

    results = at_once(recording(request_, anna, "talked", attempt), recording(request_, anna, "no_answer", attempt))

    assert kinds(results) == ["BadOutcome", "CallbackRequest"]
    assert isinstance(results[0] if isinstance(results[0], Exception) else results[1], BadOutcome)
    request = same(request_)
    assert CallAttempt.objects.get().outcome == request.outcome
    assert request.attempts_made == 1


@pytest.mark.parametrize("outcome", ["talked", "no_answer"])
def test_one_click_twice_is_recorded_once(request_, anna, outcome):
    one = client_id()

    results = at_once(*[recording(request_, anna, outcome, one=one)] * 2)

    assert kinds(results) == ["CallbackRequest", "CallbackRequest"]
    assert CallAttempt.objects.count() == 1
    assert same(request_).attempts_made == 1
    assert lines(request_).count("callback_called") == 1


def test_one_click_twice_begins_one_call(request_, anna):
    one = client_id()

    results = at_once(*[lambda: working.begin_attempt(same(request_), anna, client_id=one)] * 2)

    assert results[0] == results[1] == CallAttempt.objects.get()


def test_who_is_called_while_the_promise_passes_is_missed_once_or_called(request_, anna):
    """Either the call came first and replaces the promise, or the promise was missed first and the call replaces that."""
    _recorded, done = at_once(recording(request_, anna, "no_answer"), watch)

    request = same(request_)
    assert (request.misses, request.attempts_made, request.is_waiting()) == (1, 1, True)
    assert request.promised_until > timezone.now()
    assert lines(request).count("callback_late") == (1 if done else 0)
    assert lines(request)[-1] in {"callback_tried", "callback_late"}


def test_two_runs_at_once_miss_a_promise_once(request_):
    UserFactory(superuser=True)
    OperatorFactory(user=UserFactory(superuser=True))

    results = at_once(watch, watch)

    assert sorted(results) == [0, 1]
    assert same(request_).misses == 1
    assert lines(request_) == ["callback_late"]
    assert Delivery.objects.filter(kind="callback_alert").count() == 2


def test_two_runs_at_once_alert_once(anna, boris):
    CallbackRulesFactory()
    now = timezone.now()
    created = now - timedelta(hours=1)
    request = CallbackRequestFactory(
        due_at=now - timedelta(minutes=20), promised_until=now + timedelta(minutes=4), created_at=created
    )

    results = at_once(watch, watch)

    assert all(isinstance(result, int) for result in results)
    assert Delivery.objects.filter(kind="callback_alert").count() == 2
    assert sorted(lines(request)) in (["callback_due"], ["callback_due", "callback_soon"])


def test_two_who_give_away_the_same_do_not_wait_for_each_other(anna, boris):
    CallbackRulesFactory()
    requests = [CallbackRequestFactory() for _ in range(5)]

    results = at_once(
        lambda: working.assign([same(one) for one in requests], anna, by=boris),
        lambda: working.assign([same(one) for one in reversed(requests)], boris, by=anna),
    )

    assert results == [5, 5]
    assert {same(one).assignee for one in requests} <= {anna, boris}
    assert [lines(one) for one in requests] == [["callback_given"] * 2] * 5
