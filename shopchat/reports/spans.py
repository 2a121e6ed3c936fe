"""Days that a report is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

LONGEST_DAYS = 366


class BadSpan(ValueError):
    """No report can be about these days: ``reason`` is ``order`` or ``length``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Span:
    """Whole days from the first to the last, both of them included, as the calendar of ``zone`` has them."""

    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadSpan("order")
        if self.days > LONGEST_DAYS:
            raise BadSpan("length")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.first, datetime.min.time(), tzinfo=self.zone)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), tzinfo=self.zone)

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=day) for day in range(self.days))


def last_days(days: int, zone: ZoneInfo, *, now: datetime | None = None) -> Span:
    """So many days, of which today is the last."""
    today = (now or timezone.now()).astimezone(zone).date()
    return Span(today - timedelta(days=days - 1), today, zone)
