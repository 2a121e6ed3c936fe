"""*When*: what a customer chose, and whether it can be promised."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.refusing import Rejected
from shopchat.callbacks.slots import NoSlot, Slot, SlotFull, SlotPast

AS_SOON_AS_POSSIBLE = ""


@dataclass(frozen=True)
class Choice:
    """A slot or, without one, as soon as possible until the moment ``until``."""

    slot: Slot | None
    until: datetime


def choose(rules: CallbackRules, value: str, *, now: datetime, but: CallbackRequest | None = None) -> Choice:
    """What a form's field ``when`` names: a slot's value, or empty for as soon as possible. ``but`` may keep its seat.

    Raises :class:`Rejected` with the next free slot.
    """
    try:
        if value != AS_SOON_AS_POSSIBLE:
            slot = slots.find(rules, value, now=now, but=but)
            return Choice(slot, slot.ends_at)
    except NoSlot as error:
        raise gone(rules, value, error, now=now, but=but) from error
    until = slots.asap_until(rules, now=now, but=but)
    if until is None:
        raise gone(rules, value, SlotFull(), now=now, but=but)
    return Choice(None, until)


def promise(request: CallbackRequest, choice: Choice, *, rules: CallbackRules, now: datetime) -> None:
    """Give the request its new promise and store it. Raises ``NoSlot`` if somebody was faster.

    Call it in a transaction that has no lock on a conversation yet: whoever books waits here for whoever is booking.
    """
    if not request.attempts_made and request.missed_at is None:
        # The customer's own choice is no promise broken.
        request.first_promised_until = choice.until
        if request.pk:
            request.save(update_fields=["first_promised_until"])
    if choice.slot is not None:
        slots.book(request, choice.slot, rules=rules, now=now)
    else:
        _promise_right_away(request, rules, now)


def gone(
    rules: CallbackRules, value: str, error: NoSlot, *, now: datetime, but: CallbackRequest | None = None
) -> Rejected:
    """What to tell about a slot that cannot be had, with the next one that can."""
    if value == AS_SOON_AS_POSSIBLE:
        says = _("Nobody can call right away at the moment.")
    elif isinstance(error, SlotFull):
        says = _("This time has just been taken.")
    elif isinstance(error, SlotPast):
        says = _("This time is past or too soon.")
    else:
        says = _("Nobody can call at this time.")
    return _rejected(rules, value, says, now=now, but=but)


def is_chosen(request: CallbackRequest, value: str) -> bool:
    """Whether that is what the request has already."""
    if value == AS_SOON_AS_POSSIBLE:
        return request.is_asap
    return request.slot_at is not None and f"{request.slot_at:{slots.VALUE}}" == value


def _promise_right_away(request: CallbackRequest, rules: CallbackRules, now: datetime) -> None:
    """As :func:`shopchat.callbacks.slots.book` does it for a slot: looked at again where nobody else can be promised."""
    with transaction.atomic():
        slots.line_up()
        until = slots.asap_until(rules, now=now, but=request if request.pk else None)
        if until is None:
            raise SlotFull
        request.slot_at = request.slot_until = request.seat = None
        request.is_asap, request.due_at, request.promised_until = True, now, until
        fields = ["slot_at", "slot_until", "seat", "is_asap", "due_at", "promised_until"]
        request.save(update_fields=fields if request.pk else None)


def _rejected(rules: CallbackRules, value: str, says: str, *, now: datetime, but: CallbackRequest | None) -> Rejected:
    free = slots.free_slots(rules, now=now, but=but)
    if not free:
        remedy = _("No other time is free in the next days. Please write to us in the chat.")
        return Rejected({"when": f"{says} {remedy}"})
    remedy = _("The next free one is chosen below; choose another if it does not suit.")
    later = (slot for slot in free if slot.value >= value)
    return Rejected({"when": f"{says} {remedy}"}, free=next(later, free[0]))
