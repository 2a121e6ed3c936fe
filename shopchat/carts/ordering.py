"""An order ends everything: what is planned about the customer's baskets is called off in the transaction that makes it.

Whose: the basket's own, those from which a link brought lines into it, and the others of the same account or of the
same address, wherever the order comes from. :func:`order_placed` costs a checkout three queries whatever is planned; the
line of the story and the credit follow in the next sweep (:mod:`shopchat.carts.crediting`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value

from shopchat.carts.episodes import ELSEWHERE
from shopchat.carts.models import BasketWatch
from shopchat.carts.people import email_hash
from shopchat.carts.states import OVER
from shopchat.carts.valuing import sum_of
from shopchat.channels.known import EMAIL
from shopchat.contacts.identities import normalise
from shopchat.stores.base import OrderView
from shopchat.stores.moving import Placed
from shopchat.touches.planning import call_off

State = BasketWatch.State
Order = Placed | OrderView
ORDERED = "ordered"
OWN, RESTORED, ACCOUNT, GUEST, ADDRESS = "own", "restored", "account", "guest", "address"
LINEAGE = (OWN, RESTORED)
FIELDS = (
    "state",
    "state_at",
    "reason",
    "order_number",
    "ordered_at",
    "order_total",
    "order_currency",
    "help_wanted_at",
    "how",
    "look_at",
)


@dataclass(frozen=True)
class Found:
    """A basket that an order may end. ``way``: by what it was found, ``key``: which one of these."""

    pk: int
    ref: str
    state: str
    reason: str
    last_activity: datetime
    order_number: str
    way: str
    key: str

    def is_ended_by(self, order: Order) -> bool:
        """Whether this is news. A basket that was changed after the order goes on, unless it is the order's own."""
        if self.state == State.ERASED:
            return False
        if self.way == OWN:
            return self.state != State.ORDERED or self.order_number != order.number
        return self.state not in OVER and (self.way == RESTORED or self.last_activity <= order.placed_at)


def order_placed(order: Placed) -> int:
    """Inside the shop's transaction: at most three queries. Returns how many baskets have ended."""
    return end([order])


def end(orders: Sequence[Order]) -> int:
    """The baskets of these orders are ordered and nothing about them goes out any more. Returns how many that was news of.

    One query to find them, one statement for all of them, one for each order that ends any.
    """
    found = [Found(*row) for row in _concerned(orders)] if orders else []
    if not found:
        return 0
    ended, refs = _pair(found, orders)
    with transaction.atomic(savepoint=False):
        if ended:
            BasketWatch.objects.exclude(state=State.ERASED).bulk_update(ended.values(), FIELDS)
        for order in orders:
            if about := refs.get(order.number):
                call_off(*about, reason=ORDERED, details={"order": order.number, "at": order.placed_at.isoformat()})
    return len(ended)


def _pair(found: Iterable[Found], orders: Sequence[Order]) -> tuple[dict[int, BasketWatch], dict[str, list[str]]]:
    """Each basket with the order that ends it, its own before others; and what about has to be called off for which order."""
    ended: dict[int, BasketWatch] = {}
    refs: dict[str, list[str]] = {}
    orders_of: dict[tuple[str, str], list[Order]] = {}
    for order in sorted(orders, key=lambda order: order.placed_at):
        for pair in _keys(order):
            orders_of.setdefault(pair, []).append(order)
    for row in sorted(found, key=lambda row: row.way not in LINEAGE):
        ending = (order for order in orders_of.get((row.way, row.key), ()) if row.is_ended_by(order))
        if row.pk not in ended and (first := next(ending, None)):
            ended[row.pk] = _ended(row, first)
            refs.setdefault(first.number, []).append(row.ref)
    return ended, refs


def _ended(row: Found, order: Order) -> BasketWatch:
    return BasketWatch(
        pk=row.pk,
        ref=row.ref,
        state=State.ORDERED,
        state_at=order.placed_at,
        reason="" if row.way == OWN else ELSEWHERE,
        order_number=order.number,
        ordered_at=order.placed_at,
        order_total=sum_of(order.total),
        order_currency=order.total.currency[:3] if order.total else "",
        help_wanted_at=None,
        how="",
        look_at=order.placed_at,
    )


def _keys(order: Order) -> set[tuple[str, str]]:
    """Every way to one of its baskets."""
    basket, account, email = str(order.basket or ""), order.person.user_id or "", order.person.email or ""
    keys = {(way, basket) for way in LINEAGE if basket}
    if account:
        keys.add((ACCOUNT, account))
    if email:
        keys |= {(GUEST, email_hash(email)), (ADDRESS, normalise(EMAIL, email))}
    return keys


def _concerned(orders: Sequence[Order]) -> QuerySet[Any]:
    """One query made of several, each of which goes by its own index."""
    keys: dict[str, list[str]] = {}
    for way, key in sorted(set().union(*map(_keys, orders))):
        keys.setdefault(way, []).append(key)
    until = max(order.placed_at for order in orders)
    alive = BasketWatch.objects.exclude(state__in=OVER).filter(last_activity__lte=until)
    proven = Q(contact__identities__channel=EMAIL, contact__identities__verified_at__isnull=False)
    ways: dict[str, tuple[Any, str, Q]] = {
        OWN: (BasketWatch.objects, "ref", Q()),
        RESTORED: (BasketWatch.objects.exclude(state__in=OVER), "links__restored_into", Q()),
        ACCOUNT: (alive, "user_id_text", Q()),
        GUEST: (alive, "email_hash", Q()),
        ADDRESS: (alive, "contact__identities__value", proven),
    }
    parts = [
        rows.filter(condition, **{f"{field}__in": keys[way]})
        .order_by()
        .annotate(way=Value(way), key=F(field))
        .values_list("pk", "ref", "state", "reason", "last_activity", "order_number", "way", "key")
        for way, (rows, field, condition) in ways.items()
        if way in keys
    ]
    if not parts:
        return BasketWatch.objects.none()
    return parts[0].union(*parts[1:]) if parts[1:] else parts[0]
