from datetime import datetime
from typing import Any, Self

from django.db import models


class TouchQuerySet(models.QuerySet[Any]):
    def planned(self) -> Self:
        """Those that may still be made."""
        return self.filter(state="planned")

    def due(self, now: datetime) -> Self:
        """Planned ones whose time has come, the longest due first."""
        return self.planned().filter(due_at__lte=now).order_by("due_at", "pk")

    def about(self, *things: str) -> Self:
        """Those about any of these things."""
        return self.filter(about__in=things)

    def made(self) -> Self:
        """Shown or sent, as far as anybody knows: not those that the outbox gave up."""
        # The OR keeps those without a delivery, or whose delivery is forgotten.
        given_up = models.Q(delivery__state__in=["dropped", "failed"])
        return self.filter(models.Q(delivery=None) | ~given_up, state="handed")

    def counted(self, person: str, since: datetime) -> Self:
        """What counts against this person's caps: advertising made after ``since``."""
        return self.made().filter(person=person, touch_class="marketing", settled_at__gt=since)
