"""A basket whose customer should get help from a person: one operator takes the task, and ends it."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from shopchat.carts import hints
from shopchat.carts.models import BasketWatch
from shopchat.operators.models import Operator


@dataclass(frozen=True)
class Taken(Exception):
    """Another operator was faster."""

    by: Operator


class NotWanted(Exception):
    """Nobody has to help any more."""


def take(watch: BasketWatch, operator: Operator) -> None:
    """Help is this operator's task from now on; taking one's own again changes nothing.

    Raises :class:`Taken` and :class:`NotWanted`.
    """
    if not _moved(watch, was=None, helped_by=operator):
        _explain(watch, operator)


def release(watch: BasketWatch, operator: Operator) -> None:
    """Give it back to everybody. Raises :class:`Taken` and :class:`NotWanted`."""
    if not _moved(watch, was=operator, helped_by=None):
        _explain(watch, operator)


def finish(watch: BasketWatch, operator: Operator) -> None:
    """The customer was helped, or needs no help. A task that is nobody's is finished by whoever says so.

    Raises :class:`Taken` and :class:`NotWanted`.
    """
    done = {"helped_by": operator, "helped_at": timezone.now()}
    if not _moved(watch, was=operator, **done) and not _moved(watch, was=None, **done):
        _explain(watch, operator, mine_is_done=True)


def _moved(watch: BasketWatch, *, was: Operator | None, **changes: object) -> bool:
    """Change the task where it is still open and still ``was``'s: the database settles who was first."""
    with transaction.atomic():
        moved = bool(BasketWatch.objects.needing_a_person().filter(pk=watch.pk, helped_by=was).update(**changes))
        if moved:
            hints.announce_task(watch)
    return moved


def _explain(watch: BasketWatch, operator: Operator, *, mine_is_done: bool = False) -> None:
    """Raise what stood in the way, unless it is as the operator wants it."""
    watch.refresh_from_db()
    if not watch.needs_a_person():
        if mine_is_done and watch.helped_by_id == operator.pk:
            return
        raise NotWanted
    if watch.helped_by is not None and watch.helped_by_id != operator.pk:
        raise Taken(watch.helped_by)
