"""The periodic run: each planned touch whose time has come is decided upon, and given to the outbox or put off or dropped.

Two runs share the work. The outbox asks once more, when it holds the delivery: :func:`still_wanted`.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from shopchat.conversations.delivery import enqueue
from shopchat.conversations.models import Delivery
from shopchat.touches.deciding import ONSITE, Answer, Verdict, decide, not_reachable
from shopchat.touches.models import Touch
from shopchat.touches.people import line_up
from shopchat.touches.settling import settle

logger = logging.getLogger(__name__)

# After a long silence of the worker the rest is the next run's.
BATCH = 500
AFTER_AN_ERROR = timedelta(minutes=10)


def hand_over_due(now: datetime | None = None) -> int:
    """Decide upon all touches that are due, the longest due first. Answers how many went to the outbox."""
    at = now or timezone.now()
    return sum(_hand_over_safely(touch, at) for touch in Touch.objects.due(at).select_related("inbox")[:BATCH])


def still_wanted(delivery: Delivery) -> str:
    """Why the touch that this delivery makes is not to be made any more, for the ``check`` of its kind; empty if it is.

    Called inside the outbox's claim. Waits for whoever is calling the touch off: an order that is being committed wins.
    """
    touch = Touch.objects.select_for_update().filter(delivery=delivery.pk).first()
    if touch is None:
        return "no_touch"
    if touch.called_off_at is not None:
        return touch.reason if touch.state == Touch.State.CANCELLED else "called_off"
    if reason := not_reachable(touch):
        settle(touch, Verdict(Answer.DROP, reason), timezone.now())
        return reason
    if touch.left_at is None:
        touch.left_at = timezone.now()
        touch.save(update_fields=["left_at"])
    return ""


def _hand_over_safely(touch: Touch, at: datetime) -> bool:
    try:
        return _hand_over(touch, at)
    except Exception as error:
        # Without the error's text, which may quote a customer.
        logger.error("Touch %s: handing over failed (%s)", touch.pk, type(error).__name__)  # noqa: TRY400
        Touch.objects.planned().filter(pk=touch.pk).update(due_at=at + AFTER_AN_ERROR)
        return False


def _hand_over(seen: Touch, at: datetime) -> bool:
    with transaction.atomic():
        line_up(seen.person, seen.inbox)
        # By the key alone, and only then by what else must hold.
        touch = Touch.objects.select_for_update().get(pk=seen.pk)
        if touch.state != Touch.State.PLANNED or touch.due_at > at:
            return False
        verdict = decide(touch, at)
        if verdict.answer is Answer.GO and touch.channel == ONSITE:
            return False
        if verdict.answer is Answer.GO:
            touch.delivery = _enqueue(touch)
            touch.save(update_fields=["delivery"])
        settle(touch, verdict, at)
    return verdict.answer is Answer.GO


def _enqueue(touch: Touch) -> Delivery:
    return enqueue(purpose=touch.purpose, kind=touch.kind, channel=touch.channel, identity=touch.identity)
