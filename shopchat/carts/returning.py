"""The customer of a basket that was left is on the site again."""

from datetime import datetime

from shopchat.carts import states
from shopchat.carts.models import BasketWatch

State = BasketWatch.State
AWAY = (State.ABANDONED, State.CONTACTED, State.SUPPRESSED)


def note_return(watch: BasketWatch, now: datetime) -> bool:
    """They came back to a basket that was left. Returns whether that was news.

    Nothing that is planned is called off by it: whoever only looks has not changed the basket.
    """
    return watch.state in AWAY and states.move(watch, State.RETURNED, at=now, returned_at=now)
