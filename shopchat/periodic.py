"""Work that comes round by itself. Each run does all that is due, and doing it twice changes nothing."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from shopchat.callbacks.promises import watch
from shopchat.carts.abandonment import sweep
from shopchat.carts.hesitating import measure
from shopchat.carts.vouchers import withdraw_unused
from shopchat.conversations.alerts import alert_operators
from shopchat.conversations.delivery import send_due
from shopchat.conversations.mailing import mail_answers
from shopchat.conversations.tidying import forget_finished
from shopchat.core.heartbeats import PERIODIC, beat
from shopchat.core.jobs import has_queue, keep_running
from shopchat.privacy.retention import forget_baskets, forget_callbacks
from shopchat.touches.handing import hand_over_due
from shopchat.visitors.revoking import forget_past
from shopchat.visitors.tidying import forget_silent

logger = logging.getLogger(__name__)

# What finds lost wake-ups, and what people wait for when a worker died.
MINUTES = 1
WORK: Mapping[str, Callable[[], int]] = {
    "silent visitors forgotten": forget_silent,
    "past revocations forgotten": forget_past,
    "finished deliveries forgotten": forget_finished,
    "people of past callbacks forgotten": forget_callbacks,
    "people of past baskets forgotten": forget_baskets,
    "promises of callbacks watched": watch,
    "operators alerted": alert_operators,
    "unread answers to be mailed": mail_answers,
    # Before touches: what has become an order gets none.
    "baskets looked after": sweep,
    "times to decide measured": measure,
    "unused vouchers withdrawn": withdraw_unused,
    "touches handed over": hand_over_due,
    "deliveries sent": send_due,
}


def tick() -> dict[str, int]:
    """Do everything that is due; answers how many of each. One piece that fails does not keep the others from running."""
    done = {}
    beat(PERIODIC)
    for name, work in WORK.items():
        try:
            done[name] = work()
        except Exception as error:
            # Without the error's text, which may quote a customer.
            logger.error("Periodic work failed: %s (%s)", name, type(error).__name__)  # noqa: TRY400
    return done


def plan(**kwargs: Any) -> None:
    """After ``migrate``: let the worker, where there is one, call :func:`tick`."""
    if has_queue():
        keep_running("shopchat.periodic.tick", name="shopchat", minutes=MINUTES)
