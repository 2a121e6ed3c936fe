"""Telling after the commit that a basket was touched: once for each transaction and basket, whatever was done to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from shopchat.stores.moving import Surroundings


@dataclass(frozen=True)
class Touch:
    at: datetime
    where: Surroundings


Tell = Callable[[Any, Touch], None]


def tell_after_commit(pk: Any, where: Surroundings, *, using: str, tell: Tell) -> None:
    """Call ``tell`` with the key of the basket and the latest of its touches; ``using`` is the database's alias."""
    touches = _touches_of_transaction(using, tell)
    earlier = touches.get(pk)
    # Not each row knows the request.
    touches[pk] = Touch(timezone.now(), earlier.where if earlier and not where.host else where)
    transaction.on_commit(Turn(pk, touches, tell), using=using)


class Turn:
    """Tells of one basket, unless an earlier turn of the same transaction has done it.

    Each change has its own, because a savepoint that is rolled back takes its turns with it and no others.
    """

    def __init__(self, pk: Any, touches: dict[Any, Touch], tell: Tell) -> None:
        self.pk = pk
        self.touches = touches
        self.tell = tell

    def __call__(self) -> None:
        if touch := self.touches.pop(self.pk, None):
            self.tell(self.pk, touch)


def _touches_of_transaction(using: str, tell: Tell) -> dict[Any, Touch]:
    calls = (call for _, call, *_ in reversed(connections[using].run_on_commit))
    turn = next((call for call in calls if isinstance(call, Turn) and call.tell == tell), None)
    return turn.touches if turn else {}
