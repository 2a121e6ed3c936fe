"""What one shop in memory holds."""

from dataclasses import dataclass, field, replace

from django.core.signing import Signer

from shopchat.core.money import total
from shopchat.stores.base import BasketRef, BasketView, LineView, OrderView, Person, ProductCard, ProductRef
from shopchat.stores.lines import VoucherPolicy
from shopchat.stores.moving import StoreEvents

COOKIE_NAME = "memory_basket"
PAYING_COOKIE_NAME = "memory_paying"


@dataclass(frozen=True)
class Issued:
    """A voucher that the shop made."""

    policy: VoucherPolicy
    person: Person
    is_used: bool = False


@dataclass
class Shelf:
    """Everything inside one shop, and whoever wants to know of it."""

    products: list[ProductCard] = field(default_factory=list)
    stock: dict[ProductRef, int] = field(default_factory=dict)  # not in it: any quantity
    related: dict[ProductRef, list[ProductRef]] = field(default_factory=dict)
    baskets: dict[BasketRef, BasketView] = field(default_factory=dict)
    orders: list[OrderView] = field(default_factory=list)
    vouchers: dict[str, Issued] = field(default_factory=dict)
    staff: set[str] = field(default_factory=set)
    listeners: list[StoreEvents] = field(default_factory=list)
    given: int = 0

    def next_number(self) -> int:
        self.given += 1
        return self.given

    def product(self, ref: ProductRef) -> ProductCard | None:
        return next((card for card in self.products if card.ref == ref), None)

    def put(self, view: BasketView, lines: tuple[LineView, ...]) -> BasketView:
        """``view`` with these lines and their total, in the place of the one before."""
        amount = total(line.unit_price and line.unit_price * line.quantity for line in lines)
        self.baskets[view.ref] = view = replace(view, lines=lines, total=amount)
        return view

    def clear(self) -> None:
        for kept in (self.products, self.stock, self.related, self.baskets, self.orders, self.vouchers):
            kept.clear()
        self.staff.clear()
        self.listeners.clear()


shelves: dict[str, Shelf] = {}


def signer() -> Signer:
    return Signer(salt="shopchat.stores.memory")
