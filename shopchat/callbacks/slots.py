"""What the shop can promise: slots with a free seat, "as soon as possible", and when a call may be repeated.

A slot has as many seats as calls can be made in it: ``calls_per_operator`` for each operator on phone duty whose hours
cover all of it. The pool is the whole shop's, because operators work for all its sites: whatever was promised anywhere
counts, also from the time when slots were longer. ``is_active`` of the rules is for whoever shows a form; what is
already promised must stay movable.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.operators.hours import MIDNIGHT, Hours, Span, common, hours_of, merged, moment, openings
from shopchat.operators.models import PRESENT_FOR, Operator, Schedule
from shopchat.operators.roster import on_phone_duty

VALUE = "%Y%m%dT%H%MZ"
HOUR = timedelta(hours=1)
ENOUGH = timedelta(minutes=15)  # in less than that nobody can be sure to call
DAY = timedelta(days=1)
MONTH = 30 * DAY


class NoSlot(Exception):
    """The slot cannot be promised."""


class SlotUnknown(NoSlot):
    """There is no such slot: nobody calls then, or it was never offered."""


class SlotPast(NoSlot):
    """It has begun, or begins too soon."""


class SlotFull(NoSlot):
    """Every seat is taken."""


@dataclass(frozen=True, order=True)
class Slot:
    """From when to when somebody can be called, and how many more."""

    begins_at: datetime
    ends_at: datetime
    free: int

    @property
    def value(self) -> str:
        """The slot in a form's field."""
        return f"{self.begins_at:{VALUE}}"


def free_slots(rules: CallbackRules, *, now: datetime, but: CallbackRequest | None = None) -> list[Slot]:
    """All that may be offered, in order. The seat of ``but`` counts as free: that request may keep or move it."""
    return [slot for slot in _planned(rules, now=now, but=but) if slot.free > 0]


def find(rules: CallbackRules, value: str, *, now: datetime, but: CallbackRequest | None = None) -> Slot:
    """The slot that a form names. Raises ``SlotUnknown``, ``SlotPast`` or ``SlotFull``."""
    begins_at = _read(value)
    if begins_at < now + timedelta(minutes=rules.lead_minutes):
        raise SlotPast
    slot = next((slot for slot in _planned(rules, now=now, but=but) if slot.begins_at == begins_at), None)
    if slot is None:
        raise SlotUnknown
    if slot.free < 1:
        raise SlotFull
    return slot


def book(request: CallbackRequest, slot: Slot, *, rules: CallbackRules, now: datetime) -> None:
    """Give the request a seat in the slot, and with it a new promise; a request not stored yet is stored.

    Whatever the slot was when it was looked at, it is looked at again here: raises ``SlotFull`` (or another ``NoSlot``).
    """
    with transaction.atomic():
        line_up()
        slot = find(rules, slot.value, now=now, but=request)
        request.slot_at, request.slot_until = slot.begins_at, slot.ends_at
        request.seat = _lowest_seat(request)
        request.is_asap = False
        request.due_at, request.promised_until = slot.begins_at, slot.ends_at
        fields = ["slot_at", "slot_until", "seat", "is_asap", "due_at", "promised_until"]
        request.save(update_fields=fields if request.pk else None)


def free(request: CallbackRequest) -> None:
    """Give the seat back, if there is one. What was promised stays promised."""
    request.slot_at = request.slot_until = request.seat = None
    request.save(update_fields=["slot_at", "slot_until", "seat"])


def asap_until(rules: CallbackRules, *, now: datetime, but: CallbackRequest | None = None) -> datetime | None:
    """When "as soon as possible" would end, ``None`` if it cannot be promised now.

    It takes an operator at the desk who is on phone duty until then, and fewer requests waiting for such a call than
    those operators make in a slot. ``but`` does not count among those who wait.
    """
    until = now + timedelta(minutes=rules.asap_minutes)
    shop = list(merged(openings(hours_of(rules.schedule), now, until)))
    if not _covers(shop, now, until):
        return None
    here = [operator for operator in on_phone_duty() if operator.seen_at and operator.seen_at > now - PRESENT_FOR]
    able = sum(count for covered, count in _duty(here, shop, now, until) if _covers(covered, now, until))
    waiting = _requests(but).waiting().filter(is_asap=True)
    return until if able and waiting.count() < able * rules.calls_per_operator else None


def answer_time(rules: CallbackRules, *, now: datetime) -> Slot | datetime | None:
    """The soonest promise: the moment by which somebody calls, else the first slot, else ``None``."""
    return asap_until(rules, now=now) or next(iter(free_slots(rules, now=now)), None)


def capacities(rules: CallbackRules, spans: Collection[Span]) -> dict[Span, int]:
    """How many calls can be made in each of these stretches, whatever was promised in them; 0 outside the hours."""
    if not spans:
        return {}
    first, last = min(begins for begins, _ends in spans), max(ends for _begins, ends in spans)
    shop = list(merged(openings(hours_of(rules.schedule), first, last)))
    duty = _duty(on_phone_duty(), shop, first, last)
    within = [span for span in spans if _covers(shop, *span)]
    seated = with_seats(within, duty=duty, calls=rules.calls_per_operator, taken=())
    return dict.fromkeys(spans, 0) | {(slot.begins_at, slot.ends_at): slot.free for slot in seated}


def next_moment(rules: CallbackRules, *, not_before: datetime, zone: str | None) -> Span | None:
    """When a repeated call may come: in the hours of calls and in the customer's day, for the length of a slot at most.

    ``zone`` is the customer's; an unknown one counts as the schedule's, and with ``None`` the hours of calls are all that
    counts. Answers ``None`` if the two do not meet within a month.
    """
    shop = hours_of(rules.schedule)
    customer = shop if zone is None else _customers_day(rules, zone)
    return first_stretch(shop, customer, not_before, timedelta(minutes=rules.slot_minutes))


def first_hour_of_next_day(rules: CallbackRules, *, after: datetime, zone: str | None) -> Span | None:
    """The same in the first hour of it from the customer's next day on, with ``None`` from the shop's."""
    shop = hours_of(rules.schedule)
    customer = shop if zone is None else _customers_day(rules, zone)
    tomorrow = moment(after.astimezone(customer.zone).date() + DAY, MIDNIGHT, customer.zone)
    return first_stretch(shop, customer, tomorrow, HOUR)


def window(rules: CallbackRules, hours: Hours, now: datetime) -> Span:
    """Between which moments slots may begin: from the notice to the end of the last day, by the schedule's clock."""
    last_day = now.astimezone(hours.zone).date() + rules.horizon_days * DAY
    return now + timedelta(minutes=rules.lead_minutes), moment(last_day + DAY, MIDNIGHT, hours.zone)


def lay_out(stretches: Iterable[Span], length: timedelta) -> Iterator[Span]:
    """Slots one after the other from the beginning of each stretch, whole ones only."""
    for begins, ends in stretches:
        count = (ends - begins) // length
        yield from ((begins + place * length, begins + (place + 1) * length) for place in range(count))


def with_seats(
    slots: Iterable[Span], *, duty: Sequence[tuple[Sequence[Span], int]], calls: int, taken: Sequence[Span]
) -> Iterator[Slot]:
    """How many seats of each are free. ``duty``: when how many operators call; ``taken``: the seats that are promised."""
    begun, ended = sorted(begins for begins, _ends in taken), sorted(ends for _begins, ends in taken)
    for begins, ends in slots:
        operators = sum(count for covered, count in duty if _covers(covered, begins, ends))
        overlapping = bisect_left(begun, ends) - bisect_right(ended, begins)
        yield Slot(begins, ends, max(operators * calls - overlapping, 0))


def customers_day(starts: time, ends: time, zone: ZoneInfo) -> Hours:
    """Every day of the week alike."""
    return Hours(zone, (((starts, ends),),) * 7)


def first_stretch(shop: Hours, customer: Hours, since: datetime, length: timedelta) -> Span | None:
    """The first stretch for a call that is long enough for one, else the first that there is; cut to the length."""
    found = None
    for begins, ends in callable_time(shop, customer, since):
        found = found or (begins, ends)
        if ends - begins >= min(length, ENOUGH):
            found = begins, ends
            break
    return found and (found[0], min(found[1], found[0] + length))


def callable_time(shop: Hours, customer: Hours, since: datetime) -> Iterator[Span]:
    """From ``since`` on, for a month, when the shop calls and the customer may be called."""
    until = since + MONTH
    both = common(merged(openings(shop, since, until)), merged(openings(customer, since, until)))
    return ((max(begins, since), ends) for begins, ends in both if ends > since)


def line_up() -> None:
    """Whoever promises a time waits here for whoever is promising one, until the end of the transaction.

    The database knows of two in one seat, but not that two seats of slots that begin at different moments overlap, as
    they do where sites have slots of different lengths, nor how many were promised to be called right away. Come here
    with a lock on the request at most, not on its conversation: whoever is before you may be waiting for that.
    """
    first = list(CallbackRules.objects.order_by("pk").values_list("pk", flat=True)[:1])
    CallbackRules.objects.filter(pk__in=first).update(is_active=F("is_active"))


def _planned(rules: CallbackRules, *, now: datetime, but: CallbackRequest | None) -> list[Slot]:
    """Every slot that is not too soon and not too far, full ones too."""
    hours = hours_of(rules.schedule)
    first, last = window(rules, hours, now)
    opened = list(openings(hours, first, last))
    return list(
        with_seats(
            [span for span in lay_out(opened, timedelta(minutes=rules.slot_minutes)) if first <= span[0] < last],
            duty=_duty(on_phone_duty(), list(merged(opened)), first, last + DAY),
            calls=rules.calls_per_operator,
            taken=_taken(first, last + DAY, but),
        )
    )


def _duty(
    operators: Iterable[Operator], shop: Sequence[Span], first: datetime, last: datetime
) -> list[tuple[Sequence[Span], int]]:
    """For each schedule of calls when it is open and how many operators have it; ``shop`` stands in for none."""
    counts = Counter(operator.call_schedule_id for operator in operators)
    schedules = {operator.call_schedule_id: operator.call_schedule for operator in operators}
    return [
        (shop if schedule is None else list(merged(openings(hours_of(schedule), first, last))), counts[pk])
        for pk, schedule in schedules.items()
    ]


def _covers(stretches: Sequence[Span], begins: datetime, ends: datetime) -> bool:
    """Whether one of the stretches, in order and apart, has all of it."""
    place = bisect_right(stretches, begins, key=lambda stretch: stretch[0]) - 1
    return place >= 0 and stretches[place][1] >= ends


def _taken(first: datetime, last: datetime, but: CallbackRequest | None) -> list[Span]:
    held = _requests(but).filter(seat__isnull=False, slot_at__lt=last, slot_until__gt=first)
    stretches = held.values_list("slot_at", "slot_until")
    return [(begins, ends) for begins, ends in stretches if begins is not None and ends is not None]


def _requests(but: CallbackRequest | None) -> CallbackRequestQuerySet:
    """All of the shop, without this one."""
    others = CallbackRequest.objects.all()
    return others if but is None or but.pk is None else others.exclude(pk=but.pk)


def _lowest_seat(request: CallbackRequest) -> int:
    taken = set(_requests(request).filter(slot_at=request.slot_at).values_list("seat", flat=True))
    return next(seat for seat in range(1, len(taken) + 2) if seat not in taken)


def _customers_day(rules: CallbackRules, zone: str) -> Hours:
    return customers_day(rules.day_starts_at, rules.day_ends_at, _zone(zone, rules.schedule))


def _zone(name: str, schedule: Schedule) -> ZoneInfo:
    """The customer's zone as their browser said it, which may be anything."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return ZoneInfo(schedule.time_zone)


def _read(value: str) -> datetime:
    try:
        return datetime.strptime(value, VALUE).replace(tzinfo=UTC)
    except ValueError as error:
        raise SlotUnknown from error
