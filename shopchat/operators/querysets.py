from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from shopchat.operators.models import Operator


class OperatorQuerySet(models.QuerySet["Operator"]):
    def present(self, *, at: datetime, within: timedelta) -> "OperatorQuerySet":
        """Those whose desk was open at most ``within`` before ``at``, the most recently seen first."""
        return self.filter(seen_at__gt=at - within, user__is_active=True).order_by("-seen_at")
