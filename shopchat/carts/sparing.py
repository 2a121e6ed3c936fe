"""An operator decides that nobody is reminded of a basket."""

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shopchat.carts import states
from shopchat.carts.models import BasketWatch
from shopchat.operators.models import Operator
from shopchat.touches import planning

State = BasketWatch.State
MAY_BE_SPARED = (
    State.ACTIVE,
    State.IDLE,
    State.ABANDONED,
    State.CONTACTED,
    State.RETURNED,
    State.RESTORED,
    State.PAYMENT_INTERRUPTED,
)


class Reason(models.TextChoices):
    ASKED = "asked_not_to", _("the customer asked for it")
    SETTLED = "settled", _("we have settled it with the customer")
    UNFIT = "unfit", _("not a customer’s basket, for example a test")
    OTHER = "left_alone", _("another reason")


class TooLate(Exception):
    """Nobody would be reminded of it any more: it was ordered, given up or moved on meanwhile."""


def leave_alone(watch: BasketWatch, *, reason: Reason, by: Operator, now: datetime | None = None) -> None:
    """Call off everything that is planned about the basket, until its lines change again. Raises :class:`TooLate`."""
    at = now or timezone.now()
    with transaction.atomic():
        if watch.state not in MAY_BE_SPARED or not states.move(
            watch, State.SUPPRESSED, at=at, reason=reason.value, details={"operator": by.pk}
        ):
            raise TooLate
        planning.call_off(watch.ref, reason="left_alone")
