"""Plain data of :mod:`shopchat.stores.abilities`: lines as they were, what became of them, vouchers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from shopchat.core.money import Money
from shopchat.stores.base import BasketRef, Person, ProductRef, State


@dataclass(frozen=True, kw_only=True)
class IdleBasket:
    """A basket that nobody has touched since ``last_activity``."""

    ref: BasketRef
    last_activity: datetime
    state: State
    person: Person = field(default=Person())


@dataclass(frozen=True, kw_only=True)
class SnapshotLine:
    """One line of a basket as it was. ``options`` belong to the adapter: what it needs to choose the same again."""

    product: ProductRef
    title: str
    quantity: int
    options: Mapping[str, str] = field(default_factory=dict)
    unit_price: Money | None = None
    url: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold; :meth:`from_json` reads it again."""
        price = self.unit_price
        return {
            "product": self.product,
            "title": self.title,
            "quantity": self.quantity,
            "options": dict(self.options),
            "price": [str(price.amount), price.currency] if price else None,
            "url": self.url,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "SnapshotLine":
        """The line that :meth:`as_json` wrote."""
        price = values["price"]
        return cls(
            product=ProductRef(values["product"]),
            title=values["title"],
            quantity=values["quantity"],
            options=values["options"],
            unit_price=Money(Decimal(price[0]), price[1]) if price else None,
            url=values["url"],
        )


class RestoreMode(Enum):
    """What becomes of a basket that is not empty."""

    ADD = "add"
    REPLACE = "replace"


class Refusal(Enum):
    """Why a line was not put into a basket, or not all of it."""

    NONE = ""
    GONE = "gone"  # deleted, or no longer on sale
    OUT_OF_STOCK = "out_of_stock"
    LIMIT = "limit"  # the shop sells so many at once only
    CURRENCY = "currency"  # the basket holds another one
    REFUSED = "refused"  # the shop says no for a reason of its own


@dataclass(frozen=True, kw_only=True)
class LineResult:
    """What became of one line. ``wanted`` counts what was to be there, ``present`` what is there now."""

    title: str
    wanted: int
    present: int
    refusal: Refusal = Refusal.NONE
    note: str = ""  # in the active language, from the shop
    price_then: Money | None = None
    price_now: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """What came of restoring. ``url``: where the customer sees the basket, a path."""

    basket: BasketRef | None
    lines: tuple[LineResult, ...]
    url: str


@dataclass(frozen=True, kw_only=True)
class VoucherPolicy:
    """What a voucher gives: ``percent`` off the whole basket, from ``minimum`` on, until ``expires_at``."""

    percent: Decimal
    expires_at: datetime
    minimum: Money | None = None
    name: str = ""


@dataclass(frozen=True)
class Voucher:
    """What a customer types in. Out of logs: where it is not ``for_account``, whoever knows it can use it."""

    code: str = field(repr=False)
    expires_at: datetime
    for_account: bool = False  # good for the account that it was made for, signed in, and for nobody else


class VoucherState(Enum):
    """What has become of a voucher."""

    USABLE = "usable"
    USED = "used"
    EXPIRED = "expired"
    GONE = "gone"
