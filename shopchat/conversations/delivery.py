"""The outbox: what leaves the shop is first a row, written in the transaction that causes it, and then sent from there.

``enqueue`` writes the row. ``send_due`` sends what is due; any number of workers may run it at once, and it may be killed
at any moment. The order is: find out what takes long (no transaction), claim the row with a lease and ask whether it is
still wanted (one), build and hand it to the channel (none), write down how that ended if the lease still holds (one
statement). Docs:
``explanation/deliveries``.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from shopchat.channels.base import ChannelError, Outgoing
from shopchat.channels.known import channel
from shopchat.contacts.models import Identity
from shopchat.conversations import circuits
from shopchat.conversations.claiming import State, claim, put_back, release, settle, stumbled
from shopchat.conversations.kinds import Kind, kind_of
from shopchat.conversations.models import Conversation, Delivery, Message
from shopchat.conversations.sweeping import sweep
from shopchat.core.jobs import enqueue_later
from shopchat.operators.models import Operator

logger = logging.getLogger(__name__)

SEND_DUE = "shopchat.conversations.delivery.send_due"
LIMIT = 500
# A worker's time for one job is bounded (Q_CLUSTER["timeout"]); what is left over is the next job's.
SECONDS = 20.0
BATCH = 20


def enqueue(
    *,
    purpose: str,
    kind: str,
    channel: str,
    conversation: Conversation | None = None,
    message: Message | None = None,
    operator: Operator | None = None,
    identity: Identity | None = None,
    due_at: datetime | None = None,
) -> Delivery:
    """The row with this ``purpose``; it is made if there is none yet. Part of the caller's transaction.

    ``purpose`` names what is sent, to whom and on which occasion. Rows to the same person in the same conversation and
    channel leave in the order in which they were made; make them under the conversation's lock where that matters.
    """
    known = kind_of(kind)
    if known is None:
        raise LookupError(f"nobody has registered the kind {kind!r}")
    now = timezone.now()
    due = due_at or now
    fields: dict[str, Any] = {"kind": kind, "channel": channel, "conversation": conversation, "message": message}
    fields |= {"operator": operator, "identity": identity, "lane": _lane(channel, conversation, operator, identity)}
    times = {"due_at": due, "retry_until": due + known.retry_for, "created_at": now, "updated_at": now}
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = Delivery.objects.create(purpose=purpose, **fields, **times)
        except IntegrityError:
            return Delivery.objects.get(purpose=purpose)
        if due <= now:
            enqueue_later(SEND_DUE)
    return row


def send_due(limit: int = LIMIT, seconds: float = SECONDS) -> int:
    """Send what is due, the longest due first; answers how many a channel took. Asks for another run if time is up."""
    sweep()
    until = monotonic() + seconds
    sent = 0
    for tried, pk in enumerate(_due(), start=1):
        sent += _send(pk)
        if tried >= limit or monotonic() >= until:
            enqueue_later(SEND_DUE)
            break
    return sent


def _due() -> Iterator[int]:
    """Ids of rows to try, each once. Looks again after each handful: what waited for its turn may have it now."""
    tried: set[int] = set()
    while True:
        now = timezone.now()
        rows = Delivery.objects.due(now).first_of_lane().exclude(channel__in=circuits.resting(now))
        batch = list(rows.exclude(pk__in=tried).order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH])
        if not batch:
            return
        tried.update(batch)
        yield from batch


def _send(pk: int) -> bool:
    """One row from claim to result. Whether a channel took it."""
    try:
        claimed = claim(pk)
    except Exception as error:
        _complain("asking whether it is still wanted", pk, error)
        stumbled(pk)
        return False
    if claimed is None:
        return False
    delivery, kind = claimed
    if not circuits.may_try(delivery.channel, timezone.now()):
        release(delivery)
        return False
    return _hand_over(delivery, kind)


def _hand_over(delivery: Delivery, kind: Kind) -> bool:
    try:
        way = channel(delivery.channel)
        outgoing = _build(delivery, kind)
    except Exception as error:
        _complain("building", delivery.pk, error)
        put_back(delivery, reason="broken")
        return False
    try:
        sent = way.send(outgoing)
    except ChannelError as error:
        _not_taken(delivery, error)
        return False
    except Exception as error:
        # An adapter promises not to; so nobody knows how far it came.
        _complain("sending", delivery.pk, error)
        _not_taken(delivery, ChannelError("broken", ambiguous=True))
        return False
    settle(delivery, State.SENT, provider_id=sent.provider_id)
    circuits.worked(delivery.channel)
    return True


def _build(delivery: Delivery, kind: Kind) -> Outgoing:
    """With a key that is the same for each attempt, and another after somebody had it sent again by hand."""
    return replace(kind.build(delivery), key=f"shopchat.{delivery.pk}.{delivery.resends}")


def _not_taken(delivery: Delivery, error: ChannelError) -> None:
    if error.permanent:
        settle(delivery, State.FAILED, reason=error.code)
    elif error.ambiguous:
        settle(delivery, State.UNCONFIRMED, reason=error.code)
    else:
        put_back(delivery, reason=error.code, retry_after=error.retry_after)
    if error.permanent or error.recipient_only:
        circuits.worked(delivery.channel)
    else:
        circuits.failed(delivery.channel, timezone.now())


def _lane(channel: str, conversation: Conversation | None, operator: Operator | None, identity: Identity | None) -> str:
    """Whose turn it is, is asked among rows to the same person; an operator's full mailbox keeps no customer waiting."""
    if conversation is None:
        return ""
    to = f"operator{operator.pk}" if operator else f"identity{identity.pk}" if identity else ""
    return f"{channel}:{conversation.pk}:{to}"


def _complain(doing: str, pk: int, error: Exception) -> None:
    # Without the error's text, which may quote an address or a customer.
    logger.error("Delivery %s: %s failed (%s)", pk, doing, type(error).__name__)
