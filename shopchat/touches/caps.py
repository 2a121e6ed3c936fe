"""How many advertising touches a person may still get. All channels count together."""

from datetime import datetime, timedelta

from shopchat.touches.models import Touch, TouchRules

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def full_until(person: str, rules: TouchRules, now: datetime) -> tuple[str, datetime | None] | None:
    """Why nothing more may go to this person now, and until when, ``None``: for ever. ``None`` if something may.

    Exact only under :func:`shopchat.touches.people.line_up`.
    """
    counted = Touch.objects.counted(person, now - WEEK).order_by("settled_at")
    made = [at for at in counted.values_list("settled_at", flat=True) if at is not None]
    found: list[tuple[str, datetime | None]] = []
    for reason, span, limit in (("cap_week", WEEK, rules.per_week), ("cap_day", DAY, rules.per_day)):
        recent = [at for at in made if at > now - span]
        if limit == 0:
            return reason, None
        if len(recent) >= limit:
            # When so many have grown old that one fits again.
            found.append((reason, recent[-limit] + span))
    return max(found, key=lambda one: one[1] or now, default=None)
