"""Baskets that nobody touches and orders of late, read by an index however many there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, OuterRef, Q, Subquery
from oscar.core.loading import get_model

from shopchat.stores.base import BasketRef, Person
from shopchat.stores.customers import of_customers
from shopchat.stores.lines import IdleBasket
from shopchat.stores.oscar_finding import basket_pks
from shopchat.stores.oscar_rows import STATES, ref_of

LEFT = ("Open", "Frozen")
NOBODY = Person()


def find_idle(
    since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None, limit: int
) -> Sequence[IdleBasket]:
    """Begins with the lines of that time, by the index of ``date_updated``, and never looks at all baskets.

    A basket's last activity is its newest line. Of a basket whose lines share one moment the newest is the last made.
    """
    email = f"basket__owner__{get_user_model().get_email_field_name()}"
    facts = ("basket_id", "date_updated", "basket__status", "basket__date_created", "basket__owner", email)
    rows = _left_behind(since, until, after).values_list(*facts)
    return [
        IdleBasket(
            ref=ref_of(pk, created),
            last_activity=moment,
            state=STATES[status],
            person=Person(str(owner_id), address) if owner_id else NOBODY,
        )
        for pk, moment, status, created, owner_id, address in rows[:limit]
    ]


def _left_behind(since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None) -> Any:
    """What is asked about a line's other rows stands in subqueries for one value each. EXISTS and joins to many leave the
    database a choice, and where it expects many lines, or few, it chooses to walk through all baskets. The one basket of
    a line, and its one owner, are joined: there is no other way to them than by their keys."""
    lines = get_model("basket", "Line").objects
    rows = lines.filter(date_updated__range=(since, until))
    if after:
        moment, ref = after
        pk = next(iter(basket_pks([ref])), 0)
        rows = rows.filter(date_updated__gte=moment)
        rows = rows.filter(Q(date_updated__gt=moment) | Q(date_updated=moment, basket__gt=pk))
    theirs = lines.filter(basket=OuterRef("basket"))
    # A price that was not stored may be any; a gift alone is no basket to come back for.
    is_worth = Q(price_incl_tax__gt=0) | Q(price_excl_tax__gt=0) | Q(price_incl_tax=None, price_excl_tax=None)
    orders = get_model("order", "Order").objects.filter(basket=OuterRef("basket"))
    return (
        rows.alias(
            shopchat_newest=_one(theirs.order_by("-date_updated", "-pk"), "pk"),
            shopchat_worth=_one(theirs.filter(is_worth, quantity__gt=0).order_by(), "pk"),
            shopchat_order=_one(orders.order_by(), "pk"),
        )
        .filter(of_customers("basket__owner"), basket__status__in=LEFT, pk=F("shopchat_newest"), shopchat_order=None)
        .exclude(shopchat_worth=None)
        .order_by("date_updated", "basket_id")
    )


def _one(rows: Any, field: str) -> Subquery:
    return Subquery(rows.values(field)[:1])


def orders_since(since: datetime, after: tuple[datetime, str] | None) -> Any:
    """Rows, with all that an order's view looks at."""
    rows = get_model("order", "Order").objects.filter(date_placed__gte=since)
    if after:
        moment, number = after
        rows = rows.filter(date_placed__gte=moment)
        rows = rows.filter(Q(date_placed__gt=moment) | Q(date_placed=moment, number__gt=number))
    # Mostly there are none, and then nothing more is asked.
    return rows.prefetch_related("user", "basket", "lines", "discounts").order_by("date_placed", "number")
