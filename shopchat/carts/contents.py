"""What of a basket can still be bought, and for how much: without the customer, as anybody would be told."""

from dataclasses import dataclass
from decimal import Decimal

from shopchat.carts.models import BasketWatch
from shopchat.core.money import Money, total
from shopchat.stores.abilities import PricesLines
from shopchat.stores.base import LineView
from shopchat.stores.lines import SnapshotLine
from shopchat.stores.reading import able


@dataclass(frozen=True)
class Contents:
    """``lines``: those that can be bought now. ``is_less``: others cannot. ``worth``: ``None`` where it cannot be told."""

    lines: tuple[LineView, ...]
    is_less: bool
    worth: Money | None

    @property
    def is_worth_a_mail(self) -> bool:
        """Something is left that is not for nothing."""
        return bool(self.lines) and (self.worth is None or self.worth.amount > Decimal(0))

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)


def contents_now(watch: BasketWatch) -> Contents:
    """Titles in the active language, prices in the basket's currency or none. Raises what the store raises."""
    then = [SnapshotLine.from_json(line) for line in watch.lines]
    store = able(PricesLines)
    now = store.lines_now(then) if store else [_as_it_was(line) for line in then]
    lines = tuple(line for line in now if line.purchasable)
    worth = total(line.unit_price and line.unit_price * line.quantity for line in lines)
    return Contents(lines, len(lines) < len(now), worth if worth and _is_theirs(worth, watch) else None)


def _is_theirs(price: Money, watch: BasketWatch) -> bool:
    """A price in a currency that the customer did not see is no news to them."""
    return not watch.currency or price.currency == watch.currency


def _as_it_was(line: SnapshotLine) -> LineView:
    return LineView(
        key=str(line.product),
        product=line.product,
        title=line.title,
        quantity=line.quantity,
        url=line.url,
        unit_price=line.unit_price,
    )
