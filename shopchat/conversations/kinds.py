"""Kinds of deliveries: what each needs to know before it leaves, and what it looks like then.

A kind says whether it may be repeated when nobody knows what became of an attempt whose worker died: ``at_least_once``
kinds are sent again (an alert, a chat reply: rather twice than never), others are marked unconfirmed and left to a person
(an SMS, a call, a campaign: rather never than twice). An attempt whose channel itself answered "I do not know" is never
repeated by itself, whatever the kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shopchat.channels.base import Outgoing
from shopchat.conversations.models import Delivery

# Words may be lazy translations.
Words = Any
Check = Callable[[Delivery], str]


@dataclass(frozen=True)
class Kind:
    """One kind of delivery.

    - ``check`` is asked inside the claim, when nobody else can send the row any more: a code why it is no longer wanted
      (a key of ``reasons``), or an empty text.
    - ``prepare``, where that takes long, is asked right before the claim, holding nothing: it finds out what it can, as of the
      shop, and answers the check to ask in the claim of this attempt.
    - ``build`` makes what leaves from the row; its ``key`` is filled in by the outbox.
    - ``label`` and ``reasons`` are the words in which people read about it.
    """

    name: str
    label: Words
    check: Check
    build: Callable[[Delivery], Outgoing]
    at_least_once: bool
    reasons: Mapping[str, Words] = field(default_factory=dict)
    retry_for: timedelta = timedelta(hours=24)
    prepare: Callable[[Delivery], Check] | None = None


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Teach the outbox a kind. Registering a name again replaces it."""
    _kinds[kind.name] = kind


def forget_kind(name: str) -> None:
    """The outbox does not know this kind any more; its rows fail."""
    _kinds.pop(name, None)


def kind_of(name: str) -> Kind | None:
    """The kind of this name, ``None`` for one that no installed app has registered."""
    return _kinds.get(name)


def repeatable() -> list[str]:
    """Names of the kinds that are sent again when nobody knows."""
    return [kind.name for kind in _kinds.values() if kind.at_least_once]


def prepared() -> list[str]:
    """Names of the kinds that find things out before the claim."""
    return [kind.name for kind in _kinds.values() if kind.prepare is not None]
