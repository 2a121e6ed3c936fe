"""What every bus does: carry names of topics from whoever committed to whoever holds streams.

A hint is only a hint. It names topics, never what happened in them, and everything that it wakes is read from the
database; so a bus that is down makes live updates slower and loses nothing.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator

from django.core.checks import CheckMessage

from shopchat.conf import settings
from shopchat.core.backends import load_once

Hear = Callable[[Collection[str]], None]
"""Called in the event loop with the topics that moved; with none of them when anything may have moved or been missed."""

NOTHING_KNOWN: tuple[str, ...] = ()


class Bus(ABC):
    """Between processes. Subclass it for another one and name it in ``SHOPCHAT["BUS"]``."""

    transactional = False
    """Whether ``publish`` belongs inside the transaction and takes effect at its commit."""

    carries = True
    """Whether ``publish`` reaches listeners; if not, listeners find out by themselves."""

    @abstractmethod
    def publish(self, topics: Collection[str]) -> None:
        """Tell listeners that the topics moved. From any thread.

        Never raises on account of a server that is away, waits a second at most, and not again while the server is known
        to be away.
        """

    @abstractmethod
    async def listen(self, hear: Hear) -> None:
        """Hear until cancelled. Calls ``hear(())`` when it begins to hear, and again after each reconnection, which it
        sees to by itself: something may have been missed.
        """

    def check(self) -> list[CheckMessage]:
        """What is wrong with this bus in this project, as Django's system checks say it."""
        return []


def bus() -> Bus:
    """The configured bus. Raises ``ImproperlyConfigured`` when ``SHOPCHAT["BUS"]`` is wrong."""
    return load_once(settings.BUS, Bus)


def packed(topics: Collection[str], *, limit: int) -> Iterator[str]:
    """The topics as ASCII texts of at most ``limit`` characters. What does not fit is told as "look everywhere"."""
    part: list[str] = []
    size = 2
    for topic in topics:
        length = len(json.dumps(topic)) + 2
        if length + 2 > limit:
            yield json.dumps(NOTHING_KNOWN)
            return
        if size + length > limit:
            yield json.dumps(part)
            part, size = [], 2
        part.append(topic)
        size += length
    if part:
        yield json.dumps(part)


def unpacked(text: str | bytes) -> Collection[str]:
    """The topics of a packed text. What somebody else wrote into the channel means "look everywhere"."""
    try:
        topics = json.loads(text)
    except ValueError:
        return NOTHING_KNOWN
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        return NOTHING_KNOWN
    return topics
