"""Keeping promises: whose time has come, who is to be told that it runs out, and what follows when it has run out.

Runs each minute and does all that is due, whenever it ran last: a promise that passed days ago while the worker was down
is missed once. Two runs at once share the work: each change is one of a row that still stands as it was read.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shopchat.callbacks import alerts, happenings, replanning, slots
from shopchat.callbacks.choosing import Choice, promise
from shopchat.callbacks.ending import planned
from shopchat.callbacks.happenings import GONE_UP, happened
from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules
from shopchat.callbacks.slots import NoSlot
from shopchat.callbacks.working import UNDER_WAY
from shopchat.conversations import notifying
from shopchat.conversations.models import Delivery
from shopchat.operators.models import Operator

MINUTE = timedelta(minutes=1)
# After a long silence of the worker the rest is the next run's.
BATCH = 200
# Who never says what came of a call is reminded for as long.
REMINDED_FOR = timedelta(days=1)


@dataclass
class Watch:
    """One run: the moment, and what is asked once for all requests."""

    at: datetime
    rules: Mapping[int, CallbackRules]
    told: set[str] = field(default_factory=set)

    @cached_property
    def team(self) -> list[Operator]:
        return alerts.team()

    @cached_property
    def supervisors(self) -> list[Operator]:
        return alerts.supervisors()

    def rules_of(self, request: CallbackRequest) -> CallbackRules | None:
        return self.rules.get(request.inbox_id)

    def notice(self, request: CallbackRequest) -> timedelta:
        """How long before the end of a promise operators are told."""
        rules = self.rules_of(request) or CallbackRules()
        return timedelta(minutes=rules.alert_before_minutes)


def watch(now: datetime | None = None) -> int:
    """Say what has become due, alert whoever can still keep a promise, and answer for those that were missed.

    Answers how many requests something was done about.
    """
    at = now or timezone.now()
    rules = CallbackRules.objects.select_related("schedule", "inbox")
    rules = rules.prefetch_related("schedule__intervals", "schedule__exceptions")
    run = Watch(at, {one.inbox_id: one for one in rules})
    done = sum(_say_that_it_is_time(request, at) for request in _beginning(at))
    near = _near(run)
    if near:
        calls = _calls(near)
        run.told = _told(near)
        for request in near:
            done += _look_after(request, calls.get(request.pk, []), run)
    return done


def _beginning(at: datetime) -> Sequence[CallbackRequest]:
    """Those whose time has come since anything was last done about them."""
    due = CallbackRequest.objects.waiting().filter(due_at__lte=at, promised_until__gt=at, updated_at__lt=F("due_at"))
    return list(due.select_related("conversation", "inbox").order_by("due_at", "pk")[:BATCH])


def _say_that_it_is_time(request: CallbackRequest, at: datetime) -> bool:
    """A line for operators; it moves the desk, whose number beside "Callbacks" has just grown."""
    with transaction.atomic():
        still = CallbackRequest.objects.waiting().filter(
            pk=request.pk, due_at=request.due_at, updated_at__lt=F("due_at")
        )
        if still.update(updated_at=at):
            happened(request, happenings.DUE, at=at)
            return True
    return False


def _near(run: Watch) -> Sequence[CallbackRequest]:
    """Those whose promise has passed, or passes soon enough for an alert."""
    notices = [rules.alert_before_minutes for rules in run.rules.values()] or [CallbackRules().alert_before_minutes]
    until = run.at + timedelta(minutes=max(notices))
    waiting = CallbackRequest.objects.waiting().select_related("conversation", "inbox", "assignee__user")
    near = waiting.filter(promised_until__gt=run.at, promised_until__lte=until).order_by("promised_until", "pk")
    # The latest first: calls of which nobody ever says how they ended stay here, and must not keep others out.
    passed = waiting.filter(promised_until__lte=run.at).order_by("-promised_until", "-pk")
    return [*near[:BATCH], *passed[:BATCH]]


def _calls(requests: Iterable[CallbackRequest]) -> dict[int, list[CallAttempt]]:
    """Calls of which nobody has said yet how they ended, except those that could not be made."""
    found: dict[int, list[CallAttempt]] = {}
    unrecorded = CallAttempt.objects.filter(request__in=requests, outcome="")
    for attempt in unrecorded.exclude(progress=CallAttempt.Progress.FAILED):
        found.setdefault(attempt.request_id, []).append(attempt)
    return found


def _told(requests: Iterable[CallbackRequest]) -> set[str]:
    conversations = [request.conversation_id for request in requests]
    queued = Delivery.objects.filter(kind=alerts.KIND, conversation__in=conversations)
    return {notifying.occasion(*pair) for pair in queued.values_list("purpose", "channel")}


def _look_after(request: CallbackRequest, calls: Sequence[CallAttempt], run: Watch) -> bool:
    if any(call.started_at > run.at - UNDER_WAY for call in calls):
        return False  # somebody is talking
    if request.promised_until > run.at:
        return request.promised_until - run.at <= run.notice(request) and _warn(request, run)
    if not any(_is_in_time(call, request) for call in calls):
        return _miss(request, run)
    return request.promised_until > run.at - REMINDED_FOR and _alert(request, run.team, run)


def _is_in_time(call: CallAttempt, request: CallbackRequest) -> bool:
    """Whether it keeps the present promise: one long before belongs to a promise before that."""
    return request.due_at - UNDER_WAY <= call.started_at <= request.promised_until


def _warn(request: CallbackRequest, run: Watch) -> bool:
    """First whoever has it, else the team; when half of the time is left, the team in any case."""
    left, notice = request.promised_until - run.at, run.notice(request)
    assignee = alerts.assignee_who_answers(request)
    everybody = assignee is None or left <= max(notice / 2, MINUTE)
    told = _alert(request, [*([assignee] if assignee else []), *(run.team if everybody else [])], run)
    return _say_that_time_runs_out(request, run.at, left, notice) or told


def _alert(request: CallbackRequest, operators: Iterable[Operator], run: Watch) -> bool:
    promised_until = request.promised_until
    untold = {}
    for operator in operators:
        purpose = alerts.purpose(request, alerts.SOON, operator, promised_until=promised_until)
        if purpose not in run.told:
            untold[operator.pk] = operator
    if not untold:
        return False
    with transaction.atomic():  # one, so that the worker is woken once
        return bool(alerts.alert(request, untold.values(), alerts.SOON, promised_until=promised_until))


def _say_that_time_runs_out(request: CallbackRequest, at: datetime, left: timedelta, notice: timedelta) -> bool:
    """A line for operators, unless something was done about the request since it could have been written."""
    since = request.promised_until - notice
    if request.updated_at >= since:
        return False
    with transaction.atomic():
        still = CallbackRequest.objects.waiting().filter(pk=request.pk, promised_until=request.promised_until)
        if still.filter(updated_at__lt=since).update(updated_at=at):
            happened(request, happenings.WARNED, at=at, minutes=math.ceil(left / MINUTE))
            return True
    return False


def _miss(request: CallbackRequest, run: Watch) -> bool:
    """Nobody called in time: count it, give the customer an honest time, and tell the supervisors. Once for each promise."""
    missed = request.promised_until
    rules = run.rules_of(request)
    with transaction.atomic():
        # By the key alone: MariaDB would lock another index first, and wait in a circle with whoever records a call.
        CallbackRequest.objects.filter(pk=request.pk).update(updated_at=run.at)
        seen = (missed, request.misses)
        request.refresh_from_db()
        if not request.is_waiting() or (request.promised_until, request.misses) != seen:
            return False
        # Under the row's lock, for somebody may have begun to call since we looked.
        if any(_protects(call, request, run.at) for call in _calls([request]).get(request.pk, [])):
            return False
        changes = {"misses": request.misses + 1, "missed_at": request.missed_at or missed}
        CallbackRequest.objects.filter(pk=request.pk).update(**changes)
        request.refresh_from_db()
        _promise_anew(request, rules, run.at)
        event = happenings.MISSED if request.misses <= GONE_UP else happenings.OVERDUE
        happened(request, event, at=run.at, misses=request.misses)
        alerts.alert(request, run.supervisors, alerts.MISSED, promised_until=missed)
    return True


def _protects(call: CallAttempt, request: CallbackRequest, at: datetime) -> bool:
    return call.started_at > at - UNDER_WAY or _is_in_time(call, request)


def _promise_anew(request: CallbackRequest, rules: CallbackRules | None, at: datetime) -> None:
    """At once if somebody can call now, else the next free slot in the customer's day, else the next hours of calls.

    From the third missed promise on it is the next day: by then the supervisors have been told three times.
    """
    if request.misses >= GONE_UP:
        _plan(request, replanning.first_hour(request, rules, at=at))
    elif rules is None or not _promise_chosen(request, rules, at):
        _plan(request, replanning.next_moment(request, rules, at=at))


def _promise_chosen(request: CallbackRequest, rules: CallbackRules, at: datetime) -> bool:
    for choice in _choices(request, rules, at):
        try:
            promise(request, choice, rules=rules, now=at)
        except NoSlot:  # somebody was faster
            continue
        return True
    return False


def _choices(request: CallbackRequest, rules: CallbackRules, at: datetime) -> Iterable[Choice]:
    until = slots.asap_until(rules, now=at, but=request)
    if until is not None and replanning.suits(request, rules, at):
        yield Choice(None, until)
    for slot in slots.free_slots(rules, now=at, but=request):
        if replanning.suits(request, rules, slot.begins_at, slot.ends_at):
            yield Choice(slot, slot.ends_at)


def _plan(request: CallbackRequest, span: replanning.Span) -> None:
    CallbackRequest.objects.filter(pk=request.pk).update(**planned(request, span))
    request.refresh_from_db()
