"""Idle baskets that no event told: found by the store's own query, and taken in if they are anybody's."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shopchat.carts import episodes, people
from shopchat.carts.cursors import keep
from shopchat.carts.models import BasketWatch
from shopchat.carts.runs import Run
from shopchat.carts.valuing import is_worth_something
from shopchat.contacts.models import Contact
from shopchat.stores.abilities import FindsIdle
from shopchat.stores.base import BasketRef, BasketView, State
from shopchat.stores.lines import IdleBasket
from shopchat.stores.reading import able, configured_store, safely

PAGE = 2000


def take_in_idle(run: Run) -> int:
    """Read on where the last run stopped; answers how many baskets are new to us or were changed without a word."""
    store = able(FindsIdle)
    if store is None:
        return 0
    since, until = run.cursor.idle_until, run.at - run.shortest_idle()
    done, after = 0, None
    while since <= until:
        page = _page(store, since, until, after)
        if page is None:
            break
        done += _take_in(run, page)
        is_last = len(page) < PAGE
        run.cursor.idle_until = until if is_last else page[-1].last_activity
        if is_last:
            break
        after = (page[-1].last_activity, page[-1].ref)
        keep(run.cursor)
    keep(run.cursor)
    return done


def _page(
    store: FindsIdle, since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None
) -> Sequence[IdleBasket] | None:
    return safely(
        lambda: store.find_idle(since=since, until=until, after=after, limit=PAGE), empty=None, what="Idle baskets"
    )


def _take_in(run: Run, page: Sequence[IdleBasket]) -> int:
    known = _known(page)
    moved = {
        idle.ref: idle.last_activity
        for idle in page
        if idle.state is State.OPEN and idle.ref in known and idle.last_activity > known[idle.ref]
    }
    return _go_on(moved) + _begin(run, [idle for idle in page if idle.ref not in known])


def _known(page: Sequence[IdleBasket]) -> dict[str, datetime]:
    """The last changes that we know of. Nearly all were told, and lie in the same stretch of time: an index finds them
    without naming a thousand baskets, which costs more than all the rest."""
    if not page:
        return {}
    span = (page[0].last_activity, page[-1].last_activity)
    told = BasketWatch.objects.filter(state__in=BasketWatch.State.values, last_activity__range=span)
    known = dict(told.values_list("ref", "last_activity"))
    others = [idle.ref for idle in page if idle.ref not in known]
    return known | dict(BasketWatch.objects.filter(ref__in=others).values_list("ref", "last_activity"))


def _go_on(moved: Mapping[BasketRef, datetime]) -> int:
    if not moved:
        return 0
    watches = BasketWatch.objects.defer("lines").filter(ref__in=list(moved))
    return episodes.go_on_all({watch: moved[BasketRef(watch.ref)] for watch in watches})


def _begin(run: Run, found: Sequence[IdleBasket]) -> int:
    """Rows for those with an owner whom we know, and something in them. At most four queries."""
    if not found:
        return 0
    watches = {idle.ref: _watch(run, idle) for idle in found}
    contacts = people.contacts_of(watches.values())
    owned = {ref: watch for ref, watch in watches.items() if watch.user_id_text or ref in contacts}
    filled = _filled(list(owned))
    new = [_completed(run, watch, filled[ref], contacts.get(ref)) for ref, watch in owned.items() if ref in filled]
    BasketWatch.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _watch(run: Run, idle: IdleBasket) -> BasketWatch:
    return BasketWatch(
        ref=idle.ref,
        store=idle.ref.partition(":")[0],
        user_id_text=idle.person.user_id or "",
        state=BasketWatch.State.PAYING if idle.state is State.IN_PAYMENT else BasketWatch.State.ACTIVE,
        state_at=idle.last_activity,
        last_activity=idle.last_activity,
        look_at=run.at,
        created_at=run.at,
    )


def _filled(refs: list[BasketRef]) -> Mapping[BasketRef, BasketView]:
    views = configured_store().baskets(refs)
    return {ref: view for ref, view in views.items() if is_worth_something(view)}


def _completed(run: Run, watch: BasketWatch, view: BasketView, contact: Contact | None) -> BasketWatch:
    watch.contact, watch.inbox = contact, run.default_inbox
    watch.currency = view.total.currency[:3] if view.total else ""
    return watch
