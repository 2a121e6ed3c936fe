"""After an order: the line of the story, to whom the order is owed, and for two months whether it was cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from shopchat import signals
from shopchat.carts import states
from shopchat.carts.attribution import RANK, how_of
from shopchat.carts.models import BasketTransition, BasketWatch
from shopchat.carts.runs import Run
from shopchat.stores.abilities import FindsOrders
from shopchat.stores.base import OrderView
from shopchat.stores.reading import able, safely

State = BasketWatch.State
CANCELLATIONS = timedelta(days=60)
LOOK = timedelta(days=1)


def look_after(run: Run, watches: Sequence[BasketWatch]) -> int:
    """Ordered baskets whose timer has run out; answers how many were looked after."""
    cancelled = _cancelled(run, watches)
    with transaction.atomic():
        mine = states.held(watches)
        new = _credit(run, mine)
        for watch in mine:
            if watch.order_number in cancelled and watch.order_cancelled_at is None:
                watch.order_cancelled_at = run.at
            watch.look_at = _next_look(watch, run.at)
        still = BasketWatch.objects.filter(state=State.ORDERED)
        fields = ["how", "abandoned_at", "order_cancelled_at", "look_at"]
        if still.bulk_update(mine, fields) != len(mine):
            raise states.Contended
        BasketTransition.objects.bulk_create(new)
        for watch in mine:
            if watch.how and any(line.watch_id == watch.pk for line in new):
                transaction.on_commit(
                    partial(signals.cart_recovered.send_robust, sender=BasketWatch, watch=watch), robust=True
                )
    return len(mine)


def _credit(run: Run, watches: Sequence[BasketWatch]) -> list[BasketTransition]:
    """Set ``how`` of those that were ordered since the last run; answers the lines of their stories."""
    came_from = _came_from(watches)
    new = [watch for watch in watches if watch.pk in came_from]
    hows = {watch.pk: how_of(watch, run.rules_of(watch.inbox_id)) for watch in new}
    for watch in _first_of_each_order(new, hows):
        watch.how = hows[watch.pk]
    for watch in new:
        if watch.abandoned_at and watch.ordered_at and watch.ordered_at < watch.abandoned_at:
            watch.abandoned_at = None  # nobody had told us of the order in time
    return [
        BasketTransition(
            watch=watch,
            episode=watch.episode,
            from_state=came_from[watch.pk],
            to_state=State.ORDERED,
            reason=watch.reason,
            details={"order": watch.order_number, "how": watch.how},
            at=watch.state_at,
        )
        for watch in new
    ]


def _came_from(watches: Sequence[BasketWatch]) -> dict[int, str]:
    """The states before the order, of those whose story does not tell of it yet. One query."""
    last: dict[int, tuple[str, datetime | None]] = {}
    lines = BasketTransition.objects.filter(watch__in=[watch.pk for watch in watches]).order_by("pk")
    for watch, state, at in lines.values_list("watch_id", "to_state", "at"):
        last[watch] = (state, at)
    return {
        watch.pk: state
        for watch in watches
        for state, at in [last.get(watch.pk, (State.ACTIVE, None))]
        if (state, at) != (State.ORDERED, watch.state_at)
    }


def _first_of_each_order(watches: Iterable[BasketWatch], hows: Mapping[int, str]) -> list[BasketWatch]:
    """An order is counted once, whichever of the customer's baskets it ended."""
    first: dict[str, BasketWatch] = {}
    by_credit = sorted(watches, key=lambda watch: (RANK[hows[watch.pk]], watch.reason != "", -watch.pk))
    for watch in by_credit:
        first.setdefault(watch.order_number, watch)
    return list(first.values())


def _cancelled(run: Run, watches: Sequence[BasketWatch]) -> set[str]:
    store = able(FindsOrders)
    numbers = [watch.order_number for watch in watches if watch.ordered_at and watch.ordered_at < run.at - LOOK / 2]
    if store is None or not numbers:
        return set()
    nothing: Mapping[str, OrderView] = {}
    found = safely(lambda: store.orders_by_number(numbers), empty=nothing, what="Orders by their numbers")
    return {number for number, order in found.items() if order.is_cancelled}


def _next_look(watch: BasketWatch, at: datetime) -> datetime | None:
    until = (watch.ordered_at or at) + CANCELLATIONS
    return None if watch.order_cancelled_at or at + LOOK > until else at + LOOK
