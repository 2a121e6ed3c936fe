"""Telling everybody who waits that something moved: the stamps for polls, the bus for streams."""

from collections.abc import Collection

from django.db import transaction

from shopchat.live.bus.base import bus
from shopchat.live.stamps import stamps


def move(topics: Collection[str]) -> None:
    """Say that the topics move. Call it inside the transaction that moves them; a rolled-back one says nothing.

    Both callbacks are robust: what was committed is committed, whoever cannot be told of it. The stamp comes first, so
    that whoever is woken finds it changed.
    """
    told = tuple(topics)
    carrier = bus()
    if carrier.transactional:
        carrier.publish(told)
    transaction.on_commit(lambda: stamps().move(told), robust=True)
    if not carrier.transactional:
        transaction.on_commit(lambda: carrier.publish(told), robust=True)


def flash(topic: str, *, seconds: int) -> None:
    """Give a topic a stamp that vanishes by itself, at once: nothing is stored with it."""
    stamps().flash(topic, seconds=seconds)
    bus().publish((topic,))


def end_flash(topic: str) -> None:
    """Let the stamp vanish now."""
    stamps().end_flash(topic)
    bus().publish((topic,))
