"""When we can call, as a form offers it: at once if somebody is there, else the free slots by day in the reader's zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.slots import Slot
from shopchat_widget.zones import NAME_MAX_LENGTH, offset_of, place_of, zone_named

ASAP, AT_A_TIME = "asap", "slot"
SHOWN = 1500  # of a shop that offers weeks in quarters of an hour


@dataclass(frozen=True)
class Wanted:
    """What is ticked in a form: ``when`` is ``asap`` or ``slot``, and each day has a choice of its own."""

    when: str = ""
    day: str = ""
    slot: str = ""
    zone: str = ""

    @classmethod
    def in_fields(cls, fields: Mapping[str, str]) -> "Wanted":
        """Read from what a form sent. Of several days' choices the shown day's counts."""
        day = fields.get("day", "")
        slot = fields.get(f"slot-{day}", "")
        return cls(fields.get("when", ""), day, slot, fields.get("zone", "")[:NAME_MAX_LENGTH])

    @property
    def is_complete(self) -> bool:
        """Whether somebody has chosen when to be called."""
        return self.when == ASAP or bool(self.slot)

    @property
    def value(self) -> str:
        """The choice as a request takes it: empty for as soon as possible; nothing ticked names no slot that there is."""
        return "" if self.when == ASAP else self.slot or "none"


@dataclass(frozen=True)
class Choice:
    """One slot of a day."""

    value: str
    text: str
    is_chosen: bool


@dataclass(frozen=True)
class Day:
    """A day with free slots. ``name`` is short, ``full`` for those who hear it."""

    value: str
    name: str
    full: str
    is_chosen: bool
    choices: list[Choice]


@dataclass(frozen=True)
class Offer:
    """All that the part "when" of a form shows. ``notice`` says what changed while it was open."""

    asap: str
    days: list[Day]
    at_a_time: bool
    zone: str
    zone_line: str
    summary: str
    notice: str

    @property
    def is_empty(self) -> bool:
        return not self.asap and not self.days


def offer(
    rules: CallbackRules,
    wanted: Wanted,
    *,
    now: datetime,
    but: CallbackRequest | None = None,
    instead: Slot | None = None,
) -> Offer:
    """What can be promised now, with what was ticked still ticked. ``instead``: a slot to choose for one that is gone.

    ``but`` is a request that moves: its own seat is free for it, and it has a time, so that "at once" is not offered.
    """
    shops = ZoneInfo(rules.schedule.time_zone)
    zone = zone_named(wanted.zone) or shops
    free = slots.free_slots(rules, now=now, but=but)[:SHOWN]
    asap = None if but else slots.asap_until(rules, now=now)
    chosen, notice = _chosen(wanted, free, asap, instead, zone, now)
    shown_day = _day(chosen, zone) if chosen else wanted.day
    return Offer(
        asap=_("by %(time)s") % {"time": clock(asap, zone)} if asap else "",
        days=_days(free, chosen, shown_day, zone, now),
        at_a_time=bool(free) and (asap is None or (wanted.when == AT_A_TIME) or chosen is not None),
        zone=wanted.zone if zone.key == wanted.zone else "",
        zone_line=zone_line(zone, shops, now),
        summary=_summary(asap, free, zone, now),
        notice=notice,
    )


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """``9:30`` in this zone."""
    return f"{moment.astimezone(zone):%-H:%M}"


def span(begins: datetime, ends: datetime, zone: ZoneInfo) -> str:
    """``9:30–10:00`` in this zone."""
    return f"{clock(begins, zone)}–{clock(ends, zone)}"


def day_name(day: date, today: date, *, full: bool = False) -> str:
    """Today, tomorrow, or the date: short for a button, else with the whole weekday."""
    days = (day - today).days
    if days in (0, 1):
        return _("Tomorrow") if days else _("Today")
    # After a day the month is declined in Slavic languages: "5 октября", never "5 Октябрь".
    month_day = formats.get_format("MONTH_DAY_FORMAT").replace("F", "E")
    return formats.date_format(day, f"l, {month_day}" if full else "D, j M")


def zone_line(zone: ZoneInfo, shops: ZoneInfo, now: datetime) -> str:
    """Whose clock the times are read from. The shop's zone is named where the reader's clock shows another time."""
    here, there = now.astimezone(zone), now.astimezone(shops)
    words = {"place": place_of(zone), "offset": offset_of(here), "shop": place_of(shops), "other": offset_of(there)}
    if here.utcoffset() == there.utcoffset():
        return _("Times of %(shop)s (%(other)s)") % words
    return _("Your times: %(place)s (%(offset)s). The shop is in %(shop)s (%(other)s).") % words


def _chosen(
    wanted: Wanted, free: list[Slot], asap: datetime | None, instead: Slot | None, zone: ZoneInfo, now: datetime
) -> tuple[Slot | None, str]:
    """The slot to tick, and what to say if it is not the one that was ticked."""
    if wanted.when == ASAP and asap is None and free:
        return free[0], _("Nobody can call at once any more. We have chosen the first free time: %(time)s.") % {
            "time": _told(free[0], zone, now)
        }
    if wanted.when != AT_A_TIME or not wanted.slot:
        return None, ""
    if (same := next((slot for slot in free if slot.value == wanted.slot), None)) is not None:
        return same, ""
    following = instead or next((slot for slot in free if slot.value > wanted.slot), free[0] if free else None)
    if following is None:
        return None, _("This time was taken meanwhile, and no other is free.")
    return following, _("This time was taken meanwhile. We have chosen the next free one: %(time)s.") % {
        "time": _told(following, zone, now)
    }


def _days(free: list[Slot], chosen: Slot | None, shown: str, zone: ZoneInfo, now: datetime) -> list[Day]:
    today = now.astimezone(zone).date()
    by_day = [(value, list(those)) for value, those in groupby(free, key=lambda slot: _day(slot, zone))]
    shown = shown if shown in dict(by_day) else next((value for value, _those in by_day), "")
    return [
        Day(
            value,
            day_name(date.fromisoformat(value), today),
            day_name(date.fromisoformat(value), today, full=True),
            value == shown,
            _choices(those, chosen, zone),
        )
        for value, those in by_day
    ]


def _choices(those: list[Slot], chosen: Slot | None, zone: ZoneInfo) -> list[Choice]:
    texts = [span(slot.begins_at, slot.ends_at, zone) for slot in those]
    return [
        Choice(
            slot.value,
            # The hour that a clock shows twice in autumn.
            f"{text} {offset_of(slot.begins_at.astimezone(zone))}" if texts.count(text) > 1 else text,
            chosen is not None and slot.value == chosen.value,
        )
        for slot, text in zip(those, texts, strict=True)
    ]


def _summary(asap: datetime | None, free: list[Slot], zone: ZoneInfo, now: datetime) -> str:
    """The soonest that we can honestly promise."""
    if asap:
        return _("Somebody can call you now.")
    if free:
        return _("Nobody can call at this moment. The first free time: %(time)s.") % {"time": _told(free[0], zone, now)}
    return ""


def _told(slot: Slot, zone: ZoneInfo, now: datetime) -> str:
    day = day_name(slot.begins_at.astimezone(zone).date(), now.astimezone(zone).date(), full=True)
    return f"{day}, {span(slot.begins_at, slot.ends_at, zone)}"


def _day(slot: Slot, zone: ZoneInfo) -> str:
    return slot.begins_at.astimezone(zone).date().isoformat()
