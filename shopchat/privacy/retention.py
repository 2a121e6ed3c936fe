"""Forgetting in time: what is over keeps its person for as long as its site's rules say.

For callback requests and for baskets each. 0 keeps them for ever; a site without rules has the usual number of days.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.carts.states import OVER
from shopchat.privacy.emptying import empty, empty_baskets

BATCH = 1000
# A basket that is left alone may stay so for ever.
ENDED = [state for state in (*OVER, BasketWatch.State.SUPPRESSED) if state != BasketWatch.State.ERASED]


def forget_callbacks(*, now: datetime | None = None) -> int:
    """Empty finished requests, at most ``BATCH`` in one run. Returns how many."""
    past, latest = _past(CallbackRules, "closed_at", now or timezone.now())
    # By the index of what is still to be emptied: nothing younger than the shortest time is looked at.
    kept = CallbackRequest.objects.filter(erased_at=None, closed_at__lt=latest)
    finished = kept.exclude(state=CallbackRequest.State.WAITING).filter(past).order_by("closed_at")
    chosen = list(finished.values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        return empty(CallbackRequest.objects.filter(pk__in=chosen), at=now or timezone.now())


def forget_baskets(*, now: datetime | None = None) -> int:
    """Empty baskets that are over, at most ``BATCH`` in one run. Returns how many."""
    past, latest = _past(CartRules, "state_at", now or timezone.now())
    # By the index of states: what ended so long ago was touched no later.
    ended = BasketWatch.objects.filter(state__in=ENDED, last_activity__lt=latest).filter(past)
    chosen = list(ended.order_by("last_activity").values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        return empty_baskets(BasketWatch.objects.filter(pk__in=chosen), at=now or timezone.now())


def _past(rules: type[CallbackRules] | type[CartRules], ended: str, now: datetime) -> tuple[Q, datetime]:
    """What has been over for longer than ``retention_days`` of its site, and the latest moment at which such ended."""
    days = dict(rules._default_manager.values_list("inbox", "retention_days"))
    usual = int(rules._meta.get_field("retention_days").default)
    others = now - timedelta(days=usual)
    past = Q(**{f"{ended}__lt": others}) & ~Q(inbox__in=list(days))
    limits = {inbox: now - timedelta(days=count) for inbox, count in days.items() if count}
    for inbox, limit in limits.items():
        past |= Q(inbox=inbox, **{f"{ended}__lt": limit})
    return past, max([*limits.values(), others])
