"""Reading from a shop that may fail, so that the chat goes on without it.

Everybody above this package asks ``configured_store()``. An error inside an adapter becomes an empty
answer and one line in the log, without the error's text: it may quote a customer.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from traceback import extract_tb
from typing import TypeVar

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.http import HttpRequest

from shopchat.conf import settings
from shopchat.core.backends import load
from shopchat.stores.abilities import FindsPayments
from shopchat.stores.base import BasketRef, BasketView, OrderView, Person, ProductCard, Store

logger = logging.getLogger(__name__)
T = TypeVar("T")


def configured_store() -> "SafeStore":
    """The store of ``SHOPCHAT["STORE"]``, answering emptily where it fails.

    Raises ``ImproperlyConfigured`` when the setting is wrong.
    """
    return SafeStore(load(settings.STORE, Store))


def able(ability: type[T]) -> T | None:
    """The configured store as one of :mod:`~shopchat.stores.abilities`, which may raise; ``None`` where it lacks that."""
    try:
        store = load(settings.STORE, Store)
    except ImproperlyConfigured:  # a system check tells the shop
        return None
    return store if isinstance(store, ability) else None


def safely(read: Callable[[], T], *, empty: T, what: str) -> T:
    """What ``read()`` returns, or ``empty`` when it raises. ``what`` names the question in the log."""
    answer = empty
    with swallowing(what), savepoint():
        answer = read()
    return answer  # noqa: RET504 an error leaves it empty


@contextmanager
def swallowing(what: str) -> Iterator[None]:
    """An error inside becomes one line in the log, which says ``what`` failed."""
    try:
        yield
    except Exception as error:
        places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(extract_tb(error.__traceback__)))
        # No traceback in the log: it ends with the error's text.
        logger.error("%s failed: %s at %s", what, type(error).__name__, places)  # noqa: TRY400


def savepoint() -> AbstractContextManager[None]:
    """Inside a transaction, a savepoint: an error of the database must not spoil what surrounds it.

    PostgreSQL refuses everything after an error until then; ``ATOMIC_REQUESTS`` is common in shops.
    """
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


class SafeStore(Store):
    """A store that never raises, around one that may."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.key = store.key
        self.shows_baskets = store.shows_baskets
        self.shows_orders = store.shows_orders
        self.searches_products = store.searches_products

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        return self._ask("current_basket", lambda: self.store.current_basket(request), None)

    def baskets_at_hand(self, request: HttpRequest) -> Sequence[BasketRef]:
        """The basket in the hands of whoever sent ``request``, and after it the one that they began to pay for without an
        account, where the store :class:`FindsPayments`. At most one query beside those of the session."""
        store, nothing = self.store, ()
        if isinstance(store, FindsPayments):
            return self._ask("baskets_at_hand", lambda: store.baskets_at_hand(request), nothing)
        current = self.current_basket(request)
        return [current] if current else nothing

    def basket_of(self, person: Person) -> BasketRef | None:
        return self._ask("basket_of", lambda: self.store.basket_of(person), None)

    def baskets(
        self,
        refs: Sequence[BasketRef],
        *,
        request: HttpRequest | None = None,
        images: bool = False,
    ) -> Mapping[BasketRef, BasketView]:
        if not refs:
            return {}
        return self._ask("baskets", lambda: self.store.baskets(refs, request=request, images=images), {})

    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        if not refs:
            return {}
        return self._ask("orders_for", lambda: self.store.orders_for(refs), {})

    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        if not people:
            return {}
        return self._ask(
            "recent_orders",
            lambda: self.store.recent_orders(people, since=since, limit=limit),
            {},
        )

    def search_products(
        self,
        query: str,
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        return self._ask(
            "search_products",
            lambda: self.store.search_products(query, request=request, limit=limit, images=images),
            (),
        )

    def check(self) -> list[CheckMessage]:
        return self.store.check()

    def _ask(self, question: str, read: Callable[[], T], empty: T) -> T:
        return safely(read, empty=empty, what=f"Store {self.key}, {question}")
