"""Who hesitates: whoever takes longer than nine of ten of the shop's own customers took to order what is in their basket.

Measured once a day for each site that wants to know, from its own latest orders. Where there are too few of them, somebody
hesitates once their basket is idle.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from shopchat.carts.models import BasketWatch, CartRules, DecisionTime
from shopchat.carts.rules import idle_after, rules_of

State = BasketWatch.State
# Of those who ordered so many had done so in time. A whole number: 0.9 of 30 is 27, which floats do not say.
PERCENT = 90
FEWEST, MOST = 30, 5000
LATEST = timedelta(days=90)
MEASURED = timedelta(days=1)
# Whoever has just put something in is not asked, however quick the others are.
SHORTEST = timedelta(minutes=2)


def measure(now: datetime | None = None) -> int:
    """Measure anew where that is due. Answers for how many sites; one query for none."""
    now = now or timezone.now()
    asked = CartRules.objects.filter(hesitation=True).exclude(onsite=CartRules.Onsite.OFF)
    due = asked.filter(Q(inbox__decision_time=None) | Q(inbox__decision_time__measured_at__lte=now - MEASURED))
    inboxes = list(due.values_list("inbox", flat=True))
    for inbox in inboxes:
        spans = _spans(inbox, now)
        measured = {"seconds": percentile(spans), "orders": len(spans), "measured_at": now}
        DecisionTime.objects.update_or_create(inbox_id=inbox, defaults=measured)
    return len(inboxes)


def percentile(spans: Sequence[int]) -> int:
    """Within how many seconds nine of ten of these were over; 0 for none."""
    return sorted(spans)[math.ceil(len(spans) * PERCENT / 100) - 1] if spans else 0


def seconds_left(watch: BasketWatch, now: datetime) -> int:
    """After how many seconds its customer hesitates, 0 if they do; for a basket that is being filled.

    No query where the rules and ``decision_time`` of ``watch.inbox`` were read with it.
    """
    left = watch.last_activity + _decided_after(watch) - now
    return max(0, math.ceil(left.total_seconds()))


def _decided_after(watch: BasketWatch) -> timedelta:
    idle = idle_after(rules_of(watch.inbox))
    measured: DecisionTime | None = getattr(watch.inbox, "decision_time", None)
    if measured is None or measured.orders < FEWEST:
        return idle
    return min(max(timedelta(seconds=measured.seconds), SHORTEST), idle)


def _spans(inbox: int, now: datetime) -> list[int]:
    """Seconds from the last change to the order of that very basket, of the latest orders. By the index of states."""
    ordered = BasketWatch.objects.filter(state=State.ORDERED, last_activity__gte=now - LATEST, inbox=inbox, reason="")
    pairs = ordered.order_by("-last_activity").values_list("last_activity", "ordered_at")[:MOST]
    return [int((end - begin).total_seconds()) for begin, end in pairs if end and begin <= end]
