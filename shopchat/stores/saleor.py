"""Saleor 3.22 and later: the questions, over GraphQL, and its webhooks.

Saleor runs elsewhere, and each question takes as long as a page. So a customer's own request asks nothing: what is known of
baskets comes by webhooks. ``saleor_rows`` turns what is told into plain data. Needs the extra ``shopchat[saleor]``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core import checks
from django.http import HttpRequest

from shopchat.stores.abilities import FindsIdle, FindsOrders, IsCalled, NotSigned
from shopchat.stores.base import BasketRef, BasketView, OrderView, Person, ProductCard, Store
from shopchat.stores.lines import IdleBasket
from shopchat.stores.moving import StoreEvents
from shopchat.stores.saleor_api import Api
from shopchat.stores.saleor_events import listeners, tell, told
from shopchat.stores.saleor_queries import ORDERS, PRODUCTS, checkouts
from shopchat.stores.saleor_rows import KEY, basket_view, checkout_id, is_account, order_view, product_card
from shopchat.stores.saleor_signatures import verify

# Saleor judges a question by what it may cost, and answers no more rows than 100.
AT_ONCE = 20
MOST = 100


class SaleorStore(Store, IsCalled, FindsIdle, FindsOrders):
    """Options: ``API_URL``, ``APP_TOKEN``, ``CHANNEL`` (a slug), ``PRODUCT_URL`` (an address with ``{slug}`` in it) and
    ``IS_PRIVATE`` (it runs in the shop's own network)."""

    key = KEY

    def __init__(
        self, API_URL: str, APP_TOKEN: str, CHANNEL: str = "", PRODUCT_URL: str = "", IS_PRIVATE: bool = False
    ) -> None:
        self.api = Api(API_URL, APP_TOKEN, is_private=IS_PRIVATE)
        self.channel, self.product_url, self.is_private = CHANNEL, PRODUCT_URL, IS_PRIVATE

    def connect(self, events: StoreEvents) -> None:
        if events not in listeners:
            listeners.append(events)

    def receive(
        self, headers: Mapping[str, str], body: bytes, *, known_until: Callable[[BasketRef], datetime | None]
    ) -> None:
        verify(headers.get("Saleor-Signature", ""), body, self.api)
        event = json.loads(body)
        if not isinstance(event, dict):
            raise NotSigned  # nothing that Saleor sends
        tell(event, known_until=known_until, product_url=self.product_url)

    def find_idle(
        self, *, since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None = None, limit: int = 500
    ) -> Sequence[IdleBasket]:
        """None: Saleor can be asked for checkouts of a day, not of an hour. Its webhooks tell of all of them."""
        return ()

    def orders_since(
        self, since: datetime, *, after: tuple[datetime, str] | None = None, limit: int = 500
    ) -> Sequence[OrderView]:
        """What a webhook may have failed to tell. Asks once for each hundred of orders."""
        found: dict[str, OrderView] = {}
        begins, is_more = after[0] if after else since, True
        while is_more and len(found) < limit:
            page = self._orders({"createdAt": {"gte": begins.isoformat()}}, direction="ASC")
            new = [order for order in page if order.number not in found]
            found |= {order.number: order for order in new if after is None or _place(order) > after}
            is_more = len(page) == MOST and bool(new)
            begins = page[-1].placed_at if page else begins
        return sorted(found.values(), key=_place)[:limit]

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        """None: the storefront is another site, whose cookies are not sent here."""
        return None

    def basket_of(self, person: Person) -> BasketRef | None:
        """None: accounts of Saleor are not those of this site."""
        return None

    def baskets(
        self, refs: Sequence[BasketRef], *, request: HttpRequest | None = None, images: bool = False
    ) -> Mapping[BasketRef, BasketView]:
        """What an event has just told, else what Saleor says; with a customer's ``request`` nothing is asked."""
        views = {ref: view for ref in refs if (view := told(ref))}
        if request is None:
            ids = {ref: found for ref in refs if ref not in views and (found := checkout_id(ref))}
            names = list(ids)
            for first in range(0, len(names), AT_ONCE):
                some = names[first : first + AT_ONCE]
                views |= {view.ref: view for view in self._checkouts([ids[ref] for ref in some])}
        return {ref: views[ref] for ref in refs if ref in views}

    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        ids = [found for ref in refs if (found := checkout_id(ref))]
        orders = self._orders({"checkoutId": {"oneOf": ids}}) if ids else []
        views = {order.basket: order for order in reversed(orders)}
        return {ref: views[ref] for ref in refs if ref in views}

    def orders_by_number(self, numbers: Sequence[str]) -> Mapping[str, OrderView]:
        known = [int(number) for number in numbers if number.isascii() and number.isdecimal()]
        orders = {order.number: order for order in self._orders({"number": {"oneOf": known}})} if known else {}
        return {number: orders[number] for number in numbers if number in orders}

    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        accounts = [person.user_id for person in people if person.user_id and is_account(person.user_id)]
        addresses = [person.email for person in people if person.email]
        whose = [{"user": {"oneOf": accounts}}] if accounts else []
        whose += [{"userEmail": {"oneOf": addresses}}] if addresses else []
        if not whose or limit <= 0:
            return {}
        orders = self._orders({"AND": [{"OR": whose}, {"createdAt": {"gte": since.isoformat()}}]})
        found = {person: [one for one in orders if person.is_same_as(one.person)][:limit] for person in people}
        return {person: theirs for person, theirs in found.items() if theirs}

    def search_products(
        self, query: str, *, request: HttpRequest | None = None, limit: int = 8, images: bool = False
    ) -> Sequence[ProductCard]:
        if request is not None or limit <= 0 or not query.strip():
            return ()
        asked = {"search": query, "channel": self.channel or None, "first": min(limit, MOST)}
        rows = _nodes(self.api.ask(PRODUCTS, asked)["products"])
        return [product_card(row, self.product_url, images=images) for row in rows]

    def check(self) -> list[checks.CheckMessage]:
        parts = urlsplit(self.api.url)
        if parts.hostname and (parts.scheme == "https" or (self.is_private and parts.scheme == "http")):
            return []
        return [
            checks.Error(
                "API_URL of SaleorStore is no address that may be asked.",
                hint='Write it as "https://shop.example/graphql/". A Saleor in your own network also needs IS_PRIVATE.',
                id="shopchat.E103",
            )
        ]

    def _checkouts(self, ids: Sequence[str]) -> list[BasketView]:
        data = self.api.ask(checkouts(len(ids)), {f"i{n}": one for n, one in enumerate(ids)})
        return [basket_view(row, self.product_url) for row in data.values() if row]

    def _orders(self, where: Mapping[str, Any], *, direction: str = "DESC") -> list[OrderView]:
        """At most ``MOST`` of them, the newest first."""
        asked = {"where": where, "first": MOST, "direction": direction}
        return [order_view(row) for row in _nodes(self.api.ask(ORDERS, asked)["orders"])]


def _place(order: OrderView) -> tuple[datetime, str]:
    return order.placed_at, order.number


def _nodes(connection: Any) -> list[Mapping[str, Any]]:
    edges = (connection or {}).get("edges") or []
    return [edge["node"] for edge in edges if edge.get("node")]
