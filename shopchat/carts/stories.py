"""The story of a basket as staff read it: what became of it when, and every reminder with the reason for its silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from shopchat.carts import sparing
from shopchat.carts.models import BasketTransition, BasketWatch
from shopchat.touches.models import Touch
from shopchat.touches.words import kind_words, outcome_words

State = BasketWatch.State

_WORDS: Mapping[str, Any] = {
    State.ACTIVE: gettext_lazy("being filled again"),
    State.IDLE: gettext_lazy("not touched for a while"),
    State.ABANDONED: pgettext_lazy("basket", "left"),
    State.CONTACTED: gettext_lazy("the customer was written to"),
    State.RETURNED: gettext_lazy("the customer came back to it"),
    State.RESTORED: gettext_lazy("restored by our link"),
    State.PAYING: gettext_lazy("the customer began to pay"),
    State.PAYMENT_INTERRUPTED: gettext_lazy("the payment was not completed"),
    State.ORDERED: pgettext_lazy("basket", "ordered"),
    State.MERGED: gettext_lazy("went over to another basket of the customer"),
    State.SUPPRESSED: gettext_lazy("left alone"),
    State.EMPTIED: gettext_lazy("emptied"),
    State.EXPIRED: gettext_lazy("given up"),
    State.ERASED: gettext_lazy("its data was erased"),
}
_REASONS: Mapping[tuple[str, str], Any] = {
    (State.PAYMENT_INTERRUPTED, "declined"): gettext_lazy("the payment was declined"),
    (State.SUPPRESSED, "saved"): gettext_lazy("the customer saved it for later"),
    (State.SUPPRESSED, "looking"): gettext_lazy("the customer said that they were just looking"),
    (State.EXPIRED, "gone"): gettext_lazy("the shop no longer has it"),
}


@dataclass(frozen=True)
class Line:
    """One line of a story."""

    at: datetime
    words: str


def story(watch: BasketWatch) -> list[Line]:
    """The lines in the order of their moments, in the active language. Two queries."""
    steps = [Line(step.at, _step_words(watch, step)) for step in watch.transitions.order_by("pk")]
    told = any(step.words and step.at == watch.state_at for step in steps)
    if watch.state == State.ORDERED and not told:  # the next sweep writes it down
        steps.append(Line(watch.state_at, _ordered_words(watch.reason, watch.order_number, watch.how)))
    touches = Touch.objects.about(watch.ref).select_related("delivery")
    lines = [Line(watch.created_at, _("first seen")), *steps, *(_touch_line(touch) for touch in touches)]
    return sorted(lines, key=lambda line: line.at)


def _step_words(watch: BasketWatch, step: BasketTransition) -> str:
    if step.to_state == State.ORDERED:
        return _ordered_words(step.reason, step.details.get("order", watch.order_number), step.details.get("how", ""))
    if step.to_state == State.SUPPRESSED and step.reason in sparing.Reason:
        return _("left alone: %(why)s") % {"why": sparing.Reason(step.reason).label}
    words: str = str(_REASONS.get((step.to_state, step.reason)) or _WORDS[step.to_state])
    return words


def _ordered_words(reason: str, number: str, how: str) -> str:
    if reason:
        words = _("the customer ordered otherwise: order %(number)s") % {"number": number}
    else:
        words = _("ordered: order %(number)s") % {"number": number}
    if how:
        return _("%(what)s, %(how)s") % {"what": words, "how": BasketWatch.How(how).label}
    return words


def _touch_line(touch: Touch) -> Line:
    """By the moment at which it was settled; what is planned stands at its time."""
    words = _("%(kind)s: %(outcome)s") % {"kind": kind_words(touch), "outcome": outcome_words(touch)}
    return Line(touch.settled_at or touch.due_at, words)
