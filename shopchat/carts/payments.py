"""Baskets in payment. A payment that does not come to its end is a case for a person, never for advertising."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shopchat.carts import states
from shopchat.carts.models import BasketWatch
from shopchat.stores.base import BasketRef

State = BasketWatch.State
DECLINED, UNFINISHED = "declined", "unfinished"
# The sweep winds the timer up by the site's own rules, none of which is shorter.
SHORTEST = timedelta(minutes=5)
CLOSED = (State.PAYING, *BasketWatch.FINAL)


def start(ref: BasketRef, *, at: datetime) -> bool:
    """Somebody pays. Returns whether that was news."""
    watch = _find(ref)
    if watch is None or watch.state in CLOSED:
        return False
    done: dict[str, Any] = {"help_wanted_at": None} if watch.state == State.PAYMENT_INTERRUPTED else {}
    return states.move(watch, State.PAYING, at=at, look_at=at + SHORTEST, **done)


def fail(ref: BasketRef, *, at: datetime) -> bool:
    """The payment was declined: somebody should help. Returns whether that was news."""
    watch = _find(ref)
    if watch is None or watch.state in (State.PAYMENT_INTERRUPTED, *BasketWatch.FINAL):
        return False
    return states.move(watch, State.PAYMENT_INTERRUPTED, at=at, reason=DECLINED, look_at=at, **help_wanted(watch, at))


def interrupt_all(watches: Sequence[BasketWatch], *, at: datetime) -> int:
    """Their payment has taken too long. Call it with what :func:`states.held` returned."""
    # Operators are alerted when the sweep looks next, in the same run.
    wanted = {"help_wanted_at": at, "helped_at": None, "helped_by": None, "look_at": at}
    return states.move_all(watches, State.PAYMENT_INTERRUPTED, at=at, reason=UNFINISHED, **wanted)


def help_wanted(watch: BasketWatch, at: datetime) -> dict[str, Any]:
    """What makes it a task for operators. Help that was given before counts as a contact from now on."""
    changes: dict[str, Any] = {"help_wanted_at": at, "helped_at": None, "helped_by": None}
    if watch.helped_at and (watch.contacted_at is None or watch.contacted_at < watch.helped_at):
        changes["contacted_at"] = watch.helped_at
    return changes


def _find(ref: BasketRef) -> BasketWatch | None:
    watch: BasketWatch | None = BasketWatch.objects.defer("lines").filter(ref=ref).first()
    return watch
