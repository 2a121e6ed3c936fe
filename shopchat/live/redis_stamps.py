"""Stamps straight in Redis. Django's Redis cache makes a client for every call, which costs more than the call itself."""

import secrets
from collections.abc import Iterable

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shopchat.live.stamps import LIFETIME_SECONDS, CacheStamps, not_taken

# How long a poll waits for a Redis that does not answer, before it asks the database.
PATIENCE_SECONDS = 0.5


class RedisStamps(CacheStamps):
    """``URL`` as redis-py takes it; shops that share a database of one Redis differ in ``PREFIX``."""

    def __init__(self, URL: str, PREFIX: str = "shopchat:stamp:"):
        super().__init__()
        self._prefix = PREFIX
        self._redis = Redis.from_url(
            URL,
            decode_responses=True,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # redis-py would try several times, and sleep in between
        )

    def move(self, topics: Iterable[str]) -> None:
        """Give each topic a new stamp, all in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for topic in topics:
            pipeline.set(self._prefix + topic, secrets.token_hex(8), ex=LIFETIME_SECONDS)
        with not_taken("Redis"):
            pipeline.execute()

    def flash(self, topic: str, *, seconds: int) -> None:
        """Give a topic a stamp that vanishes by itself."""
        with not_taken("Redis"):
            self._redis.set(self._prefix + topic, secrets.token_hex(8), ex=seconds)

    def end_flash(self, topic: str) -> None:
        """Let the stamp vanish now."""
        with not_taken("Redis"):
            self._redis.delete(self._prefix + topic)

    def is_shared(self) -> bool:
        """Whatever Django's caches are."""
        return True

    def _kept(self, wanted: list[str]) -> dict[str, str]:
        found = self._redis.mget([self._prefix + topic for topic in wanted])
        return {topic: str(stamp) for topic, stamp in zip(wanted, found, strict=True) if stamp is not None}

    def _keep(self, topic: str, stamp: str) -> None:
        self._redis.set(self._prefix + topic, stamp, ex=LIFETIME_SECONDS, nx=True)
