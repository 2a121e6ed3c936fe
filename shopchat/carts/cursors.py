"""How far the sweep has read in the store. It starts a little before its first run, never with the shop's past."""

from datetime import datetime, timedelta

from shopchat.carts.models import SweepCursor

FIRST = timedelta(hours=2)


def cursor_of(store: str, at: datetime) -> SweepCursor:
    """Where the last run of this store's sweep has come to."""
    begin = at - FIRST
    defaults = {"idle_until": begin, "orders_until": begin}
    return SweepCursor.objects.get_or_create(store=store, defaults=defaults)[0]


def go_on_to(cursor: SweepCursor, *, idle: datetime | None = None, orders: datetime | None = None) -> None:
    """Never backwards: another run may have come further."""
    for field, until in (("idle_until", idle), ("orders_until", orders)):
        if until is not None:
            behind = SweepCursor.objects.filter(pk=cursor.pk, **{f"{field}__lt": until})
            behind.update(**{field: until})
