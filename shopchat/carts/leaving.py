"""Why somebody left a basket, said by one tap, and where that leads."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db import transaction
from django.db.models import F, Q

from shopchat.carts import hints, states, vouchers
from shopchat.carts.models import BasketWatch, CartRules, IssuedVoucher
from shopchat.carts.rules import rules_of
from shopchat.stores.reading import safely
from shopchat.touches.planning import call_off

Why = BasketWatch.Why
LOOKING = "looking"


class Route(Enum):
    """What the customer gets for the answer."""

    PERSON = "person"  # an operator is told
    DELIVERY = "delivery"  # what the shop says about delivery
    VOUCHER = "voucher"
    SILENCE = "silence"


@dataclass(frozen=True)
class Led:
    """Where an answer leads; ``voucher`` with :attr:`Route.VOUCHER`."""

    route: Route
    voucher: IssuedVoucher | None = None


def answer_why(watch: BasketWatch, why: str, now: datetime) -> Led:
    """Note the reason and do what follows from it. The first answer since the last change of the lines is kept.

    Raises ``ValueError`` for what is no reason.
    """
    reason = Why(why)
    led = _lead(watch, reason, now)
    with transaction.atomic():
        unsaid = Q(why="") | Q(why_at__lt=F("last_activity"))
        if BasketWatch.objects.filter(unsaid, pk=watch.pk, erased_at=None).update(why=reason, why_at=now):
            watch.why, watch.why_at = reason, now
            hints.announce(watch)
        if led.route is Route.PERSON:
            want_help(watch, now)
        if led.route is Route.SILENCE and watch.state != BasketWatch.State.PAYING:
            # Else what is not left yet would be reminded of later. A payment that is interrupted stays a task.
            states.move(watch, BasketWatch.State.SUPPRESSED, at=now, reason=LOOKING)
            call_off(watch.ref, reason=LOOKING, now=now)
    return led


def want_help(watch: BasketWatch, now: datetime) -> bool:
    """A task for operators: somebody should help with this basket. ``False`` where it is one already."""
    done = Q(help_wanted_at=None) | Q(helped_at__isnull=False)
    wanted = {"help_wanted_at": now, "helped_at": None, "helped_by": None}
    with transaction.atomic():
        is_new = bool(BasketWatch.objects.filter(done, pk=watch.pk, erased_at=None).update(**wanted))
        if is_new:
            hints.announce_task(watch)
    return is_new


def _lead(watch: BasketWatch, why: Why, now: datetime) -> Led:
    if why == Why.LOOKING:
        return Led(Route.SILENCE)
    if why == Why.DELIVERY:
        return Led(Route.DELIVERY)
    rules = rules_of(watch.inbox)
    if why == Why.PRICE and rules.price_answer == CartRules.PriceAnswer.VOUCHER and _was_asked(watch, rules):
        voucher = safely(lambda: vouchers.issue_for(watch, rules, now), empty=None, what="Issuing a voucher")
        if voucher is not None:
            return Led(Route.VOUCHER, voucher)
    return Led(Route.PERSON)


def _was_asked(watch: BasketWatch, rules: CartRules) -> bool:
    """Whether the shop asks about such a basket at all. An answer may be posted without a question, as by a program that
    fills a basket for the voucher."""
    return rules.asks_why and rules.onsite != CartRules.Onsite.OFF and watch.state in (states.State.IDLE, *states.LEFT)
