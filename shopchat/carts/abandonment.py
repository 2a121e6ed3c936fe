"""From idle to left: what happens to baskets because time passes and nobody touches them.

``sweep`` runs each minute and does all that is due, whenever it ran last; it may be killed at any moment and run twice at
once. Baskets are taken in batches; what a batch costs does not depend on how many are in it, nor on how many there are.
Docs: ``explanation/carts``.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shopchat import signals
from shopchat.carts import alerts, crediting, ordering, payments, people, rules, states
from shopchat.carts.bookkeeping import book_orders
from shopchat.carts.discovery import take_in_idle
from shopchat.carts.idling import fall_idle
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.carts.plans import make_plans
from shopchat.carts.runs import BATCH, Run
from shopchat.carts.states import LEFT, State
from shopchat.carts.valuing import is_worth_something, keep_contents
from shopchat.stores import base
from shopchat.stores.abilities import IsCalled
from shopchat.stores.base import BasketRef, BasketView, OrderView, Store
from shopchat.stores.reading import able, safely
from shopchat.touches.planning import call_off

logger = logging.getLogger(__name__)

# After so many batches the rest is the next run's.
BATCHES = 100
SHOP_AWAY = timedelta(minutes=10)
UNREADABLE = timedelta(hours=1)
# Halving a full batch finds one or two that cannot be read.
FAILURES = 20
GONE, SAVED, EXPIRED, EMPTIED, PAYING = "gone", "saved", "expired", "emptied", "paying"


def sweep(now: datetime | None = None) -> int:
    """Do all that is due. Answers how many baskets something was done about."""
    run = Run(now or timezone.now())
    try:
        # Orders first: nothing is planned about a basket that has become one.
        done = book_orders(run) + take_in_idle(run) + fall_idle(run)
        for _ in range(BATCHES):
            looked_after = _look_after_a_batch(run)
            if not looked_after:
                break
            done += looked_after
    except states.Contended:
        logger.info("Another sweep of baskets is running.")
        return 0
    return done


def _look_after_a_batch(run: Run) -> int:
    """Baskets whose timer has run out. None of those that come back is due any more."""
    by_state: dict[str, list[BasketWatch]] = {}
    due = BasketWatch.objects.to_look_at(run.at).exclude(state=State.ACTIVE)
    # Mostly there are none, and then nothing more is asked.
    for watch in due.prefetch_related("inbox", "contact__user")[:BATCH]:
        watch.inbox.cart_rules = run.rules_of(watch.inbox_id)
        by_state.setdefault(watch.state, []).append(watch)
    return sum(_duty_of(state)(run, watches) for state, watches in by_state.items())


def _duty_of(state: str) -> Callable[[Run, Sequence[BasketWatch]], int]:
    duties: Mapping[str, Callable[[Run, Sequence[BasketWatch]], int]] = {
        State.IDLE: _leave,
        State.PAYING: _interrupt,
        State.PAYMENT_INTERRUPTED: _ask_for_help,
        State.ORDERED: crediting.look_after,
    }
    return duties.get(state, _give_up)


def _leave(run: Run, watches: Sequence[BasketWatch]) -> int:
    due, early = _sorted(run, watches)
    done = _wind_up(early, rules.left_after)
    store = able(Store)
    refs = [BasketRef(watch.ref) for watch in due]
    if not refs:
        return done
    views = safely(lambda: store.baskets(refs), empty=None, what="Baskets that are left") if store else {}
    if views is None:
        return done + _leave_in_parts(run, due)
    sides: dict[str, list[BasketWatch]] = {}
    for watch in due:
        sides.setdefault(_side(watch, views.get(BasketRef(watch.ref))), []).append(watch)
    for side, group in sides.items():
        done += _take_aside(run, side, group) if side else _abandon(run, group, views)
    return done


def _leave_in_parts(run: Run, watches: Sequence[BasketWatch]) -> int:
    """The shop does not answer, or cannot read one of these, which must not hold up the others for ever.

    A shop that is asked over the network is not asked so often.
    """
    run.failures += 1
    is_one = len(watches) == 1
    if is_one or run.failures > FAILURES or able(IsCalled) is not None:
        return _put_off(run, watches, UNREADABLE if is_one and run.failures > 1 else SHOP_AWAY)
    half = len(watches) // 2
    return _leave(run, watches[:half]) + _leave(run, watches[half:])


def _side(watch: BasketWatch, view: BasketView | None) -> str:
    """What else has become of it than being left: a state, ``gone`` or ``never``; empty for nothing else."""
    if view is None:
        return State.EXPIRED if watch.lines else "never"
    aside: Mapping[base.State, str] = {
        base.State.ORDERED: State.ORDERED,
        base.State.MERGED: State.MERGED,
        base.State.SAVED: State.SUPPRESSED,
        base.State.IN_PAYMENT: State.PAYING,
    }
    if view.state in aside:
        return aside[view.state]
    if is_worth_something(view):
        return ""
    return State.EMPTIED if watch.lines else "never"


def _take_aside(run: Run, side: str, watches: Sequence[BasketWatch]) -> int:
    if side == State.ORDERED and (done := _order(watches)):
        return done
    reasons = {State.EXPIRED: GONE, State.SUPPRESSED: SAVED}
    with transaction.atomic():
        mine = states.held(watches)
        if side == "never":
            # There was never anything in it that we saw: no row for such baskets.
            BasketWatch.objects.filter(pk__in=[watch.pk for watch in mine], state=State.IDLE).delete()
            return len(mine)
        look_at = run.at if side in (State.PAYING, State.SUPPRESSED) else None  # wound up by its new duty
        state = State.EXPIRED if side == State.ORDERED else side
        return states.move_all(mine, state, at=run.at, reason=reasons.get(State(state), ""), look_at=look_at)


def _order(watches: Sequence[BasketWatch]) -> int:
    store = able(Store)
    refs = [BasketRef(watch.ref) for watch in watches]
    nothing: Mapping[BasketRef, OrderView] = {}
    orders = safely(lambda: store.orders_for(refs), empty=nothing, what="Orders of baskets") if store else nothing
    return ordering.end(list(orders.values()))


def _abandon(run: Run, watches: Sequence[BasketWatch], views: Mapping[BasketRef, BasketView]) -> int:
    done = 0
    contacts = people.contacts_of(watch for watch in watches if watch.contact_id is None)
    with transaction.atomic():
        mine = states.held(watches)
        for watch in mine:
            watch.contact = watch.contact or contacts.get(watch.ref)
            keep_contents(watch, views[BasketRef(watch.ref)])
        _keep(mine, State.IDLE)
        for its, group in _by_rules(run, mine):
            left_at = F("last_activity") + rules.left_after(its)
            done += states.move_all(
                group,
                State.ABANDONED,
                at=run.at,
                abandoned_at=left_at,
                look_at=F("last_activity") + rules.given_up_after(its),
                **_NEW_CHAPTER,
            )
            for watch in group:
                watch.abandoned_at = watch.last_activity + rules.left_after(its)
        for watch in mine:
            make_plans(watch, run.at)
            told = partial(signals.cart_abandoned.send_robust, sender=BasketWatch, watch=watch)
            transaction.on_commit(told, robust=True)
    return done


# What belongs to the time before it was left; the order of an earlier episode, too.
_NEW_CHAPTER: Mapping[str, Any] = {
    "returned_at": None,
    "restored_at": None,
    "why": "",
    "why_at": None,
    "how": "",
    "order_number": "",
    "ordered_at": None,
    "order_total": None,
    "order_currency": "",
    "order_cancelled_at": None,
}


def _keep(watches: Sequence[BasketWatch], state: str) -> None:
    fields = ["lines", "quantity", "total", "currency", "user_id_text", "contact"]
    if watches and BasketWatch.objects.filter(state=state).bulk_update(watches, fields) != len(watches):
        raise states.Contended


def _interrupt(run: Run, watches: Sequence[BasketWatch]) -> int:
    due, early = _sorted(run, watches)
    done = _wind_up(early, rules.interrupted_after, since="state_at")
    if due:
        done += _order(due)
        with transaction.atomic():
            done += payments.interrupt_all(states.held(due), at=run.at)
    return done


def _ask_for_help(run: Run, watches: Sequence[BasketWatch]) -> int:
    """Keep what was to be paid for and alert operators, once for each episode; later give up."""
    due, early = _sorted(run, watches)
    _keep_unpaid(early)
    alerts.alert(early)
    return _wind_up(early, rules.given_up_after) + _give_up(run, due)


def _keep_unpaid(watches: Sequence[BasketWatch]) -> None:
    """Whoever helps has to see what is in it, also in one that was never left before its payment."""
    store = able(Store)
    refs = [BasketRef(watch.ref) for watch in watches]
    nothing: Mapping[BasketRef, BasketView] = {}
    views = safely(lambda: store.baskets(refs), empty=nothing, what="Baskets in payment") if store and refs else nothing
    contacts = people.contacts_of(watch for watch in watches if watch.contact_id is None)
    with transaction.atomic():
        mine = [watch for watch in states.held(watches) if watch.ref in views]
        for watch in mine:
            watch.contact = watch.contact or contacts.get(watch.ref)
            keep_contents(watch, views[BasketRef(watch.ref)])
        _keep(mine, State.PAYMENT_INTERRUPTED)


def _give_up(run: Run, watches: Sequence[BasketWatch]) -> int:
    due, early = _sorted(run, watches)
    done = _wind_up(early, rules.given_up_after)
    for state in {watch.state for watch in due}:
        with transaction.atomic():
            mine = states.held([watch for watch in due if watch.state == state])
            if state in (*LEFT, State.EMPTIED):
                done += states.move_all(mine, State.EXPIRED, at=run.at, look_at=None)
                call_off(*(watch.ref for watch in mine), reason=EXPIRED)
            else:
                pks = [watch.pk for watch in mine]
                done += BasketWatch.objects.filter(pk__in=pks, state=state).update(look_at=None)
    return done


def _sorted(run: Run, watches: Sequence[BasketWatch]) -> tuple[list[BasketWatch], list[BasketWatch]]:
    """Those whose time has come, and those that were touched since their timer was set."""
    due = [watch for watch in watches if run.timer_of(watch) <= run.at]
    return due, [watch for watch in watches if run.timer_of(watch) > run.at]


def _wind_up(
    watches: Sequence[BasketWatch], span: Callable[[CartRules], timedelta], *, since: str = "last_activity"
) -> int:
    """Set their timers anew."""
    done = 0
    groups: dict[tuple[str, int], list[BasketWatch]] = {}
    for watch in watches:
        groups.setdefault((watch.state, watch.inbox_id), []).append(watch)
    for (state, _inbox), group in groups.items():
        with transaction.atomic():
            mine = states.held(group)
            rows = BasketWatch.objects.filter(pk__in=[watch.pk for watch in mine], state=state)
            done += rows.update(look_at=F(since) + span(rules.rules_of(group[0].inbox)))
    return done


def _put_off(run: Run, watches: Sequence[BasketWatch], pause: timedelta) -> int:
    rows = BasketWatch.objects.filter(pk__in=[watch.pk for watch in watches], state=State.IDLE)
    return rows.update(look_at=run.at + pause)


def _by_rules(run: Run, watches: Sequence[BasketWatch]) -> list[tuple[CartRules, list[BasketWatch]]]:
    groups: dict[int, list[BasketWatch]] = {}
    for watch in watches:
        groups.setdefault(watch.inbox_id, []).append(watch)
    return [(run.rules_of(inbox), group) for inbox, group in groups.items()]
