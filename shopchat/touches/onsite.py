"""Touches on the site itself, decided upon while the customer looks: a bubble, a window."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from shopchat.contacts.models import Contact
from shopchat.inboxes.models import Inbox
from shopchat.touches.deciding import ONSITE, Answer, Verdict, decide
from shopchat.touches.models import Touch
from shopchat.touches.people import line_up
from shopchat.touches.planning import plan
from shopchat.touches.rules import rules_of
from shopchat.touches.settling import settle


def offer(
    purpose: str,
    *,
    kind: str,
    touch_class: str,
    person: str,
    rule: str,
    inbox: Inbox,
    about: str,
    now: datetime,
    contact: Contact | None = None,
    details: Mapping[str, Any] | None = None,
) -> Touch | None:
    """The touch if it may be shown, now or once more; ``None`` while it may not, with the reason on record.

    Nothing is shown again once it was dismissed or called off.
    """
    with transaction.atomic():
        if touch_class == Touch.Class.MARKETING:
            line_up(person, inbox)
        planned = plan(
            purpose,
            kind=kind,
            touch_class=touch_class,
            channel=ONSITE,
            person=person,
            rule=rule,
            inbox=inbox,
            about=about,
            contact=contact,
            details=details,
            planned_for=now,
            # Until somebody looks at a page again nothing happens; then it is too late.
            due_at=now + timedelta(hours=rules_of(inbox).defer_hours),
        )
        touch = Touch.objects.select_for_update().get(pk=planned.pk)
        if touch.state == Touch.State.PLANNED:
            _settle(touch, decide(touch, now), now)
    return touch if is_shown(touch) else None


def is_shown(touch: Touch) -> bool:
    """Whether it may stand on the page: it was made, and neither dismissed nor called off since."""
    return touch.state == Touch.State.HANDED and touch.dismissed_at is None and touch.called_off_at is None


def dismiss(touch: Touch, *, now: datetime | None = None) -> None:
    """The customer closed it. Only the first time counts."""
    Touch.objects.filter(pk=touch.pk, dismissed_at=None).update(dismissed_at=now or timezone.now())


def click(touch: Touch, *, now: datetime | None = None) -> None:
    """The customer opened it, here or from a message. Only the first time counts."""
    Touch.objects.filter(pk=touch.pk, clicked_at=None).update(clicked_at=now or timezone.now())


def _settle(touch: Touch, verdict: Verdict, now: datetime) -> None:
    if verdict.answer is Answer.DEFER:
        if touch.reason != verdict.reason:  # each page asks again
            touch.reason = verdict.reason
            touch.save(update_fields=["reason"])
        return
    settle(touch, verdict, now)
    if verdict.answer is Answer.GO:
        touch.left_at = now
        touch.save(update_fields=["left_at"])
