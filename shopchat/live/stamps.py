"""Stamps: one opaque text for each topic that changes whenever the topic moves.

The stamp that a writer leaves in the cache is random, never a counter: two processes that commit at once may announce in
the wrong order, and a reader who compares for equality does not care. Readers take the stamp first and the data
afterwards, so a change in between is seen again rather than missed.
"""

import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache as remember

from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache

from shopchat.conf import settings
from shopchat.core.backends import load_once
from shopchat.live import sources

# After this long a stamp is read from the rows again: so much later, at most, a browser that polls learns of what a
# process committed that was killed before it could say so.
LIFETIME_SECONDS = 30
logger = logging.getLogger(__name__)


class Stamps(ABC):
    """Where stamps are kept. Subclass it for another place and name it in ``SHOPCHAT["LIVE"]``."""

    alias = "default"

    @abstractmethod
    def move(self, topics: Iterable[str]) -> None:
        """Give each topic a new stamp. Called after commit; never raises for a back end that is down."""

    @abstractmethod
    def read(self, topics: Iterable[str]) -> Mapping[str, str]:
        """The present stamp of each topic; empty for what has none (typing that ended, a conversation that is gone)."""

    def flash(self, topic: str, *, seconds: int) -> None:
        """Give a topic a stamp that vanishes by itself (typing). Lost where processes do not share the cache, and, like
        everything that nobody stores, where the cache is away.
        """
        with not_taken(self.alias):
            caches[self.alias].set(_key(topic), secrets.token_hex(8), timeout=seconds)

    def end_flash(self, topic: str) -> None:
        """Let the stamp vanish now."""
        with not_taken(self.alias):
            caches[self.alias].delete(_key(topic))

    def flashes(self, topics: Iterable[str]) -> Mapping[str, str]:
        """The stamps of topics that have no source, as far as they have one at the moment. Never raises."""
        wanted = list(topics)
        if not wanted:
            return {}
        try:
            return self._kept(wanted)
        except Exception:  # whatever the cache's client raises; that somebody types can wait
            return {}

    def is_shared(self) -> bool:
        """Whether what one process leaves here is read by the others."""
        return is_shared(self.alias)

    def _kept(self, wanted: list[str]) -> dict[str, str]:
        """Those of the topics that have a stamp here."""
        keys = {_key(topic): topic for topic in wanted}
        return {keys[key]: str(stamp) for key, stamp in caches[self.alias].get_many(keys).items()}


class CacheStamps(Stamps):
    """Stamps in a Django cache that all processes share. Reading costs one ``get_many`` and no query."""

    def __init__(self, CACHE: str = "default"):
        self.alias = CACHE

    def move(self, topics: Iterable[str]) -> None:
        stamps = {_key(topic): secrets.token_hex(8) for topic in topics}
        with not_taken(self.alias):
            caches[self.alias].set_many(stamps, timeout=LIFETIME_SECONDS)

    def read(self, topics: Iterable[str]) -> Mapping[str, str]:
        wanted = list(topics)
        try:
            return self._read(wanted)
        except Exception:  # whatever the cache's client raises when its server is away
            logger.warning("The cache %r did not answer; stamps are read from the database.", self.alias)
            return DatabaseStamps().read(wanted)

    def _read(self, wanted: list[str]) -> Mapping[str, str]:
        known = self._kept(wanted)
        if len(known) < len(wanted):
            fresh = sources.read([topic for topic in wanted if topic not in known])
            for topic, stamp in fresh.items():
                self._keep(topic, stamp)
            known.update(fresh)
        return {topic: known.get(topic, "") for topic in wanted}

    def _keep(self, topic: str, stamp: str) -> None:
        # Only where there is still none: a writer may have left a newer one while the rows were read.
        caches[self.alias].add(_key(topic), stamp, timeout=LIFETIME_SECONDS)


class DatabaseStamps(Stamps):
    """Stamps read from the rows themselves by primary key: right with any cache and any number of processes."""

    def move(self, topics: Iterable[str]) -> None:
        """Nothing to do: the rows have changed already."""

    def read(self, topics: Iterable[str]) -> Mapping[str, str]:
        wanted = list(topics)
        known = sources.read(wanted)
        known.update(self.flashes([topic for topic in wanted if topic not in known]))
        return {topic: known.get(topic, "") for topic in wanted}


def stamps() -> Stamps:
    """The configured back end. Raises ``ImproperlyConfigured`` when ``SHOPCHAT["LIVE"]`` is wrong."""
    config = settings.LIVE
    return load_once(config, Stamps) if config else _default()


def is_shared(alias: str) -> bool:
    """Whether what one process writes to this cache is read by the others."""
    return not isinstance(caches[alias], LocMemCache | DummyCache)


@remember
def _default() -> Stamps:
    return CacheStamps() if is_shared("default") else DatabaseStamps()


@contextmanager
def not_taken(place: str) -> Iterator[None]:
    """A cache that is away costs those who poll half a minute, and nobody their message."""
    try:
        yield
    except Exception as error:  # whatever the cache's client raises
        logger.warning("%r did not take a stamp (%s).", place, type(error).__name__)


def _key(topic: str) -> str:
    return f"shopchat:stamp:{topic}"
