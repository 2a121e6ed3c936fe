"""What happens in a shop in memory, said by whoever plays it: a test, or a demo. The store's events are told at once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from shopchat.core.money import Money
from shopchat.stores.base import (
    BasketRef,
    BasketView,
    LineView,
    OrderLineView,
    OrderView,
    Person,
    ProductCard,
    ProductRef,
    State,
)
from shopchat.stores.memory_shelf import COOKIE_NAME, PAYING_COOKIE_NAME, Shelf, signer
from shopchat.stores.moving import Placed, Surroundings

NOWHERE = Surroundings()


class Filling:
    """The methods by which a :class:`~shopchat.stores.memory.MemoryStore` is filled."""

    _shelf: Shelf

    def add_product(self, title: str, *, stock: int | None = None, **card: Any) -> ProductCard:
        """``card``: further fields of :class:`~shopchat.stores.base.ProductCard`. ``stock`` None: any quantity."""
        ref = ProductRef(f"memory:{self._shelf.next_number()}")
        product = replace(ProductCard(ref=ref, title=title, url=f"/products/{ref}/"), **card)
        self._shelf.products.append(product)
        return self.change_product(product, stock=stock) if stock is not None else product

    def change_product(self, product: ProductCard, *, stock: int | None = None, **card: Any) -> ProductCard:
        """A new price, title or ``stock``, which baskets show from now on."""
        if stock is not None:
            self._shelf.stock[product.ref] = stock
            card["in_stock"] = stock > 0
        changed = replace(product, **card)
        self._shelf.products = [changed if one.ref == product.ref else one for one in self._shelf.products]
        for view in list(self._shelf.baskets.values()):
            self._shelf.put(
                view, tuple(_renewed(line, changed) if line.product == product.ref else line for line in view.lines)
            )
        return changed

    def remove_product(self, product: ProductCard) -> None:
        """It vanishes from baskets, too."""
        self._shelf.products = [one for one in self._shelf.products if one.ref != product.ref]
        for view in list(self._shelf.baskets.values()):
            self._shelf.put(view, tuple(line for line in view.lines if line.product != product.ref))

    def relate(self, product: ProductCard, *others: ProductCard) -> None:
        """The shop recommends the others beside it."""
        self._shelf.related.setdefault(product.ref, []).extend(other.ref for other in others)

    def line(self, product: ProductCard, quantity: int = 1, **line: Any) -> LineView:
        """``line``: further fields of :class:`~shopchat.stores.base.LineView`."""
        view = LineView(
            key=str(self._shelf.next_number()),
            product=product.ref,
            title=product.title,
            quantity=quantity,
            url=product.url,
            image_url=product.image_url,
            unit_price=product.price,
            purchasable=product.in_stock,
            note="" if product.in_stock else "out of stock",
        )
        return replace(view, **line)

    def add_staff(self, user_id: str) -> None:
        """Baskets of this account are not found idle."""
        self._shelf.staff.add(user_id)

    def add_basket(
        self,
        lines: Iterable[LineView] = (),
        *,
        user_id: str | None = None,
        email: str | None = None,
        state: State = State.OPEN,
        last_activity: datetime | None = None,
        where: Surroundings = NOWHERE,
    ) -> BasketRef:
        """An open one with lines was touched at ``last_activity``."""
        at = last_activity or timezone.now()
        ref = BasketRef(f"memory:{self._shelf.next_number()}")
        view = BasketView(
            ref=ref, state=state, last_activity=at, person=Person(user_id, email), url="/basket/" if user_id else None
        )
        if self._shelf.put(view, tuple(lines)).lines and state is State.OPEN:
            self._touched(ref, where)
        return ref

    def change(
        self,
        ref: BasketRef,
        lines: Iterable[LineView],
        *,
        at: datetime | None = None,
        where: Surroundings = NOWHERE,
    ) -> None:
        """The basket holds these lines now; none: it was emptied."""
        view = replace(self._shelf.baskets[ref], last_activity=at or timezone.now())
        self._shelf.put(view, tuple(lines))
        self._touched(ref, where)

    def type_email(self, ref: BasketRef, email: str) -> None:
        """A guest began to check out with this address."""
        for listener in self._shelf.listeners:
            listener.contact_seen(ref, email)

    def merge(self, old: BasketRef, new: BasketRef, *, at: datetime | None = None) -> None:
        """The lines of ``old`` go over to ``new``, as when somebody signs in."""
        source, target = self._shelf.baskets[old], self._shelf.baskets[new]
        self._shelf.put(replace(source, state=State.MERGED), ())
        self._shelf.put(replace(target, last_activity=at or timezone.now()), (*target.lines, *source.lines))
        for listener in self._shelf.listeners:
            listener.basket_merged(old, new)
        self._touched(new, NOWHERE)

    def pay(self, ref: BasketRef, *, at: datetime | None = None) -> None:
        """Somebody begins to pay."""
        self._shelf.baskets[ref] = replace(self._shelf.baskets[ref], state=State.IN_PAYMENT)
        for listener in self._shelf.listeners:
            listener.payment_started(ref, at=at or timezone.now())

    def fail(self, ref: BasketRef, *, at: datetime | None = None) -> None:
        """The payment was declined."""
        self._shelf.baskets[ref] = replace(self._shelf.baskets[ref], state=State.OPEN)
        for listener in self._shelf.listeners:
            listener.payment_failed(ref, at=at or timezone.now())

    def remove_basket(self, ref: BasketRef) -> None:
        """Silently, as shops tidy up."""
        del self._shelf.baskets[ref]

    def add_order(
        self,
        *,
        user_id: str | None = None,
        email: str | None = None,
        lines: Iterable[tuple[str, int]] = (),
        total: Money | None = None,
        status: str = "",
        placed_at: datetime | None = None,
        basket: BasketRef | None = None,
    ) -> OrderView:
        """A basket that is named here becomes ordered, and its vouchers are used."""
        number = str(self._shelf.next_number())
        order = OrderView(
            number=number,
            placed_at=placed_at or timezone.now(),
            status=status,
            person=Person(user_id, email),
            total=total,
            lines=tuple(OrderLineView(title=title, quantity=count) for title, count in lines),
            basket=basket,
            url=f"/staff/orders/{number}/",
            customer_url=f"/orders/{number}/" if user_id else None,
        )
        if basket:
            order = self._ordered(self._shelf.baskets[basket], order)
        self._shelf.orders.append(order)
        placed = Placed(number=number, placed_at=order.placed_at, basket=basket, person=order.person, total=order.total)
        for listener in self._shelf.listeners:
            listener.order_placed(placed)
        return order

    def cancel_order(self, number: str) -> None:
        self._shelf.orders = [
            replace(order, status="cancelled", is_cancelled=True) if order.number == number else order
            for order in self._shelf.orders
        ]

    def cookies_for(self, ref: BasketRef) -> dict[str, str]:
        """The cookies of an anonymous visitor who holds this basket, or is paying for it."""
        is_paid_for = self._shelf.baskets[ref].state is State.IN_PAYMENT
        return {PAYING_COOKIE_NAME if is_paid_for else COOKIE_NAME: signer().sign(ref)}

    def clear(self) -> None:
        """Nothing is left, and nobody listens any more."""
        self._shelf.clear()

    def _touched(self, ref: BasketRef, where: Surroundings) -> None:
        view = self._shelf.baskets[ref]
        for listener in self._shelf.listeners:
            listener.basket_touched(ref, at=view.last_activity, person=view.person, where=where)

    def _ordered(self, view: BasketView, order: OrderView) -> OrderView:
        self._shelf.baskets[view.ref] = replace(view, state=State.ORDERED)
        discount = None
        for code in view.vouchers:
            issued = self._shelf.vouchers[code] = replace(self._shelf.vouchers[code], is_used=True)
            if view.total:
                discount = Money(view.total.amount * issued.policy.percent / 100, view.total.currency)
        return replace(order, vouchers=view.vouchers, discount=discount)


def _renewed(line: LineView, product: ProductCard) -> LineView:
    return replace(
        line,
        title=product.title,
        unit_price=product.price,
        unit_price_when_added=line.unit_price_when_added or line.unit_price,
        purchasable=product.in_stock,
        note="" if product.in_stock else "out of stock",
    )
