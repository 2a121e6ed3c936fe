"""A change of lines: the basket is being filled, whatever it was before, and what was left begins another episode."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce

from shopchat.carts import hints, states
from shopchat.carts.models import BasketWatch
from shopchat.carts.states import LEFT, OVER, State
from shopchat.core.languages import listed
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Surroundings
from shopchat.touches.planning import call_off

CHANGED = "changed"
# Its customer bought, but not by this basket.
ELSEWHERE = "elsewhere"


def touch(ref: BasketRef, *, at: datetime, person: Person, where: Surroundings) -> bool:
    """Lines of the basket changed. At most three queries: the row is looked up, and made or changed.

    A row is made only for baskets with an owner, or that a person filled by hand, and never for staff. What is planned
    about an earlier episode goes out no more; the sweep writes that down.
    """
    for attempt in range(2):  # another time where somebody was faster
        watch = BasketWatch.objects.defer("lines").filter(ref=ref).first()
        if watch is None:
            if where.is_staff or not (person.user_id or where.by_hand):
                return False
            if _begin(ref, at, person, where, ask_for_site=bool(attempt)):
                return True
        elif go_on(watch, at=at, **_noted(person, where)):
            return True
    return False


def go_on(watch: BasketWatch, *, at: datetime, **noted: Any) -> bool:
    """The basket is being filled. Returns whether it still stood as it was read."""
    if watch.state == State.ACTIVE:
        still = BasketWatch.objects.filter(pk=watch.pk, state=State.ACTIVE, last_activity__lte=at)
        # Its timer stays as it is: the sweep winds it up again when it has run out.
        changed = bool(still.update(last_activity=at, **noted))
        if changed:
            hints.announce(watch)
        return changed or at <= watch.last_activity
    if _is_gone(watch, at) or _was_restored(watch, at):
        return True
    return states.move(watch, State.ACTIVE, at=at, reason=CHANGED, **reopened(watch, at), **noted)


def go_on_all(changed: Mapping[BasketWatch, datetime]) -> int:
    """These baskets were changed at these moments, and nobody told. Answers how many that was news of.

    As many statements as there are states among them.
    """
    still_there = [watch for watch, at in changed.items() if not (_is_gone(watch, at) or _was_restored(watch, at))]
    with transaction.atomic():
        mine = states.held(still_there)
        for old in {watch.state for watch in mine}:
            _reopen([watch for watch in mine if watch.state == old], old, changed)
    return len(mine)


def _reopen(watches: list[BasketWatch], old: str, changed: Mapping[BasketWatch, datetime]) -> None:
    for watch in watches:
        for name, value in reopened(watch, changed[watch]).items():
            setattr(watch, name, value)
        watch.state, watch.reason = State.ACTIVE, CHANGED
        watch.state_at = watch.state_at if old == State.ACTIVE else watch.last_activity
    fields = ["last_activity", "look_at", "merged_into", "episode", "help_wanted_at", "state", "state_at", "reason"]
    if BasketWatch.objects.filter(state=old).bulk_update(watches, fields) != len(watches):
        raise states.Contended
    if old != State.ACTIVE:
        states.note_rows([watch.pk for watch in watches], old)


def _is_gone(watch: BasketWatch, at: datetime) -> bool:
    """Whether its lines are in an order or in another basket; told late, or the shop tidies up."""
    if watch.state == State.ORDERED:
        return watch.reason != ELSEWHERE or at <= watch.state_at
    return watch.state == State.MERGED


def _was_restored(watch: BasketWatch, at: datetime) -> bool:
    """Whether it was our own link that changed the lines, which the shop tells us after the commit."""
    return watch.state == State.RESTORED and at <= watch.state_at


def reopened(watch: BasketWatch, at: datetime) -> dict[str, Any]:
    """What changes in a basket that is being filled again."""
    changes: dict[str, Any] = {"last_activity": at, "look_at": at, "merged_into": ""}
    if watch.state in LEFT or watch.state in OVER:
        changes["episode"] = watch.episode + 1
    if watch.state == State.PAYMENT_INTERRUPTED:
        changes["help_wanted_at"] = None
    return changes


def forget_plans(refs: list[str]) -> int:
    """Nothing planned about these baskets goes out: they are being filled again. One statement."""
    return call_off(*refs, reason=CHANGED) if refs else 0


def _begin(ref: BasketRef, at: datetime, person: Person, where: Surroundings, *, ask_for_site: bool) -> bool:
    """Make the row; not if there is one by now, or no site at all yet, which ``ask_for_site`` makes."""
    noted = _noted(person, where)
    noted["inbox_id"] = inbox_for(where.host).pk if ask_for_site else Subquery(_site(where.host))
    noted.pop("inbox", None)
    try:
        with transaction.atomic():
            BasketWatch.objects.create(
                ref=ref,
                store=ref.partition(":")[0],
                state_at=at,
                last_activity=at,
                look_at=at,
                created_at=at,
                **noted,
            )
    except IntegrityError:
        return False
    return True


def _noted(person: Person, where: Surroundings) -> dict[str, Any]:
    """What is known of the customer at this moment. Staff who change a customer's basket are not the customer."""
    if where.is_staff:
        return {}
    told: dict[str, Any] = {
        "user_id_text": person.user_id or "",
        "language": listed(where.language)[:16],
        "currency": where.currency[:3],
        "device": where.device[:8],
        "source": where.source[:64],
        "by_hand": where.by_hand,
    }
    noted = {name: value for name, value in told.items() if value}
    if where.host:
        noted["inbox"] = Coalesce(Subquery(_site(where.host)), F("inbox_id"))
    return noted


def _site(host: str) -> Any:
    """The widget of this host, as :func:`shopchat.inboxes.finding.inbox_for` finds it, inside another statement."""
    return Inbox.objects.filter(hostname__in=[host.lower(), ""]).order_by("-hostname").values("pk")[:1]
