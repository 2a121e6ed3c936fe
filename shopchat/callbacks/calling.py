"""Calls that a provider of telephony makes: asked for at most once, then followed by what the provider tells of them.

``call`` asks. It is not part of any transaction: an attempt that was rolled back must not ring, and a phone that rang
cannot be rolled back. ``apply`` takes what the provider tells, in whatever order and however often. Neither decides what
came of the call: that is for the operator who made it, see ``suggested``.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from shopchat.callbacks import accounts
from shopchat.callbacks.call_words import tell
from shopchat.callbacks.models import CallAttempt, CallbackRequest, TelephonyAccount
from shopchat.callbacks.wishes import countries_of
from shopchat.core.phones import InvalidPhone, parse
from shopchat.inboxes.models import Inbox
from shopchat.telephony.base import EXTENSION, Call, CallError, CallEvent, Leg, Telephony
from shopchat.telephony.base import Progress as Told

logger = logging.getLogger(__name__)

Progress = CallAttempt.Progress
RANKS = {
    Progress.BY_HAND: 0,
    Progress.REQUESTED: 1,
    Progress.UNCONFIRMED: 1,
    Progress.RINGING: 2,
    Progress.ANSWERED: 3,
    Progress.ENDED: 4,
    Progress.FAILED: 4,
}
OVER = (Progress.ENDED, Progress.FAILED)
# A provider that names neither our key nor its own speaks of the last call to that number, if it is not too long ago.
RECENT = timedelta(hours=2)
TRIES = 5
Outcome = CallAttempt.Outcome


def available(inbox: Inbox) -> TelephonyAccount | None:
    """The account that makes this site's calls; ``None``: operators dial by themselves."""
    account = TelephonyAccount.objects.filter(inbox=inbox, is_active=True).first()
    return account if account and accounts.calls_by_itself(account) else None


def call_later(attempt: CallAttempt) -> None:
    """The same as :func:`call` as soon as the transaction that made the attempt is committed."""
    transaction.on_commit(lambda: _call(attempt.pk), robust=True)


def call(attempt: CallAttempt) -> CallAttempt:
    """Have the provider make this call, if nobody has asked it to. Outside of any transaction.

    Answers the attempt as it stands then: asked for, failed with a reason, or perhaps made, which is never repeated.
    """
    _call(attempt.pk)
    attempt.refresh_from_db()
    return attempt


def apply(event: CallEvent, account: TelephonyAccount) -> CallAttempt | None:
    """Take over what the provider tells. Answers the attempt if anything of it changed."""
    for _ in range(TRIES):
        attempt = _find(event, account)
        if attempt is None:
            return None
        changes = _changes(attempt, event)
        if not changes:
            return None
        if _store(attempt, changes):
            return attempt
    return None


def suggested(attempt: CallAttempt) -> str:
    """The outcome that the provider's words suggest, for the operator to confirm; empty when they suggest none."""
    if attempt.progress == Progress.FAILED:
        return "" if attempt.reason.startswith("operator_") else Outcome.FAILED
    if attempt.progress != Progress.ENDED:
        return Outcome.TALKED if attempt.progress == Progress.ANSWERED else ""
    by_reason = {"no_answer": Outcome.NO_ANSWER, "busy": Outcome.BUSY}
    return by_reason.get(attempt.reason, Outcome.TALKED if attempt.answered_at else "")


@dataclass(frozen=True)
class _Placed:
    """A call that is ours to ask for."""

    telephony: Telephony
    call: Call


class _Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@sensitive_variables()
def _call(pk: int) -> None:
    with transaction.atomic(durable=True):
        placed = _claim(pk)
    if placed is None:
        return
    try:
        started = placed.telephony.start(placed.call)
    except CallError as error:
        _not_made(pk, Progress.UNCONFIRMED if error.ambiguous else Progress.FAILED, error.code)
    except Exception as error:
        # An adapter promises not to; so nobody knows how far it came. Its text may quote a number.
        logger.error("Call attempt %s: asking the provider failed (%s)", pk, type(error).__name__)  # noqa: TRY400
        _not_made(pk, Progress.UNCONFIRMED, "broken")
    else:
        # An event may have come first, and may have named it, too.
        CallAttempt.objects.filter(pk=pk, provider_id="").update(provider_id=started.provider_id)


def _claim(pk: int) -> _Placed | None:
    """What to ask for, if this caller is the one to ask. Whoever comes second changes no row here."""
    waiting = CallAttempt.objects.filter(pk=pk, progress=Progress.BY_HAND, outcome="").exclude(backend="tel")
    if not waiting.update(progress=Progress.REQUESTED):
        return None
    attempt = CallAttempt.objects.select_related("request__conversation", "request__inbox", "operator").get(pk=pk)
    try:
        return _place(attempt)
    except (_Refused, accounts.Unusable) as refused:
        _not_made(pk, Progress.FAILED, refused.code)
        return None


@sensitive_variables()
def _place(attempt: CallAttempt) -> _Placed:
    request, inbox = attempt.request, attempt.request.inbox
    # Held until the claim is committed, so that two calls at once cannot both be the last one of the day.
    held = TelephonyAccount.objects.select_for_update().filter(inbox=inbox, is_active=True)
    account = held.order_by("pk").first()  # not by its inbox, whose row would be held, too
    if account is None or not accounts.calls_by_itself(account):
        raise _Refused("no_account")
    if not request.is_waiting():
        raise _Refused("over")
    if not request.phone:
        raise _Refused("no_number")
    _may_be_called(request)
    operator_leg = _operator_leg(attempt)
    if accounts.calls_made(account, now=timezone.now()) > account.calls_per_day:
        raise _Refused("too_many")
    telephony = accounts.opened(account)
    if telephony.check():
        raise _Refused("set_up")
    CallAttempt.objects.filter(pk=attempt.pk).update(backend=account.backend)
    return _Placed(
        telephony,
        Call(
            operator_leg=operator_leg,
            customer=request.phone,
            caller_id=account.caller_id,
            key=str(attempt.pk),
            language=request.language,
            events_url=accounts.webhook_url(account),
        ),
    )


def _may_be_called(request: CallbackRequest) -> None:
    """Asked again: the rules may have changed since the number was taken, and this is what costs money."""
    region, countries = _rules(request.inbox)
    try:
        same = parse(request.phone, region=region, countries=countries) == request.phone
    except InvalidPhone:
        same = False
    if not same:
        raise _Refused("country")


def _operator_leg(attempt: CallAttempt) -> str:
    """The operator's extension or number, which is held to the same countries and kinds as a customer's."""
    phone = "".join(attempt.operator.phone.split()) if attempt.operator else ""
    if not phone:
        raise _Refused("no_phone")
    if EXTENSION.fullmatch(phone):
        return phone
    region, countries = _rules(attempt.request.inbox)
    try:
        return parse(phone, region=region, countries=countries)
    except InvalidPhone:
        raise _Refused("bad_operator_phone") from None


def _rules(inbox: Inbox) -> tuple[str, frozenset[str]]:
    rules = getattr(inbox, "callback_rules", None)
    if rules is None:
        raise _Refused("country")
    return rules.default_region.upper(), countries_of(rules)


def _not_made(pk: int, progress: CallAttempt.Progress, reason: str) -> None:
    """Unless events have meanwhile told that it was."""
    now = timezone.now()
    changes: dict[str, Any] = {"progress": progress, "reason": reason}
    if progress == Progress.FAILED:
        changes["ended_at"] = now
    with transaction.atomic():
        if CallAttempt.objects.filter(pk=pk, progress=Progress.REQUESTED).update(**changes):
            tell(CallAttempt.objects.select_related("request__conversation", "operator").get(pk=pk), at=now)


def _find(event: CallEvent, account: TelephonyAccount) -> CallAttempt | None:
    """The attempt that the event speaks of: by our key, by the provider's id, by the number that is being called."""
    asked = CallAttempt.objects.select_related("request__conversation", "operator").filter(
        request__inbox=account.inbox_id, backend=account.backend
    )
    asked = asked.exclude(progress=Progress.BY_HAND)
    if event.key:
        attempt = asked.filter(pk=int(event.key)).first() if event.key.isdecimal() and len(event.key) < 19 else None
        same = attempt is not None and attempt.provider_id in ("", event.provider_id or attempt.provider_id)
        return attempt if same else None
    known = asked.filter(provider_id=event.provider_id).first() if event.provider_id else None
    if known or not event.customer:
        return known
    recent = asked.filter(request__phone=event.customer, provider_id="", started_at__gt=timezone.now() - RECENT)
    return recent.exclude(progress__in=OVER).order_by("-started_at", "-pk").first()


def _changes(attempt: CallAttempt, event: CallEvent) -> dict[str, Any]:
    """What the event adds to what is known: progress only goes up, and what came out of order is passed over."""
    if event.customer and event.leg == Leg.CUSTOMER and event.customer != attempt.request.phone:
        return {}  # another leg of the same call, the operator's own phone for example
    if event.seq and event.seq <= attempt.provider_seq:
        return {}
    progress, reason = _meaning(attempt, event)
    changes: dict[str, Any] = {}
    if RANKS[progress] > RANKS[Progress(attempt.progress)]:
        changes = {"progress": progress, "reason": reason}
    elif attempt.progress == progress == Progress.ENDED and reason and not attempt.reason:
        changes = {"reason": reason}
    changes |= _times(attempt, event, progress)
    if event.provider_id and not attempt.provider_id:
        changes["provider_id"] = event.provider_id
    if event.seq:
        changes["provider_seq"] = event.seq
    return changes


def _meaning(attempt: CallAttempt, event: CallEvent) -> tuple[CallAttempt.Progress, str]:
    if event.leg == Leg.CUSTOMER:
        return Progress(event.progress), event.reason
    if event.progress in (Told.RINGING, Told.ANSWERED):
        return Progress.RINGING, event.reason  # somebody's phone rings; the customer has not answered
    if event.progress == Told.FAILED or (event.reason and attempt.answered_at is None):
        return Progress.FAILED, f"operator_{event.reason or 'failed'}"
    return Progress.ENDED, ""


def _times(attempt: CallAttempt, event: CallEvent, progress: CallAttempt.Progress) -> dict[str, Any]:
    now = timezone.now()
    at = min(max(event.at or now, attempt.started_at), now)
    found: dict[str, Any] = {}
    customers = event.leg == Leg.CUSTOMER
    if progress in OVER and attempt.ended_at is None:
        found["ended_at"] = at
    # An operator's leg lasts longer than the talk, and also without one.
    if customers and event.duration is not None and attempt.duration_seconds is None:
        found["duration_seconds"] = event.duration
    if customers and attempt.answered_at is None and (answered_at := _answered_at(event, at)) is not None:
        found["answered_at"] = max(answered_at, attempt.started_at)
    return found


def _answered_at(event: CallEvent, at: datetime) -> datetime | None:
    if event.progress == Told.ANSWERED:
        return at
    if event.progress == Told.ENDED and event.duration and not event.reason:
        return at - timedelta(seconds=event.duration)
    return None


def _store(attempt: CallAttempt, changes: dict[str, Any]) -> bool:
    """If the attempt still stands as it was read; else somebody else was quicker and it is looked at again."""
    with transaction.atomic():
        same = CallAttempt.objects.filter(
            pk=attempt.pk, progress=attempt.progress, provider_seq=attempt.provider_seq, provider_id=attempt.provider_id
        )
        if not same.update(**changes):
            return False
        for name, value in changes.items():
            setattr(attempt, name, value)
        if "progress" in changes:
            tell(attempt, at=timezone.now())
    return True
