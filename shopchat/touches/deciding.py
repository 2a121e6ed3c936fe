"""May it go out now? The one place where that is asked, for all kinds and all channels."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from shopchat.conversations.models import Conversation
from shopchat.touches import caps
from shopchat.touches.kinds import touch_kind
from shopchat.touches.models import Touch, TouchRules
from shopchat.touches.people import is_held_out
from shopchat.touches.quiet import quiet_until
from shopchat.touches.rules import rules_of
from shopchat.touches.suppressing import is_suppressed
from shopchat.touches.zones import zone_of

ONSITE = "onsite"
# Nobody knows when an operator will have answered.
ASK_AGAIN = timedelta(hours=1)
Class = Touch.Class


class Answer(Enum):
    """What becomes of a touch whose time has come."""

    GO = "go"
    DEFER = "defer"
    DROP = "drop"
    HOLD_OUT = "hold_out"


@dataclass(frozen=True)
class Verdict:
    """The answer; with ``DEFER`` also until when, with ``DEFER`` and ``DROP`` why. ``because``: what made it too late."""

    answer: Answer
    reason: str = ""
    until: datetime | None = None
    because: str = ""


def decide(touch: Touch, now: datetime) -> Verdict:
    """The verdict on a planned touch. Reads only; exact under the person's and the touch's lock."""
    if reason := unwanted(touch):
        return Verdict(Answer.DROP, reason)
    rules = rules_of(touch.inbox)
    last = touch.planned_for + timedelta(hours=rules.defer_hours)
    if now >= last:
        return Verdict(Answer.DROP, "too_late", because=touch.reason)
    if touch.touch_class != Class.SERVICE and _waits_for_an_answer(touch):
        return Verdict(Answer.DEFER, "complaint", until=min(now + ASK_AGAIN, last))
    if touch.touch_class == Class.MARKETING and is_held_out(touch.person, touch.rule, rules.holdout_percent):
        return Verdict(Answer.HOLD_OUT, "held_out")
    return _in_time(touch, rules, now, last) or Verdict(Answer.GO)


def unwanted(touch: Touch) -> str:
    """Why it is not to be made at all, whatever the hour; empty if it may be."""
    kind = touch_kind(touch.kind)
    if kind is None:
        return "unknown_kind"
    return kind.check(touch) or not_reachable(touch)


def not_reachable(touch: Touch) -> str:
    """Why nothing may go to its address; empty on the site, which needs none."""
    if touch.channel == ONSITE:
        return ""
    if touch.identity is None:
        return "no_address"
    if touch.identity.stopped_at is not None:
        return "stopped"
    return "suppressed" if is_suppressed(touch.channel, touch.identity.value) else ""


def _waits_for_an_answer(touch: Touch) -> bool:
    """Somebody who waits for an answer of ours is not approached with something else."""
    if touch.contact_id is None:
        return False
    return Conversation.objects.waiting().filter(contact=touch.contact_id).exists()


def _in_time(touch: Touch, rules: TouchRules, now: datetime, last: datetime) -> Verdict | None:
    if touch.touch_class == Class.MARKETING and (full := caps.full_until(touch.person, rules, now)):
        reason, until = full
        return _put_off(reason, until, last)
    if touch.channel != ONSITE:
        zone = zone_of(touch.contact, touch.inbox)
        if quiet := quiet_until(rules.quiet_from, rules.quiet_until, now=now, zone=zone):
            return _put_off("quiet", quiet, last)
    return None


def _put_off(reason: str, until: datetime | None, last: datetime) -> Verdict:
    if until is None or until >= last:
        return Verdict(Answer.DROP, "too_late", because=reason)
    return Verdict(Answer.DEFER, reason, until=until)
