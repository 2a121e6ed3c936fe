"""What is offered on the site to somebody who comes back to a basket: an offer of help, once an episode, never advertising.

Asking whether there is anything writes nothing and is one query, because each page of the shop asks. What is shown is
written down when somebody is there to see it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from shopchat.carts import hesitating
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.carts.people import contact_of, person_of
from shopchat.carts.returning import note_return
from shopchat.carts.rules import rules_of
from shopchat.inboxes.models import Inbox
from shopchat.stores.base import BasketRef
from shopchat.touches import onsite
from shopchat.touches import rules as touch_rules
from shopchat.touches.deciding import ONSITE, Answer, Verdict
from shopchat.touches.kinds import TouchKind, register_touch
from shopchat.touches.models import Suppression, Touch
from shopchat.touches.people import is_held_out
from shopchat.touches.planning import plan
from shopchat.touches.settling import settle
from shopchat.touches.suppressing import is_suppressed, suppress

LEFT, PAYMENT = "cart_onsite", "cart_payment"
State = BasketWatch.State
WAITING = (State.IDLE, State.ABANDONED, State.CONTACTED)


def register() -> None:
    """Teach the ledger both kinds."""
    register_touch(TouchKind(LEFT, _("Offer of help on the site"), why_not))
    register_touch(TouchKind(PAYMENT, _("Offer of help after a payment that was not completed"), why_not))


def why_not(touch: Touch) -> str:
    """``suppressed`` for somebody who wants no offers."""
    return "suppressed" if is_suppressed(ONSITE, touch.person) else ""


def is_on(inbox: Inbox) -> bool:
    """Whether this site offers anything by itself. Without it no page of the shop asks."""
    return rules_of(inbox).onsite != CartRules.Onsite.OFF


def waiting(*, refs: Sequence[BasketRef], user_id: str | None, hostname: str) -> BasketWatch | None:
    """The basket about which something may be offered to whoever has ``refs`` at hand or is signed in, now or, where they are
    still filling it, after :func:`seconds_until`. One query; it writes nothing.

    Only their newest one counts: nobody who fills another basket, or pays for it, is asked about an older one.
    """
    settled = Touch.objects.exclude(state=Touch.State.PLANNED).filter(purpose=OuterRef("occasion"))
    newest = (
        _of(refs, user_id)
        .filter(inbox__hostname__in=[hostname.lower(), ""], inbox__is_active=True)
        .annotate(
            occasion=Concat(
                Case(When(state=State.PAYMENT_INTERRUPTED, then=Value(PAYMENT)), default=Value(LEFT)),
                Value(":"),
                Cast("pk", CharField()),
                Value(":"),
                Cast("episode", CharField()),
            )
        )
        .annotate(is_settled=Exists(settled))
        .select_related("inbox__cart_rules", "inbox__decision_time")
        .first()
    )
    if newest is None or newest.is_settled or rules_of(newest.inbox).onsite == CartRules.Onsite.OFF:
        return None
    return newest if newest.state in (*WAITING, State.PAYMENT_INTERRUPTED) or is_being_decided(newest) else None


def is_being_decided(watch: BasketWatch) -> bool:
    """Whether its customer is filling it, on a site that offers help to those who hesitate."""
    return watch.state == State.ACTIVE and rules_of(watch.inbox).hesitation


def seconds_until(watch: BasketWatch, now: datetime) -> int | None:
    """In how many seconds it may be shown to somebody who sits still; ``None``: at once, to whoever comes back.

    For what :func:`waiting` answered; no query.
    """
    return hesitating.seconds_left(watch, now) if is_being_decided(watch) else None


def of_customer(*, refs: Sequence[BasketRef], user_id: str | None) -> BasketWatch | None:
    """Their newest basket that may still become an order, offered or not."""
    return _of(refs, user_id).select_related("inbox__cart_rules", "contact").first()


def is_about_payment(watch: BasketWatch) -> bool:
    """Whether its payment was not completed: then help is offered and nothing else."""
    return watch.state == State.PAYMENT_INTERRUPTED


def offer(watch: BasketWatch, now: datetime) -> Touch | None:
    """Somebody is there to see it. The touch if it may be shown; ``None``, with the reason on record, if not.

    Of two pages that ask at once one shows it. A share of people is left alone for comparison, but never after a payment.
    """
    kind = PAYMENT if is_about_payment(watch) else LEFT
    purpose, person, contact = purpose_of(watch, kind), person_of(watch), contact_of(watch)
    about: dict[str, Any] = {"inbox": watch.inbox, "about": watch.ref, "contact": contact}
    with transaction.atomic():
        if kind == LEFT:
            note_return(watch, now)
            percent = touch_rules.rules_of(watch.inbox).holdout_percent
            if is_held_out(person, LEFT, percent):
                _leave_alone(purpose, person, now, **about)
                return None
        touch = onsite.offer(
            purpose, kind=kind, touch_class=Touch.Class.HELP, person=person, rule=kind, now=now, **about
        )
    return touch if touch is not None and touch.settled_at == now else None


def dismiss(watch: BasketWatch, now: datetime, *, for_good: bool = False) -> None:
    """The customer wants none of it: of this one, or ``for_good`` of any."""
    for touch in _shown(watch):
        onsite.dismiss(touch, now=now)
    if for_good:
        suppress(ONSITE, person_of(watch), Suppression.Reason.UNSUBSCRIBED)


def follow(watch: BasketWatch, now: datetime) -> None:
    """The customer took it up."""
    for touch in _shown(watch):
        onsite.click(touch, now=now)


def purpose_of(watch: BasketWatch, kind: str) -> str:
    """One for each episode, and one for its payment."""
    return f"{kind}:{watch.pk}:{watch.episode}"


def _of(refs: Sequence[BasketRef], user_id: str | None) -> Any:
    whose = Q(ref__in=refs)
    if user_id:
        whose |= Q(user_id_text=user_id)
    return BasketWatch.objects.unfinished().filter(whose).order_by("-last_activity", "-pk")


def _shown(watch: BasketWatch) -> Any:
    purposes = [purpose_of(watch, kind) for kind in (LEFT, PAYMENT)]
    return Touch.objects.filter(purpose__in=purposes, state=Touch.State.HANDED)


def _leave_alone(purpose: str, person: str, now: datetime, **about: Any) -> None:
    """Written down all the same: what these people do is what the others are compared with."""
    planned = plan(
        purpose,
        kind=LEFT,
        touch_class=Touch.Class.HELP,
        channel=ONSITE,
        person=person,
        rule=LEFT,
        due_at=now,
        **about,
    )
    touch = Touch.objects.select_for_update().get(pk=planned.pk)
    if touch.state == Touch.State.PLANNED:
        settle(touch, Verdict(Answer.HOLD_OUT, "held_out"), now)
