"""What follows from how a call ended: the request is done, is called again, or stays as it was. Under the row's lock."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from shopchat.callbacks import happenings, replanning, slots
from shopchat.callbacks.happenings import happened
from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules
from shopchat.callbacks.outcomes import BadOutcome, Ended
from shopchat.operators.models import Operator
from shopchat.signals import callback_done

Outcome = CallAttempt.Outcome
REACHED = (Outcome.TALKED, Outcome.CALL_LATER, Outcome.REFUSED)
NO_SEAT = {"slot_at": None, "slot_until": None, "seat": None}


def follow(
    request: CallbackRequest,
    attempt: CallAttempt,
    ended: Ended,
    *,
    slot: str,
    operator: Operator,
    click: str,
    at: datetime,
) -> None:
    """Change the request as the attempt's outcome asks for, and write the lines. Raises :class:`BadOutcome`.

    An attempt that could not be made leaves everything as it was: it may be made again, and the promise stands.
    """
    rules = replanning.rules_of(request)
    changes = _counted(request, attempt, ended, at)
    if ended.outcome == Outcome.CALL_LATER:
        _agree(request, slot, rules, at)
        event = happenings.MOVED
    elif ended.outcome == Outcome.FAILED:
        event = ""
    elif ended.outcome in happenings.UNANSWERED and (again := _again(request, rules, at)):
        changes |= again
        event = happenings.UNREACHED
    else:
        changes |= {"state": CallbackRequest.State.DONE, "closed_at": at, "open_phone": None, **NO_SEAT}
        event = happenings.DONE
    _write(request, changes)
    tell_operators(request, ended, operator=operator, click=click, at=at)
    if event and (event != happenings.UNREACHED or rules is None or rules.tells_unreached):
        happened(request, event, at=at, operator=operator, outcome=ended.outcome)
    if event == happenings.DONE:
        transaction.on_commit(lambda: callback_done.send_robust(sender=CallbackRequest, request=request), robust=True)


def tell_operators(request: CallbackRequest, ended: Ended, *, operator: Operator, click: str, at: datetime) -> None:
    """The private line about a call. There is one for each click."""
    again = request.is_waiting() and ended.outcome != Outcome.FAILED
    happened(
        request,
        happenings.CALLED,
        at=at,
        operator=operator,
        click=click,
        outcome=ended.outcome,
        result=ended.result,
        again=again,
    )


def _counted(request: CallbackRequest, attempt: CallAttempt, ended: Ended, at: datetime) -> dict[str, Any]:
    """What every outcome says about the request. A first call after the promised time missed it."""
    changes: dict[str, Any] = {"outcome": ended.outcome, "result": ended.result, "updated_at": at}
    if ended.outcome == Outcome.FAILED:
        return changes
    changes |= {"attempts_made": request.attempts_made + 1}
    changes |= {"first_attempt_at": request.first_attempt_at or attempt.started_at}
    if attempt.started_at > request.promised_until:
        changes |= {"misses": request.misses + 1, "missed_at": request.missed_at or request.promised_until}
    if ended.outcome in REACHED:
        changes |= {"reached_at": request.reached_at or attempt.answered_at or attempt.started_at}
    return changes


def _agree(request: CallbackRequest, value: str, rules: CallbackRules | None, at: datetime) -> None:
    """The customer asked for another time: its seat is booked."""
    if not value:
        raise BadOutcome("slot", _("Choose when to call again."))
    try:
        if rules is None:
            raise slots.SlotUnknown
        slots.book(request, slots.find(rules, value, now=at, but=request), rules=rules, now=at)
    except slots.SlotFull as error:
        raise BadOutcome("slot", _("That time is taken by now. Choose another one.")) from error
    except slots.SlotPast as error:
        raise BadOutcome("slot", _("That time begins too soon. Choose a later one.")) from error
    except slots.NoSlot as error:
        raise BadOutcome("slot", _("Nobody calls at that time. Choose another one.")) from error


def _again(request: CallbackRequest, rules: CallbackRules | None, at: datetime) -> dict[str, Any]:
    """When to call again; empty if there were calls enough."""
    span = replanning.next_call(request, rules, at=at, tries=replanning.unanswered(request))
    if span is None:
        return {}
    return planned(request, span)


def planned(request: CallbackRequest, span: replanning.Span) -> dict[str, Any]:
    """The row's new promise. A seat is kept with its slot only."""
    changes: dict[str, Any] = {"due_at": span[0], "promised_until": span[1], "is_asap": False}
    return changes if request.slot_at == span[0] else {**changes, **NO_SEAT}


def _write(request: CallbackRequest, changes: dict[str, Any]) -> None:
    CallbackRequest.objects.waiting().filter(pk=request.pk).update(**changes)
    request.refresh_from_db()
