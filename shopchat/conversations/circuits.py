"""A channel that fails again and again is left alone for a while, so that its time-outs do not hold up the others.

After five failures in a row it rests for a minute, then twice as long each time, up to a quarter of an hour. When it has
rested, one row tries it; who that is, the database decides.
"""

from datetime import datetime, timedelta

from django.db.models import F

from shopchat.conversations.models import Circuit

THRESHOLD = 5
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=15)
PROBE = timedelta(seconds=30)


def resting(at: datetime) -> list[str]:
    """Names of the channels to leave alone now."""
    return list(Circuit.objects.filter(open_until__gt=at).values_list("channel", flat=True))


def may_try(channel: str, at: datetime) -> bool:
    """Whether the channel works as far as we know, or whether this caller is the one to find out."""
    open_until = Circuit.objects.filter(channel=channel).values_list("open_until", flat=True).first()
    if open_until is None:
        return True
    return open_until <= at and bool(
        Circuit.objects.filter(channel=channel, open_until=open_until).update(open_until=at + PROBE)
    )


def worked(channel: str) -> None:
    """It answered, if only to refuse."""
    Circuit.objects.filter(channel=channel, failures__gt=0).update(failures=0, open_until=None)


def failed(channel: str, at: datetime) -> None:
    """It did not answer, or asked to be left alone."""
    Circuit.objects.get_or_create(channel=channel)
    Circuit.objects.filter(channel=channel).update(failures=F("failures") + 1)
    failures = Circuit.objects.values_list("failures", flat=True).get(channel=channel)
    if failures >= THRESHOLD:
        rest = min(FIRST_REST * 2 ** min(failures - THRESHOLD, 10), LONGEST_REST)
        Circuit.objects.filter(channel=channel).update(open_until=at + rest)
