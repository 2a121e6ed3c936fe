"""Baskets of a shop in memory, and time that passes."""

from datetime import timedelta

from django.utils import timezone

from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketTransition, BasketWatch
from shopchat.stores.moving import Surroundings

State = BasketWatch.State
BROWSER = Surroundings(host="testserver", language="ru", currency="EUR", device="phone", source="ads", by_hand=True)
NOW = timezone.now().replace(microsecond=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def put(shop, product, *, at=NOW, where=BROWSER, quantity=2, **kwargs):
    """Somebody puts it into a new basket."""
    return shop.add_basket([shop.line(product, quantity)], last_activity=at, where=where, **kwargs)


def leave(shop, product, *, at=NOW, **kwargs):
    """The same, and an hour passes."""
    ref = put(shop, product, at=at, **kwargs)
    sweep(at + HOUR)
    assert watch_of(ref).state == State.ABANDONED
    return ref


def watch_of(ref):
    return BasketWatch.objects.get(ref=ref)


def steps(ref):
    return list(BasketTransition.objects.filter(watch__ref=ref).order_by("pk").values_list("to_state", flat=True))
