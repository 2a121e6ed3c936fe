"""To whom an order of a basket that had been left is owed. Three answers that are never summed up."""

from datetime import datetime, timedelta

from shopchat.carts.models import BasketWatch, CartRules

How = BasketWatch.How
# Of several baskets with one order the first of these has the credit.
RANK = {How.LINK: 0, How.ASSISTED: 1, How.ALONE: 2, "": 3}


def how_of(watch: BasketWatch, rules: CartRules) -> str:
    """How the order came about; empty where it is no recovery: the basket was not left before it."""
    left, ordered = watch.abandoned_at, watch.ordered_at
    if left is None or ordered is None or ordered < left:
        return ""
    if watch.restored_at is not None and left <= watch.restored_at <= ordered:
        return How.LINK
    window = timedelta(days=rules.attribution_days)
    if any(_counts(moment, ordered, window) for moment in (watch.contacted_at, watch.helped_at)):
        return How.ASSISTED
    return How.ALONE


def _counts(contact: datetime | None, ordered: datetime, window: timedelta) -> bool:
    return contact is not None and ordered - window <= contact <= ordered
