"""The lines of one basket went over to another, as when somebody signs in: its story goes with them."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from shopchat.carts import states
from shopchat.carts.models import BasketWatch
from shopchat.stores.base import BasketRef
from shopchat.touches.planning import call_off

State = BasketWatch.State
MERGED = "merged"
# The later one counts.
MOMENTS = ("abandoned_at", "contacted_at", "returned_at", "restored_at")
# What the winner has already stays.
FACTS = ("email_hash", "language", "currency", "device", "source", "contact_id", "user_id_text")


def merge(old: BasketRef, new: BasketRef, *, at: datetime) -> bool:
    """End the story of ``old`` and let ``new`` inherit it. Links to ``old`` go on working: they hold its lines.

    Returns whether ``old`` was watched and had not ended yet.
    """
    with transaction.atomic():
        watches = {watch.ref: watch for watch in BasketWatch.objects.filter(ref__in=[old, new])}
        loser = watches.get(old)
        if loser is None or loser.state in BasketWatch.FINAL:
            return False
        if not states.move(loser, State.MERGED, at=at, reason=MERGED, merged_into=new, look_at=None):
            return False
        call_off(old, reason=MERGED)
        winner = watches.get(new) or _begin(new, loser, at)
        BasketWatch.objects.filter(pk=winner.pk).update(**_inherited(winner, loser))
    return True


def _begin(ref: BasketRef, loser: BasketWatch, at: datetime) -> BasketWatch:
    fields: dict[str, Any] = {"store": loser.store, "inbox_id": loser.inbox_id, "state_at": at, "created_at": at}
    try:
        with transaction.atomic():
            return BasketWatch.objects.create(ref=ref, last_activity=at, look_at=at, **fields)
    except IntegrityError:  # touched at the same moment
        return BasketWatch.objects.get(ref=ref)


def _inherited(winner: BasketWatch, loser: BasketWatch) -> dict[str, Any]:
    changes: dict[str, Any] = {"by_hand": winner.by_hand or loser.by_hand}
    for name in FACTS:
        changes[name] = getattr(winner, name) or getattr(loser, name)
    for name in MOMENTS:
        changes[name] = max(filter(None, (getattr(winner, name), getattr(loser, name))), default=None)
    if winner.held_out is None:
        changes["held_out"] = loser.held_out
    if winner.help_wanted_at is None and winner.helped_at is None:
        changes |= {"helped_by_id": loser.helped_by_id, "helped_at": loser.helped_at}
    return changes
