"""Forgetting browsers that never said anything.

A first message that was refused, or whose answer never arrived, leaves a visitor and a contact behind.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from shopchat.contacts.models import Contact
from shopchat.visitors import holders
from shopchat.visitors.models import Visitor
from shopchat.visitors.recognition import START_VALID_SECONDS
from shopchat.visitors.revoking import revoke

# As long as a page may still come back with its start, and a day more.
KEPT_FOR = timedelta(seconds=START_VALID_SECONDS) + timedelta(days=1)
BATCH = 1000


def forget_silent(*, now: datetime | None = None) -> int:
    """Delete contacts without account, conversation and consent that are older than ``KEPT_FOR``, and their visitors.

    Does at most ``BATCH`` in one run and returns how many, so that a run never holds the database for long.
    """
    limit = (now or timezone.now()) - KEPT_FOR
    silent = Contact.objects.filter(user=None, conversations=None, consents=None)
    chosen = list(silent.filter(created_at__lt=limit).values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        keys = Visitor.objects.filter(contact__in=chosen).values_list("key_hash", flat=True)
        revoke(holders.of_visitor(key) for key in keys)
        Contact.objects.filter(pk__in=chosen, conversations=None, consents=None).delete()
    return len(chosen)
