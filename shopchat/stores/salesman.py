"""django-salesman 1.3: the adapter. ``salesman_finding`` asks, ``salesman_rows`` turns what is found into plain data, and a
module for each ability does the rest. What a shop's products can say is in ``salesman_products``.

Models are asked for by Salesman's names when they are needed, so that swapped models work. Prices are those of
``get_price``, before the basket's modifiers. Salesman has no vouchers and no currency: the latter is an option.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.query import prefetch_related_objects
from django.http import HttpRequest
from django.utils.module_loading import import_string
from salesman.core.utils import get_salesman_model

from shopchat.stores import salesman_checks, salesman_events, salesman_finding, salesman_idle, salesman_restoring
from shopchat.stores.abilities import ChangesLines, FindsIdle, FindsOrders, Restores, TellsEvents
from shopchat.stores.base import (
    BasketRef,
    BasketView,
    LineView,
    OrderView,
    Person,
    ProductCard,
    ProductRef,
    Store,
    user_id_of,
)
from shopchat.stores.lines import IdleBasket, LineResult, Restoration, RestoreMode, SnapshotLine
from shopchat.stores.moving import StoreEvents
from shopchat.stores.salesman_products import MAX_WORDS, Products, request_of
from shopchat.stores.salesman_rows import KEY, Shop, basket_view, line_now, order_view, placed_by, product_card

SESSION_KEY = "BASKET_ID"  # of salesman.basket.models, which cannot be imported before the apps are loaded


class SalesmanStore(TellsEvents, FindsIdle, FindsOrders, Restores, ChangesLines, Store):
    """Options ``CURRENCY`` (ISO 4217; required), ``PRODUCTS`` (the path of a
    :class:`~shopchat.stores.salesman_products.Products`), ``BASKET_URL`` (where customers see their basket), ``ORDER_URL``
    (where they see an order, with ``{number}`` in it) and ``CANCELLED`` (the statuses of orders that came to nothing)."""

    key = KEY

    def __init__(
        self,
        CURRENCY: str = "",
        PRODUCTS: str = "shopchat.stores.salesman_products.Products",
        BASKET_URL: str = "/",
        ORDER_URL: str = "",
        CANCELLED: Collection[str] = ("CANCELLED", "REFUNDED"),
    ) -> None:
        self.shop = Shop(
            currency=CURRENCY,
            products=_made(PRODUCTS),
            basket_url=BASKET_URL,
            order_url=ORDER_URL,
            cancelled=CANCELLED,
        )

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        """The account's newest basket, else that of the session, which Salesman will merge into the account's."""
        claims = Q()
        if user_pk := salesman_finding.pk_of(get_user_model(), user_id_of(request)):
            claims |= Q(user=user_pk)
        if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            kept = request.session.get(SESSION_KEY)
            if pk := salesman_finding.pk_of(get_salesman_model("Basket"), str(kept or "")):
                claims |= Q(pk=pk, user=None)
        return salesman_finding.newest(claims)

    def basket_of(self, person: Person) -> BasketRef | None:
        user_pk = salesman_finding.pk_of(get_user_model(), person.user_id)
        return salesman_finding.newest(Q(user=user_pk) if user_pk else Q())

    def baskets(
        self, refs: Sequence[BasketRef], *, request: HttpRequest | None = None, images: bool = False
    ) -> Mapping[BasketRef, BasketView]:
        found = salesman_finding.baskets(refs, self.shop.products)
        taken = salesman_finding.taken(found)
        return {
            ref: basket_view(row, self.shop, request or request_of(row.user), taken.get(ref), images=images)
            for ref in refs
            if (row := found.get(ref))
        }

    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        rows = salesman_finding.with_lines(salesman_finding.made_from(refs))
        views = {view.basket: view for view in self._views(rows.order_by("date_created", "pk"))}
        return {ref: views[ref] for ref in refs if ref in views}

    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        users = [pk for who in people if (pk := salesman_finding.pk_of(get_user_model(), who.user_id))]
        emails = [who.email for who in people if who.email]
        if not (users or emails):
            return {}
        rows = (
            get_salesman_model("Order")
            .objects.exclude(status="NEW")
            .select_related("user")
            .alias(
                shopchat_guest=Lower("email"),
                shopchat_account=Lower(f"user__{get_user_model().get_email_field_name()}"),
            )
            .filter(Q(user__in=users) | Q(shopchat_guest__in=emails) | Q(shopchat_account__in=emails))
            .filter(date_created__gte=since)
            .order_by("-date_created", "-pk")
        )
        kept = list(rows)
        theirs = {who: [row for row in kept if placed_by(who, row)][: max(limit, 0)] for who in people}
        prefetch_related_objects(list({row.pk: row for some in theirs.values() for row in some}.values()), "items")
        return {who: self._views(some) for who, some in theirs.items() if some}

    def search_products(
        self, query: str, *, request: HttpRequest | None = None, limit: int = 8, images: bool = False
    ) -> Sequence[ProductCard]:
        words = query.replace("\0", " ").split()[:MAX_WORDS]
        if not words or limit < 1:
            return ()
        asks = request or request_of(None)
        rows = salesman_finding.search(words, limit, self.shop.products)
        return [product_card(row, self.shop, asks, images=images) for row in rows]

    def connect(self, events: StoreEvents) -> None:
        salesman_events.connect(events, self.shop)

    def find_idle(
        self, *, since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None = None, limit: int = 500
    ) -> Sequence[IdleBasket]:
        return salesman_idle.find_idle(since, until, after, limit)

    def orders_since(
        self, since: datetime, *, after: tuple[datetime, str] | None = None, limit: int = 500
    ) -> Sequence[OrderView]:
        return self._views(salesman_idle.orders_since(since, after)[:limit])

    def orders_by_number(self, numbers: Sequence[str]) -> Mapping[str, OrderView]:
        # PostgreSQL refuses the question where a text holds a NUL.
        asked = [number for number in numbers if "\0" not in number]
        views = {view.number: view for view in self._views(salesman_finding.orders().filter(ref__in=asked))}
        return {number: views[number] for number in numbers if number in views}

    def lines_now(
        self, lines: Sequence[SnapshotLine], *, request: HttpRequest | None = None, images: bool = False
    ) -> Sequence[LineView]:
        found = salesman_finding.products([line.product for line in lines], self.shop.products)
        asks = request or request_of(None)
        return [
            line_now(line, found.get(line.product), self.shop, asks, str(number), images=images)
            for number, line in enumerate(lines)
        ]

    def restore(self, request: HttpRequest, lines: Sequence[SnapshotLine], *, mode: RestoreMode) -> Restoration:
        return salesman_restoring.restore(request, lines, mode, self.shop)

    def put_in_basket(
        self, request: HttpRequest, product: ProductRef, *, quantity: int = 1, options: Mapping[str, str] | None = None
    ) -> LineResult:
        return salesman_restoring.put_in_basket(request, product, quantity, options, self.shop)

    def set_quantity(self, request: HttpRequest, line: str, quantity: int) -> LineResult:
        return salesman_restoring.set_quantity(request, line, quantity, self.shop)

    def check(self) -> list[checks.CheckMessage]:
        return salesman_checks.problems(self.shop)

    def _views(self, rows: Iterable[Any]) -> list[OrderView]:
        return [order_view(row, self.shop) for row in rows]


def _made(path: str) -> Products:
    try:
        made = import_string(path)()
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(f"PRODUCTS of SalesmanStore: {error}") from error
    if not isinstance(made, Products):
        raise ImproperlyConfigured(f"PRODUCTS of SalesmanStore: {path} is not a subclass of Products.")
    return made
