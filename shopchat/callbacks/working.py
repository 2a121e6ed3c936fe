"""What operators do with a request: take it, give it away, call, and say how that ended.

Whoever changes a request holds its row until commit, so that of two at once the second sees what the first did. An
attempt gets its outcome once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from shopchat.callbacks import ending, happenings, outcomes, slots
from shopchat.callbacks.happenings import happened
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.callbacks.refusing import NotWaiting
from shopchat.conversations.models import Message
from shopchat.operators.models import Operator

Outcome, Progress = CallAttempt.Outcome, CallAttempt.Progress
BY_HAND = "tel"
ENDED = (Progress.ENDED, Progress.FAILED, Progress.UNCONFIRMED)
# Nobody talks for longer; who called before that and said nothing has forgotten to.
UNDER_WAY = timedelta(hours=1)


class Taken(Exception):
    """A colleague has it: ``by``."""

    def __init__(self, by: Operator):
        super().__init__()
        self.by = by


class ClientIdReused(Exception):
    """The form's id belongs to a call for another request, or of a colleague."""


def take(request: CallbackRequest, operator: Operator, *, now: datetime | None = None) -> None:
    """This operator calls. Taking one's own again changes nothing. Raises :class:`Taken` or :class:`NotWaiting`."""
    at = now or timezone.now()
    with transaction.atomic():
        _lock(request, at)
        _take(request, operator, at)


def release(request: CallbackRequest, operator: Operator, *, now: datetime | None = None) -> bool:
    """Back to the queue, if it waits and is this operator's. Returns whether it was."""
    at = now or timezone.now()
    with transaction.atomic():
        held = _waiting(request).filter(assignee=operator).update(assignee=None, updated_at=at)
        if held:
            request.refresh_from_db()
            happened(request, happenings.RELEASED, at=at, operator=operator)
    return bool(held)


def assign(
    requests: Iterable[CallbackRequest], operator: Operator, *, by: Operator, now: datetime | None = None
) -> int:
    """Give all of these that wait to the operator, whoever had them; answers how many changed hands.

    One transaction each: two of them may share a conversation, and whoever takes the second holds it before that.
    What was given before an error stays given.
    """
    at = now or timezone.now()
    return sum(_give(request, operator, by, at) for request in requests)


def begin_attempt(
    request: CallbackRequest, operator: Operator, *, client_id: str, backend: str = BY_HAND, now: datetime | None = None
) -> CallAttempt:
    """The operator calls now. Asked again with the same id, or while their call is under way, it is the same attempt.

    Takes the request if nobody has it. Raises :class:`Taken`, :class:`NotWaiting` or :class:`ClientIdReused`.
    """
    at = now or timezone.now()
    with transaction.atomic():
        _lock(request, at)
        if (known := CallAttempt.objects.filter(client_id=client_id).first()) is not None:
            return _own(known, request, operator)
        _take(request, operator, at)
        if (open_one := under_way(request, at).filter(operator=operator).first()) is not None:
            return _made_by(open_one, backend)
        end_unrecorded(request, at=at)
        return CallAttempt.objects.create(
            request=request, operator=operator, client_id=client_id, backend=backend, started_at=at
        )


def record(
    request: CallbackRequest,
    operator: Operator,
    *,
    attempt: CallAttempt | None,
    outcome: str,
    note: str = "",
    result: str = "",
    slot: str = "",
    client_id: str,
    now: datetime | None = None,
) -> CallbackRequest:
    """Say how a call ended; the request as it stands then. The same click twice is recorded once.

    Without ``attempt`` it is the operator's last call, else one that was made without telling us. ``slot`` is the new time of somebody who asked to be called later. Raises :class:`BadOutcome`, :class:`Taken`,
    :class:`ClientIdReused`, and :class:`NotWaiting` for a request that was closed meanwhile: what was said about a call
    that had begun is kept all the same.
    """
    at = now or timezone.now()
    ended = outcomes.read(outcome, result=result, note=note)
    with transaction.atomic():
        _lock(request, at)
        if (line := _line_of(request, client_id)) is not None:
            return _recorded(request, line.details["outcome"], ended)
        meant = _meant(request, operator, attempt, client_id, at)
        if meant is not None and meant.outcome:
            return _recorded(request, meant.outcome, ended)
        if waits := request.is_waiting():
            if slot:
                slots.line_up()  # before the line that says who took it, which locks the conversation
            _take(request, operator, at)
        elif meant is None:
            raise NotWaiting(request)
        meant = _end(meant, request, operator, ended, client_id, at)
        end_unrecorded(request, at=at, but=meant)
        if waits:
            ending.follow(request, meant, ended, slot=slot, operator=operator, click=client_id, at=at)
        else:
            ending.tell_operators(request, ended, operator=operator, click=client_id, at=at)
    if not waits:
        raise NotWaiting(request)
    return request


def under_way(request: CallbackRequest, at: datetime) -> "QuerySet[CallAttempt]":
    """The attempt that somebody is making, as far as anybody knows."""
    unrecorded = CallAttempt.objects.filter(request=request, outcome="", ended_at=None)
    return unrecorded.filter(started_at__gt=at - UNDER_WAY).exclude(progress__in=ENDED)


def end_unrecorded(request: CallbackRequest, *, at: datetime, but: CallAttempt | None = None) -> None:
    """Whoever calls again has not reached the customer by the calls before, of which nothing was said."""
    left = CallAttempt.objects.filter(request=request, outcome="").exclude(pk=but.pk if but else 0)
    left.filter(progress=Progress.FAILED).update(outcome=Outcome.FAILED, ended_at=Coalesce("ended_at", at))
    left.filter(outcome="").update(outcome=Outcome.NO_ANSWER, ended_at=Coalesce("ended_at", at))


def _lock(request: CallbackRequest, at: datetime) -> None:
    """Hold the row, by a write that every database waits for, and read what it says then."""
    CallbackRequest.objects.filter(pk=request.pk).update(updated_at=at)
    request.refresh_from_db()


def _take(request: CallbackRequest, operator: Operator, at: datetime) -> None:
    """The request is the operator's, or an exception says why not. Under the row's lock."""
    if not request.is_waiting():
        raise NotWaiting(request)
    if request.assignee is not None and request.assignee != operator:
        raise Taken(request.assignee)
    if request.assignee is None and _waiting(request).filter(assignee=None).update(assignee=operator):
        request.assignee = operator
        happened(request, happenings.TAKEN, at=at, operator=operator)


def _give(request: CallbackRequest, operator: Operator, by: Operator, at: datetime) -> bool:
    another = Q(assignee=None) | ~Q(assignee=operator)
    with transaction.atomic():
        given = _waiting(request).filter(another).update(assignee=operator, updated_at=at)
        if given:
            request.refresh_from_db()
            happened(request, happenings.GIVEN, at=at, operator=by, to=operator.public_name)
    return bool(given)


def _meant(
    request: CallbackRequest, operator: Operator, attempt: CallAttempt | None, client_id: str, at: datetime
) -> CallAttempt | None:
    """The stored call that the operator speaks of, if there is one."""
    if attempt is not None:
        stored = CallAttempt.objects.filter(request=request).select_related("operator").get(pk=attempt.pk)
        if stored.operator is not None and stored.operator != operator:
            raise Taken(stored.operator)
        return stored
    if (known := CallAttempt.objects.filter(client_id=client_id).first()) is not None:
        return _own(known, request, operator)
    unsaid = CallAttempt.objects.filter(request=request, operator=operator, outcome="").exclude(
        progress=Progress.FAILED
    )
    lately = Q(started_at__gt=at - UNDER_WAY) | Q(ended_at__gt=at - UNDER_WAY)
    return unsaid.filter(lately).order_by("-pk").first()


def _line_of(request: CallbackRequest, client_id: str) -> Message | None:
    """What this very click wrote, if it came before."""
    theirs = Message.objects.filter(conversation=request.conversation_id, author=Message.Author.SYSTEM)
    return theirs.filter(client_id=happenings.click_id(client_id)).first()


def _recorded(request: CallbackRequest, outcome: str, ended: outcomes.Ended) -> CallbackRequest:
    if outcome == ended.outcome:
        return request
    words = _("This call is recorded already: %(outcome)s.") % {"outcome": Outcome(outcome).label}
    raise outcomes.BadOutcome("outcome", words)


def _end(
    attempt: CallAttempt | None,
    request: CallbackRequest,
    operator: Operator,
    ended: outcomes.Ended,
    client_id: str,
    at: datetime,
) -> CallAttempt:
    """Write the outcome into the call's row, or into a new one. How long it took is what telephony says, else the clock."""
    told: dict[str, Any] = {"outcome": ended.outcome, "result": ended.result, "note": ended.note}
    if attempt is None:
        return CallAttempt.objects.create(
            request=request, operator=operator, client_id=client_id, started_at=at, ended_at=at, **told
        )
    told["ended_at"] = attempt.ended_at or at
    if attempt.duration_seconds is None:
        told["duration_seconds"] = max(0, int((told["ended_at"] - attempt.started_at).total_seconds()))
    CallAttempt.objects.filter(pk=attempt.pk, outcome="").update(**told)
    attempt.refresh_from_db()
    return attempt


def _made_by(attempt: CallAttempt, backend: str) -> CallAttempt:
    """Who said that they dial by hand may leave that to telephony; a call that telephony makes stays its."""
    if CallAttempt.objects.filter(pk=attempt.pk, backend=BY_HAND).update(backend=backend):
        attempt.backend = backend
    return attempt


def _own(attempt: CallAttempt, request: CallbackRequest, operator: Operator) -> CallAttempt:
    if (attempt.request_id, attempt.operator_id) != (request.pk, operator.pk):
        raise ClientIdReused
    return attempt


def _waiting(request: CallbackRequest) -> CallbackRequestQuerySet:
    return CallbackRequest.objects.waiting().filter(pk=request.pk)
