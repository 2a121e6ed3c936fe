"""Who plans something for baskets that were left: asked for each, in the transaction in which it becomes left."""

from collections.abc import Callable
from datetime import datetime

from shopchat.carts.models import BasketWatch

Plan = Callable[[BasketWatch, datetime], object]

_plans: list[Plan] = []


def register_plan(plan: Plan) -> Plan:
    """Have ``plan(watch, now)`` called for each basket that is left from now on. Registering it again changes nothing.

    The watch comes with its site and the site's rules. What it raises undoes the transition of the whole batch.
    """
    if plan not in _plans:
        _plans.append(plan)
    return plan


def forget_plan(plan: Plan) -> None:
    """It is not called any more."""
    if plan in _plans:
        _plans.remove(plan)


def make_plans(watch: BasketWatch, now: datetime) -> None:
    """The basket was left: let everybody plan."""
    for plan in _plans:
        plan(watch, now)
