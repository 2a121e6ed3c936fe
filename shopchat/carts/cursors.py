"""How far the sweep has read in the store. It starts a little before its first run, never with the shop's past."""

from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Greatest

from shopchat.carts.models import SweepCursor

FIRST = timedelta(hours=2)


def cursor_of(store: str, at: datetime) -> SweepCursor:
    """Where the last run of this store's sweep has come to."""
    begin = at - FIRST
    defaults = {"idle_until": begin, "orders_until": begin}
    return SweepCursor.objects.get_or_create(store=store, defaults=defaults)[0]


def keep(cursor: SweepCursor) -> None:
    """So far this run has come. Never backwards: another one may have come further."""
    SweepCursor.objects.filter(pk=cursor.pk).update(
        idle_until=Greatest(F("idle_until"), cursor.idle_until),
        orders_until=Greatest(F("orders_until"), cursor.orders_until),
    )
