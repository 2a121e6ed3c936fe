"""Kinds of touches: what each asks before it is made, and the words for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shopchat.touches.models import Touch

# Words may be lazy translations.
Words = Any


@dataclass(frozen=True)
class TouchKind:
    """One kind of touch, named as the outbox's kind that sends it.

    - ``check`` is asked under the touch's lock when its time has come: a code why it is not to be made (a key of ``reasons``
      or of :data:`shopchat.touches.words.REASONS`), or an empty text. The lawful basis is its business. It reads and locks
      nothing: whoever places an order holds the basket and then wants the touch.
    - ``label`` and ``reasons`` are the words in which people read about it.
    """

    name: str
    label: Words
    check: Callable[[Touch], str]
    reasons: Mapping[str, Words] = field(default_factory=dict)


_kinds: dict[str, TouchKind] = {}


def register_touch(kind: TouchKind) -> None:
    """Teach the ledger a kind. Registering a name again replaces it."""
    _kinds[kind.name] = kind


def forget_touch(name: str) -> None:
    """The ledger does not know this kind any more; its touches are dropped."""
    _kinds.pop(name, None)


def touch_kind(name: str) -> TouchKind | None:
    """The kind of this name, ``None`` for one that no installed app has registered."""
    return _kinds.get(name)
