"""Rate limits: the limits library counting in Django's cache.

The library's own storages need a service or forget what other processes counted. Django's cache is there in every
installation. Where its ``incr`` is not atomic (files, local memory) a burst from several processes may slip a few more
through; nothing else depends on the exact number.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import caches
from limits import RateLimitItem, parse, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RateLimited(Exception):
    """Too often. ``retry_after`` is in whole seconds, at least 1."""

    retry_after: int


def hit(limit: str, *key: str) -> None:
    """Count one event for ``key`` under ``limit``: ``"30/minute"``, or several at once, ``"30/minute;200/day"``.

    Raises :class:`RateLimited` when one of them is reached, ``ValueError`` when ``limit`` cannot be parsed.
    """
    # The shortest first: what it refuses is not held against anybody for longer.
    for item in sorted(parse_many(limit), key=lambda item: item.get_expiry()):
        _ask(item, key, FixedWindowRateLimiter.hit)


def look(limit: str, *key: str) -> None:
    """Raise as :func:`hit` would now, and count nothing: for limits on what went wrong, asked before it can."""
    for item in sorted(parse_many(limit), key=lambda item: item.get_expiry()):
        _ask(item, key, FixedWindowRateLimiter.test)


def _ask(item: RateLimitItem, key: tuple[str, ...], question: Callable[..., bool]) -> None:
    limiter = FixedWindowRateLimiter(DjangoCacheStorage(seconds=item.get_expiry()))
    try:
        allowed = question(limiter, item, *key)
    except Exception:  # whatever the cache's client raises: a shop without its cache still answers customers
        logger.warning("The cache did not answer; a rate limit was not applied.")
        return
    if not allowed:
        reset_at = limiter.get_window_stats(item, *key).reset_time
        raise RateLimited(max(1, math.ceil(reset_at - time.time())))


def allowance(limit: str) -> tuple[int, timedelta]:
    """How many events a single ``limit`` allows, and in what time. Raises ``ValueError`` when it cannot be parsed."""
    item = parse(limit)
    return item.amount, timedelta(seconds=item.get_expiry())


class DjangoCacheStorage(Storage):
    """Counters of the limits library in a Django cache, one key for each window.

    The window's number is part of the key because Django's generic ``incr`` (files, database) renews a key's lifetime.
    """

    STORAGE_SCHEME = ["django-cache"]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any):
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.cache = caches["default"]
        self.seconds = int(options.get("seconds", 60))

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        name = self._name(key)
        try:
            return int(self.cache.incr(name, amount))
        except ValueError:  # the first in this window
            if self.cache.add(name, amount, timeout=2 * expiry):
                return amount
        try:
            return int(self.cache.incr(name, amount))
        except ValueError:  # evicted between the two calls
            return amount

    def get(self, key: str) -> int:
        return int(self.cache.get(self._name(key), 0))

    def get_expiry(self, key: str) -> float:
        return float((self._window() + 1) * self.seconds)

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        return None

    def clear(self, key: str) -> None:
        self.cache.delete(self._name(key))

    def _name(self, key: str) -> str:
        return f"shopchat:limit:{key}:{self._window()}"

    def _window(self) -> int:
        return int(time.time() // self.seconds)
