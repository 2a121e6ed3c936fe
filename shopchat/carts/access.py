"""Who may see which baskets. Every list, page and count at the desk starts here."""

from typing import Any

from shopchat.carts.models import BasketWatch
from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.operators.roster import may_answer


def for_operator(user: Any) -> BasketWatchQuerySet:
    """What this user may see: every basket, or nothing without the permission to answer customers."""
    return BasketWatch.objects.all() if may_answer(user) else BasketWatch.objects.none()
