"""One row, one sender: a conditional UPDATE decides who has it, and a token whether they still have it.

Statuses only go up: queued, sending, sent, delivered, read. Failed, unconfirmed and dropped are ends; only a person has
such a row sent again (``resending``).
"""

import secrets
from datetime import timedelta
from random import SystemRandom

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shopchat.conversations.kinds import Check, Kind, kind_of, prepared
from shopchat.conversations.models import Delivery
from shopchat.conversations.querysets import DeliveryQuerySet

State = Delivery.State

# Longer than any call to a channel takes, shorter than people wait for what a dead worker held.
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 30
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

_random = SystemRandom()


def claim(pk: int) -> tuple[Delivery, Kind] | None:
    """The row, held by the caller, if it is still to be sent. ``None``: somebody else has it, or it is settled."""
    check = _prepared(pk)
    now = timezone.now()
    token = secrets.token_urlsafe(16)
    with transaction.atomic():
        won = (
            Delivery.objects.due(now)
            .filter(pk=pk)
            .update(
                state=State.SENDING, attempt=token, lease_until=now + LEASE, attempts=F("attempts") + 1, updated_at=now
            )
        )
        if not won:
            return None
        delivery = Delivery.objects.for_sending().get(pk=pk)
        kind = kind_of(delivery.kind)
        if kind is None:
            settle(delivery, State.FAILED, reason="unknown_kind")
            return None
        if reason := (check or kind.check)(delivery):
            settle(delivery, State.DROPPED, reason=reason)
            return None
    return delivery, kind


def settle(delivery: Delivery, state: State, *, reason: str = "", provider_id: str = "") -> bool:
    """Write down how the attempt ended, if it is still this caller's. Returns whether it was."""
    now = timezone.now()
    changes: dict[str, object] = {"state": state, "reason": reason, "attempt": "", "lease_until": None}
    if state == State.SENT:
        changes |= {"sent_at": now, "provider_id": provider_id}
    return _still_held(delivery).update(**changes, updated_at=now) == 1


def put_back(delivery: Delivery, *, reason: str, retry_after: float | None = None) -> bool:
    """Try again later, or give up when that has gone on for too long."""
    now = timezone.now()
    due_at = now + max(pause(delivery.attempts), timedelta(seconds=retry_after or 0))
    if delivery.attempts >= MAX_ATTEMPTS or due_at > delivery.retry_until:
        return settle(delivery, State.FAILED, reason=reason)
    changes = {"state": State.QUEUED, "reason": reason, "attempt": "", "lease_until": None}
    return _still_held(delivery).update(**changes, due_at=due_at, updated_at=now) == 1


def release(delivery: Delivery) -> None:
    """As if it had not been claimed: its channel is not to be tried now."""
    changes = {"state": State.QUEUED, "attempt": "", "lease_until": None}
    _still_held(delivery).update(**changes, attempts=F("attempts") - 1, updated_at=timezone.now())


def stumbled(pk: int) -> None:
    """Asking whether it is still wanted went wrong, so nobody holds the row: pause as after a failed attempt."""
    now = timezone.now()
    delivery = Delivery.objects.due(now).filter(pk=pk).first()
    if delivery is None:
        return
    attempts = delivery.attempts + 1
    due_at = now + pause(attempts)
    gives_up = attempts >= MAX_ATTEMPTS or due_at > delivery.retry_until
    Delivery.objects.due(now).filter(pk=pk, attempts=delivery.attempts).update(
        state=State.FAILED if gives_up else State.QUEUED,
        reason="broken",
        attempts=attempts,
        due_at=due_at,
        updated_at=now,
    )


def pause(attempts: int) -> timedelta:
    """Half a minute after the first attempt, twice as long each time, up to an hour; a quarter of it by chance."""
    whole = min(FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, 10), LONGEST_PAUSE)
    return whole * _random.uniform(0.75, 1)


def _prepared(pk: int) -> Check | None:
    """The check of a kind that has to find things out first, which may take long: so nothing is held meanwhile."""
    delivery = Delivery.objects.due(timezone.now()).for_sending().filter(pk=pk, kind__in=prepared()).first()
    kind = kind_of(delivery.kind) if delivery else None
    return kind.prepare(delivery) if delivery and kind and kind.prepare else None


def _still_held(delivery: Delivery) -> DeliveryQuerySet:
    return Delivery.objects.filter(pk=delivery.pk, state=State.SENDING, attempt=delivery.attempt)
