"""A shop in the memory of one process: for tests, and for a demo without a shop.

    shop = MemoryStore()
    tent = shop.add_product("Tent", price=Money(Decimal("199.00"), "EUR"))
    ref = shop.add_basket([shop.line(tent, 2)], user_id="7")
    shop.add_order(user_id="7", lines=[("Tent", 2)])

It has every ability, and tells those who are connected what happens while it is filled: ``change``, ``merge``, ``pay``,
``fail`` and ``type_email`` are for that. All stores of one ``NAME`` in a process are the same shop; ``clear()`` empties it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.core.signing import BadSignature
from django.http import HttpRequest

from shopchat.stores.abilities import FindsIdle, FindsOrders, FindsPayments, Recommends, TellsEvents
from shopchat.stores.base import (
    BasketRef,
    BasketView,
    OrderView,
    Person,
    ProductCard,
    ProductRef,
    State,
    Store,
    user_id_of,
)
from shopchat.stores.lines import IdleBasket
from shopchat.stores.memory_changing import Changing
from shopchat.stores.memory_shelf import COOKIE_NAME, PAYING_COOKIE_NAME, Shelf, shelves, signer
from shopchat.stores.moving import StoreEvents


class MemoryStore(Changing, TellsEvents, FindsIdle, FindsPayments, FindsOrders, Recommends, Store):
    """Option ``NAME``: which of several shops (default ``"default"``)."""

    key = "memory"

    def __init__(self, NAME: str = "default") -> None:
        self._shelf = shelves.setdefault(NAME, Shelf())

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        user_id = user_id_of(request)
        if user_id and (ref := self.basket_of(Person(user_id))):
            return ref
        return self._named(request, COOKIE_NAME, State.OPEN)

    def baskets_at_hand(self, request: HttpRequest) -> Sequence[BasketRef]:
        current = self.current_basket(request)
        paying = None if user_id_of(request) else self._named(request, PAYING_COOKIE_NAME, State.IN_PAYMENT)
        return [ref for ref in (current, paying) if ref]

    def basket_of(self, person: Person) -> BasketRef | None:
        for basket in reversed(self._shelf.baskets.values()):
            mine = person.user_id and person.user_id == basket.person.user_id
            if mine and basket.state is State.OPEN:
                return basket.ref
        return None

    def baskets(
        self,
        refs: Sequence[BasketRef],
        *,
        request: HttpRequest | None = None,
        images: bool = False,
    ) -> Mapping[BasketRef, BasketView]:
        found = {ref: self._shelf.baskets[ref] for ref in refs if ref in self._shelf.baskets}
        return found if images else {ref: _without_images(view) for ref, view in found.items()}

    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        orders = {order.basket: order for order in self._shelf.orders}
        return {ref: orders[ref] for ref in refs if ref in orders}

    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        recent = [order for order in self._shelf.orders if order.placed_at >= since]
        recent.sort(key=lambda order: order.placed_at, reverse=True)
        found = {who: [o for o in recent if who.is_same_as(o.person)][:limit] for who in people}
        return {who: orders for who, orders in found.items() if orders}

    def search_products(
        self,
        query: str,
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        words = query.casefold().split()
        found = [
            product
            for product in self._shelf.products
            if words and all(word in product.title.casefold() for word in words)
        ]
        cards = sorted(found, key=lambda product: product.title)[: max(limit, 0)]
        return cards if images else [replace(card, image_url=None) for card in cards]

    def connect(self, events: StoreEvents) -> None:
        """Until the shop is cleared."""
        if events not in self._shelf.listeners:
            self._shelf.listeners.append(events)

    def find_idle(
        self, *, since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None = None, limit: int = 500
    ) -> Sequence[IdleBasket]:
        views = [view for view in self._shelf.baskets.values() if self._may_be_idle(view)]
        found = sorted((view.last_activity, view.ref) for view in views if since <= view.last_activity <= until)
        chosen = [place for place in found if after is None or place > after][:limit]
        return [self._idle(self._shelf.baskets[ref]) for _, ref in chosen]

    def orders_since(
        self, since: datetime, *, after: tuple[datetime, str] | None = None, limit: int = 500
    ) -> Sequence[OrderView]:
        found = sorted((o for o in self._shelf.orders if o.placed_at >= since), key=_place)
        return [order for order in found if after is None or _place(order) > after][:limit]

    def orders_by_number(self, numbers: Sequence[str]) -> Mapping[str, OrderView]:
        orders = {order.number: order for order in self._shelf.orders}
        return {number: orders[number] for number in numbers if number in orders}

    def related_products(
        self,
        products: Sequence[ProductRef],
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        refs = [other for ref in products for other in self._shelf.related.get(ref, []) if other not in products]
        cards = [card for ref in dict.fromkeys(refs) if (card := self._shelf.product(ref))][: max(limit, 0)]
        return cards if images else [replace(card, image_url=None) for card in cards]

    def _named(self, request: HttpRequest, cookie: str, state: State) -> BasketRef | None:
        """The basket of nobody that this cookie names, while it is in this state."""
        try:
            basket = self._shelf.baskets.get(BasketRef(signer().unsign(request.COOKIES.get(cookie, ""))))
        except BadSignature:
            return None
        return basket.ref if basket and basket.state is state and not basket.person.user_id else None

    def _may_be_idle(self, view: BasketView) -> bool:
        is_left = view.state in (State.OPEN, State.IN_PAYMENT) and not self.orders_for([view.ref])
        is_worth_something = any(line.unit_price is None or line.unit_price.amount for line in view.lines)
        return is_left and is_worth_something and view.person.user_id not in self._shelf.staff

    def _idle(self, view: BasketView) -> IdleBasket:
        return IdleBasket(ref=view.ref, last_activity=view.last_activity, state=view.state, person=view.person)


def _place(order: OrderView) -> tuple[datetime, str]:
    return order.placed_at, order.number


def _without_images(view: BasketView) -> BasketView:
    return replace(view, lines=tuple(replace(line, image_url=None) for line in view.lines))
