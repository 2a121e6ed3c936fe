"""The door by which operators are told of something while they look elsewhere, whatever their ways are.

A way is a channel of the outbox, and which operators want it. Who has something to tell names an operator, a kind and an
occasion; each way of the operator makes a row of its own. A new way registers here, and nobody who tells anything changes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from shopchat.channels.known import EMAIL
from shopchat.conversations.delivery import enqueue
from shopchat.conversations.models import Conversation, Delivery
from shopchat.operators.models import Operator
from shopchat.operators.roster import people_who_may_answer

# For the reasons of every kind that comes through here.
REASONS = {
    "switched_off": _("Alerts were switched off."),
    "no_address": _("Their account has no e-mail address."),
}


@dataclass(frozen=True)
class Way:
    """How to reach operators: who of them wants it, and at which address; an empty one reaches nobody."""

    wanted: Callable[[Operator], bool]
    address: Callable[[Operator], str]

    def reaches(self, operator: Operator) -> bool:
        return self.wanted(operator) and bool(self.address(operator))


_ways: dict[str, Way] = {}


def register_way(
    channel: str, wanted: Callable[[Operator], bool], *, address: Callable[[Operator], str] = lambda one: str(one.pk)
) -> None:
    """Operators who want it are told through this channel too. Both are asked again right before anything leaves.

    ``address`` is what the channel gets as ``to``: without one, the operator's id, for channels that know the rest.
    """
    _ways[channel] = Way(wanted, address)


def forget_way(channel: str) -> None:
    """Nobody is told through this channel any more; what waits to leave by it is dropped."""
    _ways.pop(channel, None)


def register() -> None:
    """E-mail, for those who did not switch it off."""
    register_way(EMAIL, lambda operator: operator.alerts_by_email, address=email_of)


def notify(operator: Operator, *, kind: str, purpose: str, conversation: Conversation | None) -> int:
    """Queue it for each way that reaches the operator; answers how many there are. Part of the caller's transaction.

    ``purpose`` names the occasion and the operator: the same one twice is told once.
    """
    reaching = [channel for channel, way in _ways.items() if way.reaches(operator)]
    for channel in reaching:
        enqueue(
            purpose=f"{purpose}:{channel}", kind=kind, channel=channel, conversation=conversation, operator=operator
        )
    return len(reaching)


def can_reach(operator: Operator) -> bool:
    """Whether there is any way to this operator. Load it with its user."""
    return any(way.reaches(operator) for way in _ways.values())


def reachable() -> list[Operator]:
    """All who may answer and can be told, with their users."""
    able = Operator.objects.filter(user__in=people_who_may_answer()).select_related("user")
    return [operator for operator in able if can_reach(operator)]


def occasion(purpose: str, channel: str) -> str:
    """What :func:`notify` was given as ``purpose``."""
    return purpose.removesuffix(f":{channel}")


def why_not(delivery: Delivery) -> str:
    """Why its way does not reach the operator any more: one of ``REASONS``, empty while it does."""
    way = _ways.get(delivery.channel)
    if way is None or delivery.operator is None or not way.wanted(delivery.operator):
        return "switched_off"
    return "" if way.address(delivery.operator) else "no_address"


def address_of(delivery: Delivery) -> str:
    """Where it goes."""
    way = _ways.get(delivery.channel)
    return way.address(delivery.operator) if way and delivery.operator else ""


def email_of(operator: Operator) -> str:
    """The e-mail address of the operator's account; accounts may have none."""
    return str(getattr(operator.user, operator.user.get_email_field_name(), "") or "")
