"""Reminders by e-mail of a basket that was left: up to three, each once, and each only as long as it makes sense.

They are planned when the basket is left. When a step's time has come it is asked whether it is still wanted, and once more
when the outbox holds it and nobody else can send it: bought meanwhile, by any way? changed? taken back? Whatever speaks
against it is written down in the ledger. See ``how-to/carts``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from time import monotonic
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from shopchat.carts import letters, states, wording
from shopchat.carts.basis import basis_for, is_customer
from shopchat.carts.contents import contents_now
from shopchat.carts.models import BasketWatch, CartRules, CartStep
from shopchat.carts.people import contact_of, person_of, watches_of
from shopchat.carts.plans import register_plan
from shopchat.carts.purchases import ask_shop, order_since
from shopchat.carts.rules import left_after, rules_of, steps_of
from shopchat.channels.base import Outgoing
from shopchat.channels.known import EMAIL
from shopchat.conversations.kinds import Check, Kind, register_kind
from shopchat.conversations.models import Conversation, Delivery
from shopchat.inboxes.links import can_link
from shopchat.touches.deciding import Answer, Verdict
from shopchat.touches.handing import still_wanted
from shopchat.touches.kinds import TouchKind, register_touch
from shopchat.touches.models import Touch
from shopchat.touches.people import person_key
from shopchat.touches.planning import plan
from shopchat.touches.settling import settle
from shopchat.touches.words import REASONS

KIND = RULE = "cart_reminder"
PLACEHOLDERS, check_text = wording.PLACEHOLDERS, wording.check_text

State = BasketWatch.State
LEFT = (State.ABANDONED, State.CONTACTED)
# An answer of the shop's that is older, because a lock had to be waited for, is asked for again.
FRESH_SECONDS = 2.0

_REASONS: Mapping[str, Any] = {
    "off": _("reminders are switched off"),
    "before_rules": _("it was left before reminders were switched on"),
    "newer": _("a later basket of the same customer takes its place"),
    "nothing_left": _("nothing of it can be bought any more"),
    "moved": _("the customer’s address is another one now"),
    "no_basket": _("the basket is no longer known"),
}


@dataclass(frozen=True)
class Silence:
    """Why a reminder is not to be sent, and what the reason names: numbers and moments only."""

    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


class Answers:
    """What the shop says during one decision, each thing asked once."""

    def __init__(self) -> None:
        self.order = cache(ask_shop)
        self.is_customer: Callable[[str], bool] = cache(is_customer)
        self.is_worth_a_mail = cache(_is_worth_a_mail)
        self._at = monotonic()

    def are_fresh(self) -> bool:
        return monotonic() - self._at <= FRESH_SECONDS


def register() -> None:
    """Teach the ledger and the outbox this kind, and have the steps planned when a basket is left."""
    label = _("Reminder of a basket")
    register_touch(TouchKind(name=KIND, label=label, check=why_not, reasons=_REASONS))
    reasons = {**REASONS, **_REASONS}
    # Rather never than twice.
    register_kind(
        Kind(
            name=KIND,
            label=label,
            check=not_wanted,
            build=build,
            at_least_once=False,
            reasons=reasons,
            prepare=ask_before,
        )
    )
    register_plan(plan_steps)


def purpose_of(watch: BasketWatch, step: CartStep) -> str:
    """One for each step of each episode."""
    return f"cart:{watch.pk}:{watch.episode}:{step.number}"


def plan_steps(watch: BasketWatch, now: datetime) -> None:
    """Plan the reminders of a basket that is being left in this very transaction."""
    rules = rules_of(watch.inbox)
    if not _is_covered(watch, rules):
        return
    contact = contact_of(watch)
    person = person_key(contact=contact, user_id=watch.user_id_text, ref=watch.ref)
    for step in steps_of(rules):
        if step.is_active:
            wanted_at = watch.last_activity + timedelta(minutes=step.delay_minutes)
            plan(
                purpose_of(watch, step),
                kind=KIND,
                touch_class=Touch.Class.MARKETING,
                channel=EMAIL,
                person=person,
                rule=RULE,
                inbox=watch.inbox,
                about=watch.ref,
                contact=contact,
                due_at=max(wanted_at, now),
                planned_for=wanted_at,
                details={"step": step.number},
            )


def why_not(touch: Touch) -> str:
    """Why this reminder is not to be sent, when its time has come. Notes the address to which it may go."""
    watch = _watch_of(touch)
    silence = _silence(watch, touch, Answers())
    if watch is not None and not silence:
        silence = _without_basis(watch, touch)
    if silence:
        touch.details = {**touch.details, **silence.details}
    return silence.reason if silence else ""


def ask_before(delivery: Delivery) -> Check:
    """Ask the shop all that :func:`not_wanted` will want to know, while nothing is locked: a checkout would wait as well."""
    answers = Answers()
    touch = Touch.objects.select_related("identity", "inbox").filter(purpose=delivery.purpose).first()
    if touch is not None:
        watch = _watch_of(touch)
        _silence(watch, touch, answers) or _without_address(watch, delivery, answers)
    return partial(not_wanted, answers=answers)


def not_wanted(delivery: Delivery, answers: Answers | None = None) -> str:
    """Why nobody wants this mail any more, asked inside the outbox's claim; else the basket counts as written to.

    What is our own is read anew under the locks, and what the shop was not asked yet, or too long ago, is asked now.
    """
    seen = Touch.objects.filter(purpose=delivery.purpose).first()
    # The basket first and then the touch, in the order of whoever places an order.
    watch = _locked(seen) if seen else None
    is_first = seen is not None and seen.left_at is None
    if reason := still_wanted(delivery):
        return reason
    touch = Touch.objects.select_related("identity", "inbox").get(purpose=delivery.purpose)
    now = timezone.now()
    answers = answers if answers and answers.are_fresh() else Answers()
    silence = _silence(watch, touch, answers) or _without_address(watch, delivery, answers) or _without_calm(touch)
    if silence or watch is None:
        reason = silence.reason if silence else "no_basket"
        touch.details = {**touch.details, **(silence.details if silence else {})}
        settle(touch, Verdict(Answer.DROP, reason), now)
        return reason
    if is_first:
        states.move(watch, State.CONTACTED, at=now, reason=KIND, contacted_at=now)
    return ""


def build(delivery: Delivery) -> Outgoing:
    """The mail, as the basket stands now."""
    touch = Touch.objects.select_related("inbox").get(purpose=delivery.purpose)
    watch = _watch_of(touch)
    if watch is None or delivery.identity is None:
        raise LookupError("a reminder without its basket or an address")
    return letters.reminder(watch, _step_of(touch, rules_of(watch.inbox)), touch, delivery.identity)


def _silence(watch: BasketWatch | None, touch: Touch, answers: Answers) -> Silence | None:
    """What speaks against it whoever the customer is, the cheapest question first."""
    if watch is None:
        return Silence("no_basket")
    rules = rules_of(watch.inbox)
    if not rules.mails or not can_link(watch.inbox) or _step_of(touch, rules) is None:
        return Silence("off")
    if watch.state == State.ORDERED:
        return _ordered(watch.order_number, watch.ordered_at)
    if watch.episode != _episode(touch) or watch.state not in LEFT:
        return Silence(_moved_on(watch))
    if not _is_covered(watch, rules):
        return Silence("before_rules")
    if order := order_since(watch, answers.order):
        return _ordered(order.number, order.placed_at)
    if _has_newer(watch):
        return Silence("newer")
    return None if answers.is_worth_a_mail(watch) else Silence("nothing_left")


def _is_worth_a_mail(watch: BasketWatch) -> bool:
    with override(watch.language or None):
        return contents_now(watch).is_worth_a_mail


def _without_basis(watch: BasketWatch, touch: Touch) -> Silence | None:
    basis = basis_for(watch)
    if basis is None:
        return Silence("no_basis")
    touch.identity, why = basis
    touch.contact, touch.person = touch.identity.contact, person_of(watch)
    touch.details = {**touch.details, "basis": why}
    touch.save(update_fields=["identity", "contact", "person", "details"])
    return None


def _without_address(watch: BasketWatch | None, delivery: Delivery, answers: Answers) -> Silence | None:
    basis = basis_for(watch, answers.is_customer) if watch else None
    if basis is None:
        return Silence("no_basis")
    return None if basis[0].pk == delivery.identity_id else Silence("moved")


def _without_calm(touch: Touch) -> Silence | None:
    """Somebody who waits for an answer of ours is not reminded of their basket."""
    waits = touch.contact_id and Conversation.objects.waiting().filter(contact=touch.contact_id).exists()
    return Silence("complaint") if waits else None


def _ordered(number: str, at: datetime | None) -> Silence:
    return Silence("ordered", {"order": number, "at": at.isoformat() if at else None})


def _moved_on(watch: BasketWatch) -> str:
    """Where a basket went that is no longer left, in the ledger's words."""
    words: Mapping[str, str] = {
        State.MERGED: "merged",
        State.PAYING: "paying",
        State.RETURNED: "returned",
        State.RESTORED: "returned",
        State.ERASED: "erased",
    }
    return words.get(watch.state, "changed")


def _is_covered(watch: BasketWatch, rules: CartRules) -> bool:
    """Only what is left after the rule was switched on; never a heap of old baskets at once."""
    if not rules.mails or rules.mails_since is None or watch.abandoned_at is None:
        return False
    # A sweep that comes late, or for the first time, finds baskets that were left long before it says so.
    return min(watch.abandoned_at, watch.last_activity + left_after(rules)) >= rules.mails_since


def _has_newer(watch: BasketWatch) -> bool:
    """One message for the latest: a customer who has filled another basket since is not reminded of this one."""
    contact = contact_of(watch)
    if contact is not None:
        theirs = watches_of(contact)
    elif watch.user_id_text:
        theirs = BasketWatch.objects.filter(user_id_text=watch.user_id_text)
    else:
        return False
    others = theirs.unfinished().filter(store=watch.store, quantity__gt=0).exclude(pk=watch.pk)
    return others.filter(last_activity__gt=watch.last_activity).exists()


def _episode(touch: Touch) -> int:
    return int(touch.purpose.split(":")[2])


def _step_of(touch: Touch, rules: CartRules) -> CartStep | None:
    number = int(touch.purpose.split(":")[3])
    return next((step for step in steps_of(rules) if step.number == number and step.is_active), None)


def _watch_of(touch: Touch) -> BasketWatch | None:
    return BasketWatch.objects.select_related("inbox", "contact").filter(pk=touch.purpose.split(":")[1]).first()


def _locked(touch: Touch) -> BasketWatch | None:
    """Without joins: PostgreSQL would lock what is joined, too."""
    return BasketWatch.objects.select_for_update().filter(pk=touch.purpose.split(":")[1]).first()
