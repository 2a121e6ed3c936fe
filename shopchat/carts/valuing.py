"""What a basket holds, and whether that is anything."""

from decimal import Decimal

from shopchat.carts.models import BasketWatch
from shopchat.core.money import Money
from shopchat.stores.base import BasketView
from shopchat.stores.snapshots import snapshot

# What the columns hold. A row beyond it would stop the whole batch on every database, each minute anew.
LARGEST_SUM = Decimal(9_999_999_999)
LARGEST_QUANTITY = 2_147_483_647


def is_worth_something(view: BasketView) -> bool:
    """Whether it has lines, and a value as far as anybody can tell."""
    return bool(view.lines) and (view.total is None or view.total.amount > 0)


def keep_contents(watch: BasketWatch, view: BasketView) -> None:
    """Put the lines of now on ``watch``, unsaved."""
    watch.lines = [line.as_json() for line in snapshot(view)]
    watch.quantity = min(view.quantity, LARGEST_QUANTITY)
    watch.total = sum_of(view.total)
    watch.currency = view.total.currency[:3] if view.total else watch.currency
    watch.user_id_text = watch.user_id_text or view.person.user_id or ""


def sum_of(money: Money | None) -> Decimal | None:
    """What is kept of a sum; ``None`` also for one that nobody can mean."""
    return money.amount if money is not None and abs(money.amount) <= LARGEST_SUM else None
