"""Over Redis: the quickest way between processes and machines, for a store that runs one anyway."""

import asyncio
import logging
import random
import time
from collections.abc import Collection
from threading import Lock

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.client import PubSub
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from shopchat.live.bus.base import NOTHING_KNOWN, Bus, Hear, packed, unpacked

# Connecting and the first answer may each take this long, so that whoever publishes waits a second at most.
PATIENCE_SECONDS = 0.5
REFUSED_SECONDS = 1.0  # to be told "no" costs nothing: ask again soon
SILENT_SECONDS = (5.0, 10.0, 20.0, 30.0)  # to be told nothing costs the patience of whoever asks
PULSE_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
LIMIT = 32_000
logger = logging.getLogger(__name__)


class RedisBus(Bus):
    """Hints through a pub/sub channel. ``URL`` as redis-py takes it; stores that share a Redis differ in ``CHANNEL``."""

    def __init__(self, URL: str, CHANNEL: str = ""):
        self.url = URL
        self._client = Redis.from_url(
            URL,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # redis-py would try several times, and sleep in between
        )
        # Channels do not belong to a database of Redis, so that its number has to be part of their name.
        self.channel = CHANNEL or f"shopchat.{self._client.connection_pool.connection_kwargs.get('db') or 0}"
        self._breaker = Breaker()

    def publish(self, topics: Collection[str]) -> None:
        """Tell every listener. While Redis is away this costs nothing, but for one attempt now and then."""
        if not topics or not self._breaker.lets_pass():
            return
        try:
            for text in packed(topics, limit=LIMIT):
                self._client.publish(self.channel, text)
        except (RedisError, OSError) as error:
            silent = isinstance(error, RedisTimeoutError | TimeoutError)
            if self._breaker.failed(silent=silent):
                logger.warning("Redis cannot be told what moved (%s); streams notice it later.", type(error).__name__)
        else:
            self._breaker.succeeded()

    async def listen(self, hear: Hear) -> None:
        """Hear until cancelled. A server that falls silent is noticed by its missing answer to a ping."""
        pause = FIRST_PAUSE
        while True:
            client = AsyncRedis.from_url(
                self.url, socket_connect_timeout=2 * PATIENCE_SECONDS, retry=Retry(NoBackoff(), 0)
            )
            try:
                async with client.pubsub() as subscription:
                    async with asyncio.timeout(4 * PATIENCE_SECONDS):
                        await subscription.subscribe(self.channel)
                        await subscription.get_message(timeout=None)  # the subscription is confirmed
                    hear(NOTHING_KNOWN)
                    pause = FIRST_PAUSE
                    await _hear_on(subscription, hear)
            except (RedisError, OSError, TimeoutError) as error:
                if pause == FIRST_PAUSE:
                    logger.warning("No connection to Redis (%s); trying until there is one.", type(error).__name__)
            finally:
                await client.aclose()
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 no secret, it spreads processes in time
            pause = min(2 * pause, LONGEST_PAUSE)


async def _hear_on(subscription: PubSub, hear: Hear) -> None:
    waiting_for_pong = False
    while True:
        message = await subscription.get_message(timeout=2 * PATIENCE_SECONDS if waiting_for_pong else PULSE_SECONDS)
        if message is None and waiting_for_pong:
            raise TimeoutError
        waiting_for_pong = message is None
        if message is None:
            await subscription.ping()
        elif message["type"] == "message":
            hear(unpacked(message["data"]))
        elif message["type"] == "subscribe":  # redis-py reconnected by itself
            hear(NOTHING_KNOWN)


class Breaker:
    """Remembers that a server is away, so that not everybody has to find out for themselves."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._away_until = 0.0
        self._silences = 0

    def lets_pass(self) -> bool:
        """Whether to try. While the server is away it is one caller at a time, and only when the pause is over."""
        if not self._away_until:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                return False
            self._away_until = now + REFUSED_SECONDS  # the next one waits for what becomes of this attempt
            return True

    def failed(self, *, silent: bool) -> bool:
        """``silent``: there was no answer at all, which costs more than a refusal, so that we ask more rarely. Returns
        whether that is news.
        """
        with self._lock:
            is_news = not self._away_until
            self._silences = self._silences + 1 if silent else 0
            step = min(self._silences, len(SILENT_SECONDS)) - 1
            self._away_until = time.monotonic() + (SILENT_SECONDS[step] if silent else REFUSED_SECONDS)
            return is_news

    def succeeded(self) -> None:
        if self._away_until:
            with self._lock:
                self._away_until, self._silences = 0.0, 0
