"""Taking live tickets back: at a log-out, and when a browser's key dies.

A ticket is checked without session or database, so it does not notice that the session behind it is gone. Therefore it
names its holders, and a holder that is revoked has a stamp that moves like any other topic: streams hear of it by the bus,
polls read it together with their other stamps.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError, transaction
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone

from shopchat.live.moving import move
from shopchat.live.sources import register_feed, register_source
from shopchat.live.tickets import REVOKED, VALID_SECONDS
from shopchat.visitors import holders
from shopchat.visitors.models import Revocation

# A request that was under way during the log-out may still give out a ticket for what is gone.
AFTERWARDS_SECONDS = 60
KEPT_FOR = timedelta(seconds=VALID_SECONDS + AFTERWARDS_SECONDS) + timedelta(minutes=4)
BATCH = 5000
logger = logging.getLogger(__name__)


def revoke(gone: Iterable[str]) -> None:
    """From now on tickets that were given to any of these holders are dead. Empty ones are passed over."""
    named = sorted({holder for holder in gone if holder})
    now = timezone.now()
    with transaction.atomic():
        Revocation.objects.bulk_create(Revocation(holder=holder, revoked_at=now) for holder in named)
        move([f"{REVOKED}.{holder}" for holder in named])


def forget_past(*, now: datetime | None = None) -> int:
    """Delete revocations that no ticket can be old enough for. Returns how many, at most ``BATCH``."""
    past = Revocation.objects.filter(revoked_at__lt=(now or timezone.now()) - KEPT_FOR)
    return Revocation.objects.filter(pk__in=list(past.values_list("pk", flat=True)[:BATCH])).delete()[0]


def register() -> None:
    """Teach the live layer where revocations are, and hear of log-ins and log-outs."""
    register_source(REVOKED, _stamps)
    register_feed(_moved)
    user_logged_out.connect(_logged_out, dispatch_uid="shopchat")
    user_logged_in.connect(_logged_in, dispatch_uid="shopchat")


def _stamps(topics: Sequence[str]) -> Mapping[str, str]:
    named = [topic.partition(".")[2] for topic in topics]
    return _latest(Revocation.objects.filter(holder__in=named))


def _moved(since: datetime) -> Mapping[str, str]:
    return _latest(Revocation.objects.filter(revoked_at__gte=since))


def _latest(found: Any) -> Mapping[str, str]:
    latest = found.order_by().values_list("holder").annotate(at=Max("revoked_at"))
    return {f"{REVOKED}.{holder}": str(_until(holder, at)) for holder, at in latest}


def _until(holder: str, revoked_at: datetime) -> int:
    """Tickets issued up to this second are dead. An account comes back, a session or a key never does."""
    comes_back = holder.startswith((f"{holders.ACCOUNT}.", f"{holders.OPERATOR}."))
    return int(revoked_at.timestamp()) + (0 if comes_back else AFTERWARDS_SECONDS)


def _logged_out(sender: object, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Sent before the session is emptied, so its key can still be read."""
    if user is None:
        return
    this = holders.of_session(getattr(request, "session", None))
    # Without a key of its own the log-in cannot be told from the account's others: they all ask for new tickets.
    _safely([this] if this else [holders.of_account(user), holders.of_operator(user)])


def _logged_in(sender: object, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """The session has a new key by now; whoever was signed in under the old one, here, no longer is."""
    before = getattr(request, "COOKIES", {}).get(settings.SESSION_COOKIE_NAME, "")
    session = getattr(request, "session", None)
    if before and not holders.lives_in_its_cookie(session) and before != getattr(session, "session_key", None):
        _safely([holders.of_session_key(before)])


def _safely(gone: Sequence[str]) -> None:
    """Revoke. A table that cannot be written keeps nobody from signing out: the tickets then live for their minutes."""
    try:
        revoke(gone)
    except DatabaseError as error:
        logger.error("Live tickets could not be revoked (%s)", type(error).__name__)  # noqa: TRY400
