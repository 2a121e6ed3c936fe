"""A clock for one customer: as if all that happened to them had happened longer ago. Nobody else's time moves."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Q, QuerySet
from oscar.core.loading import get_model

from shopchat.carts.models import BasketTransition, BasketWatch, RecoveryLink
from shopchat.touches.models import Touch

Line = get_model("basket", "Line")
Order = get_model("order", "Order")


def pass_time(basket: Any, watch: BasketWatch, by: timedelta) -> None:
    """The basket moves back, its owner's other baskets and orders, and what they were approached with, which caps count."""
    owner = basket.owner_id
    watches = Q(pk=watch.pk) | Q(user_id_text=str(owner)) if owner else Q(pk=watch.pk)
    theirs = list(BasketWatch.objects.filter(watches).values_list("pk", "ref"))
    pks, refs = [pk for pk, _ref in theirs], [ref for _pk, ref in theirs]
    people = set(Touch.objects.about(*refs).values_list("person", flat=True))
    # Not a basket's own moment of birth, which is a part of its reference.
    _move(Line.objects.filter(Q(basket=basket) | Q(basket__owner=owner, basket__owner__isnull=False)), by)
    _move(Order.objects.filter(user=owner, user__isnull=False), by)
    _move(BasketWatch.objects.filter(pk__in=pks), by)
    _move(BasketTransition.objects.filter(watch__in=pks), by)
    _move(RecoveryLink.objects.filter(watch__in=pks), by)
    _move(Touch.objects.filter(Q(person__in=people) | Q(about__in=refs)), by)


def until(moment: datetime | None, now: datetime) -> timedelta:
    """How long it is until just after ``moment``; nothing if it is past."""
    return max(moment - now + timedelta(seconds=1), timedelta()) if moment else timedelta()


def _move(rows: "QuerySet[Any]", by: timedelta) -> None:
    moments = [field.name for field in rows.model._meta.concrete_fields if isinstance(field, DateTimeField)]
    rows.update(**{name: F(name) - by for name in moments})
