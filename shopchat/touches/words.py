"""Why a touch was not made, or not yet, in words that staff can read."""

from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from shopchat.conversations.reasons import why
from shopchat.touches.kinds import Words, touch_kind
from shopchat.touches.models import Touch

# Codes of the ledger itself; a kind has its own beside them. For kinds of the outbox too: see ``handing.still_wanted``.
REASONS: dict[str, Words] = {
    "cap_day": gettext_lazy("had advertising within the last 24 hours"),
    "cap_week": gettext_lazy("had as much advertising as allowed in 7 days"),
    "quiet": gettext_lazy("quiet hours where the customer lives"),
    "complaint": gettext_lazy("the customer is waiting for an answer in the chat"),
    "held_out": gettext_lazy("left alone for comparison"),
    "suppressed": gettext_lazy("the address is on the list of those who get nothing"),
    "stopped": gettext_lazy("the customer wants no mail"),
    "no_address": gettext_lazy("no address"),
    "no_basis": gettext_lazy("no consent or other lawful basis on record"),
    "too_late": gettext_lazy("too late to be of use"),
    "ordered": pgettext_lazy("basket", "ordered"),
    "changed": gettext_lazy("the basket was changed"),
    "emptied": gettext_lazy("the basket was emptied"),
    "merged": gettext_lazy("the basket went over to another one"),
    "paying": gettext_lazy("the customer was paying"),
    "returned": gettext_lazy("the customer came back"),
    "looking": gettext_lazy("the customer said that they were just looking"),
    "left_alone": gettext_lazy("an operator asked that nobody be reminded"),
    "called_off": gettext_lazy("called off"),
    "switched_off": gettext_lazy("switched off"),
    "erased": gettext_lazy("the customer’s data was erased"),
    "no_touch": gettext_lazy("its entry in the ledger is gone"),
    "unknown_kind": gettext_lazy("the part of the shop that made this is no longer installed"),
}


def kind_words(touch: Touch) -> Words:
    """What it is, in a few words."""
    kind = touch_kind(touch.kind)
    return kind.label if kind else touch.kind


def reason_words(touch: Touch) -> str:
    """Why it was not made, or not yet; what the outbox says where it failed there; empty where nothing stood in its way.

    ``details`` may name an ``order``, the moment ``at`` of it, and ``because``: what made it too late.
    """
    if not touch.reason:
        delivery = touch.delivery
        return str(why(delivery)) if delivery and delivery.state in ("failed", "dropped", "unconfirmed") else ""
    if touch.reason == "ordered" and "order" in touch.details:
        return _("ordered %(moment)s, order %(number)s") % {
            "moment": _moment(touch.details.get("at"), touch),
            "number": touch.details["order"],
        }
    words = str(_words(touch, touch.reason))
    if because := touch.details.get("because"):
        return _("%(reason)s: %(because)s") % {"reason": words, "because": _words(touch, because)}
    return words


def outcome_words(touch: Touch) -> str:
    """What became of it, with the reason: "not sent: ordered 12:41, order 1007"."""
    reason = reason_words(touch)
    if touch.state == Touch.State.PLANNED:
        said = _("put off") if touch.deferrals else _("planned")
    elif touch.state == Touch.State.HANDED:
        said = _not_quite(touch) or (_("shown") if touch.channel == "onsite" else _("sent"))
    elif touch.state == Touch.State.HELD_OUT:
        return reason
    else:
        said = _("not shown") if touch.channel == "onsite" else _("not sent")
    return _("%(outcome)s: %(reason)s") % {"outcome": said, "reason": reason} if reason else said


def _not_quite(touch: Touch) -> str:
    """What the outbox made of it, if that is not plainly "sent"."""
    delivery = touch.delivery
    if delivery is None or delivery.state in ("sent", "delivered", "read"):
        return ""
    return str(delivery.get_state_display())


def _words(touch: Touch, reason: str) -> Words:
    kind = touch_kind(touch.kind)
    own = kind.reasons if kind else {}
    return own.get(reason) or REASONS.get(reason, reason)


def _moment(text: Any, touch: Touch) -> str:
    """The time in the reader's zone; with the day if that is not the day for which the touch was planned."""
    at = parse_datetime(text) if isinstance(text, str) else None
    if at is None:
        return ""
    at, planned = timezone.localtime(at), timezone.localtime(touch.planned_for)
    return date_format(at, "TIME_FORMAT" if at.date() == planned.date() else "SHORT_DATETIME_FORMAT")
