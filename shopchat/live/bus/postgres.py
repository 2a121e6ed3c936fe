"""Over PostgreSQL's own notifications: no other server, and the hint is part of the commit."""

import asyncio
import logging
import random
from collections.abc import Collection, Mapping
from typing import Any

import psycopg
from django.core.checks import CheckMessage, Error
from django.db import Error as DatabaseError
from django.db import connections

from shopchat.live.bus.base import NOTHING_KNOWN, Bus, Hear, packed, unpacked

CHANNEL = "shopchat"
LIMIT = 7_900  # PostgreSQL takes less than 8,000 bytes
PULSE_SECONDS = 10.0
PATIENCE_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# A server that vanished without a word is noticed within seconds and not within hours.
CONNECTING = {
    "application_name": "shopchat",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
logger = logging.getLogger(__name__)


class PostgresBus(Bus):
    """``NOTIFY`` in the transaction that moves the topics, ``LISTEN`` on one connection a process.

    ``DATABASE`` is the alias. Listening needs a session of its own, which a pooler that hands out transactions does not
    give; behind one, ``DIRECT`` has the connection parameters that lead past it, such as ``{"host": …, "port": …}``.
    """

    transactional = True

    def __init__(self, DATABASE: str = "default", DIRECT: Mapping[str, Any] | None = None):
        self.alias = DATABASE
        self.direct = dict(DIRECT or {})

    def publish(self, topics: Collection[str]) -> None:
        """Tell every listener at the commit, outside a transaction at once.

        Inside a transaction a database error is not swallowed: PostgreSQL has then given up the transaction, and would
        answer the commit with a rollback and without an error.
        """
        connection = connections[self.alias]
        texts = list(packed(topics, limit=LIMIT))
        if not texts:
            return
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, text) FROM unnest(%s::text[]) AS text", [CHANNEL, texts])
        except DatabaseError as error:
            if connection.in_atomic_block:
                raise
            logger.warning("PostgreSQL cannot be told what moved (%s).", type(error).__name__)

    async def listen(self, hear: Hear) -> None:
        """Hear until cancelled, on a connection of its own that no pool knows."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**self._params(), autocommit=True) as connection:
                    await connection.execute(f'LISTEN "{CHANNEL}"')
                    pause = FIRST_PAUSE
                    await _hear_on(connection, hear)
            except (psycopg.Error, OSError, TimeoutError) as error:
                if pause == FIRST_PAUSE:
                    logger.warning("Nothing listens to PostgreSQL (%s); trying until it does.", type(error).__name__)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 no secret, it spreads processes in time
            pause = min(2 * pause, LONGEST_PAUSE)

    def check(self) -> list[CheckMessage]:
        """shopchat.E201: notifications of a database that has none."""
        if self.alias not in connections:
            problem = f'there is no database "{self.alias}"'
        elif connections[self.alias].vendor != "postgresql":
            problem = f'the database "{self.alias}" is not PostgreSQL'
        else:
            return []
        return [
            Error(
                f'SHOPCHAT["BUS"] is PostgresBus, but {problem}.',
                hint='Name the alias of a PostgreSQL database in OPTIONS["DATABASE"], or choose another bus.',
                id="shopchat.E201",
            )
        ]

    def _params(self) -> dict[str, Any]:
        """What Django connects with, service files, certificates and a back end's own ways included."""
        params = connections.create_connection(self.alias).get_connection_params()
        ours = {key: value for key, value in params.items() if key not in ("context", "cursor_factory")}
        return {**CONNECTING, **ours, **self.direct}


async def _hear_on(connection: psycopg.AsyncConnection[Any], hear: Hear) -> None:
    while True:
        # Also after each pulse: older versions of psycopg drop what arrives together with its answer.
        hear(NOTHING_KNOWN)
        async for notification in connection.notifies(timeout=PULSE_SECONDS):
            hear(unpacked(notification.payload))
        await asyncio.wait_for(connection.execute("SELECT 1"), PATIENCE_SECONDS)
