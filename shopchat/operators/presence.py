"""Who is here now. The server decides, from when a desk was last heard of."""

from datetime import datetime

from django.utils import timezone

from shopchat.operators.models import PRESENT_FOR, Operator


def heartbeat(operator: Operator, *, now: datetime | None = None) -> None:
    """The operator's desk is open."""
    Operator.objects.filter(pk=operator.pk).update(seen_at=now or timezone.now())


def leave(operator: Operator) -> None:
    """The operator's last desk was closed."""
    Operator.objects.filter(pk=operator.pk).update(seen_at=None)


def present_operators(*, now: datetime | None = None) -> list[Operator]:
    """Those who are here, the most recently seen first."""
    return list(Operator.objects.present(at=now or timezone.now(), within=PRESENT_FOR))
