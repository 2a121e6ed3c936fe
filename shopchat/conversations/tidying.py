"""Forgetting deliveries that are over.

A row's purpose keeps the same thing from being sent twice, so it stays for as long as anybody may ask for it again: alerts
and news of an answer for days, mails that ask for a confirmation for as long as they are counted.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from shopchat.conf import settings
from shopchat.conversations.models import Delivery
from shopchat.core.ratelimits import allowance

KEPT_FOR = timedelta(days=90)
BATCH = 1000


def forget_finished(*, now: datetime | None = None) -> int:
    """Delete deliveries that nobody needs any more. Returns how many, at most ``BATCH``."""
    _count, counted_for = allowance(settings.RATE_LIMITS["confirmation_mails"])
    # By ``due_at``, which has the index; nothing is due before it was asked for.
    past = Delivery.objects.finished().filter(due_at__lt=(now or timezone.now()) - max(KEPT_FOR, counted_for))
    return Delivery.objects.filter(pk__in=list(past.values_list("pk", flat=True)[:BATCH])).delete()[0]
