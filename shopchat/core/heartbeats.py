"""Who runs by itself, and when it was last heard of."""

from datetime import datetime, timedelta

from django.utils import timezone

from shopchat.core.models import Heartbeat

PERIODIC = "periodic"
SILENT_AFTER = timedelta(minutes=2)


def beat(name: str, *, now: datetime | None = None) -> None:
    """It runs."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now or timezone.now()})


def last_beat(name: str) -> datetime | None:
    """When it was last heard of; ``None`` if never."""
    return Heartbeat.objects.filter(name=name).values_list("beat_at", flat=True).first()


def is_silent(name: str, *, now: datetime | None = None) -> bool:
    """Whether it has not been heard of for longer than two minutes."""
    beat_at = last_beat(name)
    return beat_at is None or beat_at < (now or timezone.now()) - SILENT_AFTER
