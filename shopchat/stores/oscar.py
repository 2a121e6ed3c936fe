"""django-oscar 4.1 and later: the adapter. ``oscar_finding`` asks, ``oscar_rows`` turns what is found into plain data,
and a module for each ability does the rest.

Models and classes are asked for by Oscar's names when they are needed, so that forked apps work. Prices and totals are
before offers and vouchers, because working those out costs dozens of queries for each basket; without the customer's
own request they are what anybody would pay.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.signing import BadSignature, Signer
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower
from django.db.models.query import prefetch_related_objects
from django.http import HttpRequest
from django.utils import timezone
from oscar.core.loading import get_class, get_model

from shopchat.stores import oscar_checks, oscar_events, oscar_idle, oscar_owners, oscar_restoring, oscar_vouchers
from shopchat.stores.abilities import (
    ChangesLines,
    FindsIdle,
    FindsOrders,
    FindsPayments,
    IssuesVouchers,
    Recommends,
    Restores,
    TellsEvents,
)
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
from shopchat.stores.lines import (
    IdleBasket,
    LineResult,
    Restoration,
    RestoreMode,
    SnapshotLine,
    Voucher,
    VoucherPolicy,
    VoucherState,
)
from shopchat.stores.moving import StoreEvents
from shopchat.stores.oscar_finding import (
    basket_lines,
    basket_pks,
    newest_open,
    open_and_frozen,
    pk_of,
    products,
    recommended,
    search,
    strategy_for,
)
from shopchat.stores.oscar_rows import (
    KEY,
    Thumbnails,
    basket_ref,
    basket_view,
    line_now,
    order_view,
    placed_by,
    product_card,
)

MAX_WORDS = 8  # of a search: each costs a condition


class OscarStore(
    TellsEvents, FindsIdle, FindsPayments, FindsOrders, Restores, ChangesLines, Recommends, IssuesVouchers, Store
):
    """Options ``THUMBNAIL``: the box that pictures fit into, in pixels (default ``"160x160"``). ``CANCELLED``: the statuses
    of orders that came to nothing (default ``("Cancelled",)``)."""

    key = KEY

    def __init__(self, THUMBNAIL: str = "160x160", CANCELLED: Collection[str] = ("Cancelled",)) -> None:
        self.thumbnail = THUMBNAIL
        self.cancelled = CANCELLED

    def cookie_name(self, request: HttpRequest) -> str:
        """Override it where the shop overrides ``BasketMiddleware.get_cookie_key``."""
        return str(getattr(settings, "OSCAR_BASKET_COOKIE_OPEN", "oscar_open_basket"))

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        """The account's newest open basket, else that of the cookie, which Oscar will move into the account."""
        claims = Q()
        if user_pk := pk_of(get_user_model(), user_id_of(request)):
            claims |= Q(owner=user_pk)
        if basket_pk := self._basket_in_cookie(request):
            claims |= Q(pk=basket_pk, owner=None)
        return newest_open(claims)

    def baskets_at_hand(self, request: HttpRequest) -> Sequence[BasketRef]:
        """The checkout's session remembers what was submitted, also after the basket's cookie has gone."""
        frozen_pk = None if user_id_of(request) else _submitted_in(request)
        if frozen_pk is not None:
            return open_and_frozen(self._basket_in_cookie(request), frozen_pk)
        current = self.current_basket(request)
        return [current] if current else []

    def basket_of(self, person: Person) -> BasketRef | None:
        user_pk = pk_of(get_user_model(), person.user_id)
        return newest_open(Q(owner=user_pk) if user_pk else Q())

    def baskets(
        self, refs: Sequence[BasketRef], *, request: HttpRequest | None = None, images: bool = False
    ) -> Mapping[BasketRef, BasketView]:
        rows = (
            get_model("basket", "Basket")
            .objects.filter(pk__in=basket_pks(refs))
            .select_related("owner")
            .prefetch_related(Prefetch("lines", queryset=basket_lines(images=images)), "vouchers")
        )
        found = {basket_ref(row): row for row in rows}
        thumbnails = Thumbnails(self.thumbnail) if images else None
        views = {}
        for ref in refs:
            if row := found.get(ref):
                row.strategy = strategy_for(request, user=row.owner)
                views[ref] = basket_view(row, thumbnails)
        return views

    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        rows = _orders().filter(basket__in=basket_pks(refs)).prefetch_related("lines", "discounts")
        views = {view.basket: view for view in self._views(rows.order_by("date_placed", "pk"))}
        return {ref: views[ref] for ref in refs if ref in views}

    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        """``since`` saves the database from reading all orders: addresses have no index."""
        users = [pk for person in people if (pk := pk_of(get_user_model(), person.user_id))]
        emails = [person.email for person in people if person.email]
        if not (users or emails):
            return {}
        rows = (
            _orders()
            .alias(
                shopchat_guest=Lower("guest_email"),
                shopchat_account=Lower(f"user__{get_user_model().get_email_field_name()}"),
            )
            .filter(Q(user__in=users) | Q(shopchat_guest__in=emails) | Q(shopchat_account__in=emails))
            .filter(date_placed__gte=since)
            .order_by("-date_placed", "-pk")
        )
        return _by_person(people, list(rows), limit, self.cancelled)

    def search_products(
        self, query: str, *, request: HttpRequest | None = None, limit: int = 8, images: bool = False
    ) -> Sequence[ProductCard]:
        """Asks the database, never the shop's search index. A variant is found as its parent."""
        words = query.replace("\0", " ").split()[:MAX_WORDS]
        if not words or limit < 1:
            return ()
        strategy = strategy_for(request, user=None)
        thumbnails = Thumbnails(self.thumbnail) if images else None
        return [product_card(row, strategy, thumbnails) for row in search(words, images=images)[:limit]]

    def connect(self, events: StoreEvents) -> None:
        oscar_events.connect(events)

    def find_idle(
        self, *, since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None = None, limit: int = 500
    ) -> Sequence[IdleBasket]:
        return oscar_idle.find_idle(since, until, after, limit)

    def orders_since(
        self, since: datetime, *, after: tuple[datetime, str] | None = None, limit: int = 500
    ) -> Sequence[OrderView]:
        return self._views(oscar_idle.orders_since(since, after)[:limit])

    def orders_by_number(self, numbers: Sequence[str]) -> Mapping[str, OrderView]:
        # PostgreSQL refuses the question where a text holds a NUL.
        asked = [number for number in numbers if "\0" not in number]
        rows = _orders().filter(number__in=asked).prefetch_related("lines", "discounts")
        views = {view.number: view for view in self._views(rows)}
        return {number: views[number] for number in numbers if number in views}

    def lines_now(
        self, lines: Sequence[SnapshotLine], *, request: HttpRequest | None = None, images: bool = False
    ) -> Sequence[LineView]:
        found = products([line.product for line in lines], images=images)
        strategy = strategy_for(request, user=None)
        thumbnails = Thumbnails(self.thumbnail) if images else None
        return [
            line_now(line, found.get(line.product), strategy, thumbnails, str(number))
            for number, line in enumerate(lines)
        ]

    def restore(self, request: HttpRequest, lines: Sequence[SnapshotLine], *, mode: RestoreMode) -> Restoration:
        return oscar_restoring.restore(request, lines, mode)

    def put_in_basket(
        self, request: HttpRequest, product: ProductRef, *, quantity: int = 1, options: Mapping[str, str] | None = None
    ) -> LineResult:
        return oscar_restoring.put_in_basket(request, product, quantity, options)

    def set_quantity(self, request: HttpRequest, line: str, quantity: int) -> LineResult:
        return oscar_restoring.set_quantity(request, line, quantity)

    def related_products(
        self,
        products: Sequence[ProductRef],
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        strategy = strategy_for(request, user=None)
        thumbnails = Thumbnails(self.thumbnail) if images else None
        rows = recommended(products, images=images)[: max(limit, 0)]
        return [product_card(row, strategy, thumbnails) for row in rows]

    def issue_voucher(self, policy: VoucherPolicy, person: Person) -> Voucher:
        return oscar_vouchers.issue(policy, person)

    def voucher_states(self, codes: Sequence[str]) -> Mapping[str, VoucherState]:
        return oscar_vouchers.states(codes, timezone.now())

    def withdraw_vouchers(self, codes: Sequence[str]) -> int:
        return oscar_vouchers.withdraw(codes, timezone.now())

    def disown_vouchers(self) -> None:
        oscar_owners.disown()

    def apply_voucher(self, request: HttpRequest, code: str) -> bool:
        return oscar_vouchers.apply(request, code)

    def check(self) -> list[checks.CheckMessage]:
        return oscar_checks.problems(self.cancelled)

    def _views(self, rows: Iterable[Any]) -> list[OrderView]:
        return [order_view(row, self.cancelled) for row in rows]

    def _basket_in_cookie(self, request: HttpRequest) -> Any:
        try:
            # Oscar signs with the default salt: read its cookie so, and never sign anything of ours that way.
            value = Signer().unsign(request.COOKIES.get(self.cookie_name(request), ""))
        except BadSignature:
            return None
        return pk_of(get_model("basket", "Basket"), value)


def _submitted_in(request: HttpRequest) -> Any:
    """The key of the basket whose payment began in this session; ``None`` without one."""
    checkout = get_class("checkout.utils", "CheckoutSessionData")
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or checkout.SESSION_KEY not in request.session:
        return None  # made without its key, the checkout's session would be written to
    submitted = checkout(request).get_submitted_basket_id()
    return pk_of(get_model("basket", "Basket"), str(submitted or ""))


def _orders() -> Any:
    return get_model("order", "Order").objects.select_related("user", "basket")


def _by_person(
    people: Sequence[Person], rows: list[Any], limit: int, cancelled: Collection[str]
) -> dict[Person, Sequence[OrderView]]:
    kept = {who: [row for row in rows if placed_by(who, row)][: max(limit, 0)] for who in people}
    shown = {row.pk: row for theirs in kept.values() for row in theirs}
    prefetch_related_objects(list(shown.values()), "lines", "discounts")
    views = {pk: order_view(row, cancelled) for pk, row in shown.items()}
    return {who: [views[row.pk] for row in theirs] for who, theirs in kept.items() if theirs}
