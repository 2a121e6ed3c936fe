"""What a store tells while it happens, and to whom: :class:`StoreEvents`.

An adapter that :class:`~shopchat.stores.abilities.TellsEvents` calls these. They never raise, so that nothing of ours
breaks a shop's own page; all but :meth:`~StoreEvents.order_placed` do their work after the commit.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shopchat.core.money import Money
from shopchat.stores.base import BasketRef, Person


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where the customer was when something happened; empty where nobody knows. ``by_hand``: a browser that is no known
    robot sent a form for it."""

    host: str = ""
    language: str = ""
    currency: str = ""
    device: str = ""  # "phone" or "desktop"
    source: str = ""  # utm_source, else empty
    by_hand: bool = False
    is_staff: bool = False


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An order at the moment when it is placed. ``number`` is what people call it."""

    number: str
    placed_at: datetime
    basket: BasketRef | None = None
    person: Person = field(default=Person())
    total: Money | None = None


class StoreEvents(Protocol):
    """Whoever wants to know."""

    def basket_touched(self, ref: BasketRef, *, at: datetime, person: Person, where: Surroundings) -> None:
        """Lines were added, changed or removed."""

    def contact_seen(self, ref: BasketRef, email: str) -> None:
        """Somebody without an account began to check out with this address, which nobody has proven."""

    def basket_merged(self, old: BasketRef, new: BasketRef) -> None:
        """The lines of ``old`` went over to ``new``."""

    def payment_started(self, ref: BasketRef, *, at: datetime) -> None:
        """The basket is frozen while somebody pays."""

    def payment_failed(self, ref: BasketRef, *, at: datetime) -> None:
        """The payment was declined, and the basket is open again."""

    def order_placed(self, order: Placed) -> None:
        """Inside the transaction that makes the order, wherever it comes from."""
