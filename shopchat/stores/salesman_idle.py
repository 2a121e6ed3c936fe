"""Baskets that nobody touches and orders of late."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, Case, CharField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast
from salesman.core.utils import get_salesman_model

from shopchat.stores.base import BasketRef, Person, State
from shopchat.stores.customers import of_customers
from shopchat.stores.lines import IdleBasket
from shopchat.stores.salesman_finding import marked_orders, orders, pk_of
from shopchat.stores.salesman_rows import NEW, parts_of, ref_of


def find_idle(
    since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None, limit: int
) -> Sequence[IdleBasket]:
    """A basket's last activity is its newest item; of items that share one moment, the last made.

    Prices are made by the shop's code, so that a basket of free things is found, too. One that was changed again after an
    order in the same span of time is not: its change was told.
    """
    email = f"basket__user__{get_user_model().get_email_field_name()}"
    facts = ("basket_id", "basket__date_created", "basket__user_id", email, "date_updated", "shopchat_paying")
    return [
        IdleBasket(
            ref=ref_of(pk, created),
            last_activity=moment,
            state=State.IN_PAYMENT if is_paying else State.OPEN,
            person=Person(str(user_id or ""), address),
        )
        for pk, created, user_id, address, moment, is_paying in _left_behind(since, until, after).values_list(*facts)[
            :limit
        ]
    ]


def _left_behind(since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None) -> Any:
    items = get_salesman_model("BasketItem").objects
    rows = items.filter(of_customers("basket__user"), date_updated__range=(since, until), quantity__gt=0)
    if after:
        moment, ref = after
        pk = pk_of(get_salesman_model("Basket"), (parts_of(ref) or ("",))[0])
        rows = rows.filter(Q(date_updated__gt=moment) | Q(date_updated=moment, basket__gt=pk))
    theirs = items.filter(basket=OuterRef("basket"), quantity__gt=0).order_by("-date_updated", "-pk")
    # Each set of orders is read once, not once for each basket.
    made = marked_orders(since).exclude(shopchat_basket=None).values("shopchat_basket")
    placed, begun = made.exclude(status=NEW), made.filter(status=NEW)
    return (
        rows.alias(
            shopchat_newest=Subquery(theirs.values("pk")[:1]), shopchat_pk=Cast("basket_id", CharField(max_length=64))
        )
        .filter(pk=F("shopchat_newest"))
        .exclude(shopchat_pk__in=placed)
        .annotate(
            shopchat_paying=Case(
                When(shopchat_pk__in=begun, then=Value(True)), default=Value(False), output_field=BooleanField()
            )
        )
        .order_by("date_updated", "basket_id")
    )


def orders_since(since: datetime, after: tuple[datetime, str] | None) -> Any:
    """Rows, with all that an order's view looks at."""
    rows = orders().filter(date_created__gte=since)
    if after:
        moment, number = after
        rows = rows.filter(Q(date_created__gt=moment) | Q(date_created=moment, ref__gt=number))
    return rows.order_by("date_created", "ref")
