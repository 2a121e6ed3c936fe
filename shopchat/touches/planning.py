"""Asking for a touch, and calling off all that are about one thing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, JSONField, Q, Value, When
from django.utils import timezone

from shopchat.contacts.models import Contact, Identity
from shopchat.inboxes.models import Inbox
from shopchat.touches.kinds import touch_kind
from shopchat.touches.models import Touch

State = Touch.State


def plan(
    purpose: str,
    *,
    kind: str,
    touch_class: str,
    channel: str,
    person: str,
    rule: str,
    inbox: Inbox,
    due_at: datetime,
    about: str = "",
    contact: Contact | None = None,
    identity: Identity | None = None,
    details: Mapping[str, Any] | None = None,
    planned_for: datetime | None = None,
) -> Touch:
    """The touch with this ``purpose``, planned if there is none yet, whatever became of it. Part of the caller's transaction.

    ``planned_for`` is when it would be made if nothing stood in its way, ``due_at`` if not given: putting off is measured
    from there.
    """
    if touch_kind(kind) is None:
        raise LookupError(f"nobody has registered the kind {kind!r}")
    try:
        with transaction.atomic():
            return Touch.objects.create(
                purpose=purpose,
                kind=kind,
                touch_class=touch_class,
                channel=channel,
                person=person,
                about=about,
                rule=rule,
                inbox=inbox,
                contact=contact,
                identity=identity,
                details=dict(details or {}),
                planned_for=planned_for or due_at,
                due_at=due_at,
                created_at=timezone.now(),
            )
    except IntegrityError:
        return Touch.objects.get(purpose=purpose)


def call_off(*about: str, reason: str, details: Mapping[str, Any] | None = None, now: datetime | None = None) -> int:
    """Nothing that is about any of these may be made any more: what is planned, and what waits in the outbox.

    One UPDATE, part of the caller's transaction; who is about to send one of them waits for its end. What has left once
    keeps its state and gets no second attempt. Answers of how many touches that was noted.
    """
    at = now or timezone.now()
    may_be_stopped = Q(state=State.PLANNED) | Q(state=State.HANDED, left_at=None)

    def stopped(value: Any, otherwise: str) -> Case:
        return Case(When(may_be_stopped, then=value), default=F(otherwise))

    # Found by ``about`` alone, which no other change touches: a database that went by the state would hold that index and
    # wait for the row, while whoever hands the touch over holds the row and waits for the index.
    return Touch.objects.filter(about__in=about, called_off_at=None).update(
        called_off_at=at,
        reason=stopped(Value(reason), "reason"),
        details=stopped(Value(dict(details or {}), JSONField()), "details"),
        settled_at=stopped(Value(at), "settled_at"),
        # Last: MariaDB works through these in order, and the conditions above ask for the old state.
        state=stopped(Value(State.CANCELLED), "state"),
    )
