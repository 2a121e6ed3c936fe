"""A customer, or the desk, changes what was asked for: another time, or no call at all."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from shopchat.callbacks import happenings
from shopchat.callbacks.choosing import choose, gone, is_chosen, promise
from shopchat.callbacks.happenings import happened
from shopchat.callbacks.limiting import count_move
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.refusing import NotWaiting, Rejected
from shopchat.callbacks.slots import NoSlot
from shopchat.operators.models import Operator
from shopchat.signals import callback_cancelled

State = CallbackRequest.State


def move(request: CallbackRequest, slot_value: str, *, now: datetime | None = None) -> CallbackRequest:
    """Another time, or as soon as possible (empty). The time that it has already changes nothing.

    What is promised stays movable where the shop has stopped to offer calls. Raises
    :class:`~shopchat.callbacks.refusing.Rejected`, also as :class:`~shopchat.callbacks.limiting.TooOften`, and
    :class:`~shopchat.callbacks.refusing.NotWaiting`.
    """
    now = now or timezone.now()
    rules = CallbackRules.objects.filter(inbox=request.inbox_id).select_related("schedule", "inbox").first()
    if rules is None:
        raise Rejected({"when": _("Other times cannot be chosen here. Please write to us in the chat.")})
    try:
        with transaction.atomic():
            _hold(request, now)
            if not is_chosen(request, slot_value):
                choice = choose(rules, slot_value, now=now, but=request)
                count_move(request.pk)
                promise(request, choice, rules=rules, now=now)
                happened(request, happenings.MOVED, at=now)
    except NoSlot as error:
        raise gone(rules, slot_value, error, now=now, but=request) from error
    return request


def cancel(request: CallbackRequest, *, by: Operator | None = None, now: datetime | None = None) -> CallbackRequest:
    """No call any more; the seat is free again. Of two at once one calls it off, the other hears :class:`NotWaiting`."""
    now = now or timezone.now()
    with transaction.atomic():
        _hold(request, now)
        CallbackRequest.objects.filter(pk=request.pk).update(
            state=State.CANCELLED, closed_at=now, open_phone=None, slot_at=None, slot_until=None, seat=None
        )
        request.refresh_from_db()
        happened(request, happenings.CANCELLED, at=now, operator=by)
        transaction.on_commit(
            lambda: callback_cancelled.send_robust(sender=CallbackRequest, request=request), robust=True
        )
    return request


def _hold(request: CallbackRequest, now: datetime) -> None:
    """Hold the row until the transaction ends, by a write, and read what it says. Raises :class:`NotWaiting`."""
    held = CallbackRequest.objects.waiting().filter(pk=request.pk).update(updated_at=now)
    request.refresh_from_db()
    if not held:
        raise NotWaiting(request)
