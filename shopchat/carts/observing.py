"""What the store tells while it happens, written down: after the commit, and without ever raising.

Only an order is noted at once, inside the transaction that makes it, so that nothing about its baskets can still go out.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from shopchat.carts import episodes, guests, merging, ordering, payments
from shopchat.stores.abilities import TellsEvents
from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Placed, StoreEvents, Surroundings
from shopchat.stores.reading import able, safely


class Observer(StoreEvents):
    """Listens to the store."""

    def basket_touched(self, ref: BasketRef, *, at: datetime, person: Person, where: Surroundings) -> None:
        after_commit("touched", lambda: episodes.touch(ref, at=at, person=person, where=where))

    def contact_seen(self, ref: BasketRef, email: str) -> None:
        after_commit("a guest’s address", lambda: guests.note_address(ref, email))

    def basket_merged(self, old: BasketRef, new: BasketRef) -> None:
        at = timezone.now()
        after_commit("merged", lambda: merging.merge(old, new, at=at))

    def payment_started(self, ref: BasketRef, *, at: datetime) -> None:
        after_commit("payment started", lambda: payments.start(ref, at=at))

    def payment_failed(self, ref: BasketRef, *, at: datetime) -> None:
        after_commit("payment failed", lambda: payments.fail(ref, at=at))

    def order_placed(self, order: Placed) -> None:
        _quietly("ordered", lambda: ordering.order_placed(order))


observer = Observer()


def connect() -> None:
    """Listen to the configured store, if it tells anything. Doing it again changes nothing."""
    store = able(TellsEvents)
    if store is not None:
        store.connect(observer)


def after_commit(what: str, note: Callable[[], object]) -> None:
    """Have it noted when what happened is certain; at once outside a transaction."""
    transaction.on_commit(lambda: _quietly(what, note), robust=True)


def _quietly(what: str, note: Callable[[], object]) -> None:
    safely(note, empty=None, what=f"Watching a basket, {what}")
