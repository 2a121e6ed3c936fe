"""What nobody would finish otherwise: rows held by a worker that died.

Of kinds that may be repeated, a row whose lease has ended is queued again. All others are marked unconfirmed: the provider
may have taken them.
"""

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from shopchat.conversations.claiming import MAX_ATTEMPTS, State
from shopchat.conversations.kinds import repeatable
from shopchat.conversations.models import Delivery


def sweep(*, now: datetime | None = None) -> int:
    """Let go of them; answers how many are left to a person."""
    at = now or timezone.now()
    lapsed = Delivery.objects.lapsed(at)
    again = Q(kind__in=repeatable(), attempts__lt=MAX_ATTEMPTS)
    let_go = {"reason": "worker_lost", "attempt": "", "lease_until": None, "updated_at": at}
    lapsed.filter(again).update(state=State.QUEUED, **let_go)
    return lapsed.filter(~again).update(state=State.UNCONFIRMED, **let_go)
