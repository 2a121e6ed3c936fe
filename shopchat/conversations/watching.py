"""Whether the outbox is being looked after: for the doctor, and for the owner at the desk."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from shopchat.conversations.models import Conversation, Delivery
from shopchat.core.heartbeats import PERIODIC, SILENT_AFTER, is_silent, last_beat
from shopchat.inboxes.models import Inbox

STUCK_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Outlook:
    """The outbox in figures. ``waits_for`` is how long the oldest row that is due has been due."""

    due: int
    waits_for: timedelta
    held_by_the_dead: int
    failed: int
    unconfirmed: int

    @property
    def is_stuck(self) -> bool:
        return bool(self.held_by_the_dead) or self.waits_for > STUCK_AFTER


def outlook(*, now: datetime | None = None) -> Outlook:
    """How the outbox stands. One query."""
    at = now or timezone.now()
    due, seen = Q(state="queued", due_at__lte=at), Q(dismissed_at__isnull=False)
    figures = Delivery.objects.filter(state__in=["queued", "sending", "failed", "unconfirmed"]).aggregate(
        due=Count("pk", filter=due),
        since=Min("due_at", filter=due),
        held=Count("pk", filter=Q(state="sending", lease_until__lt=at - STUCK_AFTER)),
        failed=Count("pk", filter=Q(state="failed") & ~seen),
        unconfirmed=Count("pk", filter=Q(state="unconfirmed") & ~seen),
    )
    return Outlook(
        due=figures["due"],
        waits_for=at - figures["since"] if figures["since"] else timedelta(0),
        held_by_the_dead=figures["held"],
        failed=figures["failed"],
        unconfirmed=figures["unconfirmed"],
    )


def is_neglected(*, now: datetime | None = None) -> bool:
    """Whether nothing has done the periodic work for two minutes although something waits for it."""
    at = now or timezone.now()
    return is_silent(PERIODIC, now=at) and something_waits(at)


def something_waits(at: datetime) -> bool:
    """Whether a row has been due, or a customer has been waiting beyond the limit, for two minutes."""
    before = at - SILENT_AFTER
    overdue = Q(state="queued", due_at__lte=before) | Q(state="sending", lease_until__lte=before)
    if Delivery.objects.filter(overdue).exists():
        return True
    beat_at = last_beat(PERIODIC)
    for inbox in Inbox.objects.filter(alert_after_minutes__gt=0):
        limit = before - timedelta(minutes=inbox.alert_after_minutes)
        waiting = Conversation.objects.waiting().filter(inbox=inbox, waiting_since__lte=limit)
        # Those that were waiting too long already when the work was last done have been seen to.
        since = beat_at - timedelta(minutes=inbox.alert_after_minutes) if beat_at else limit - timedelta(days=1)
        if waiting.filter(waiting_since__gt=since).exists():
            return True
    return False
