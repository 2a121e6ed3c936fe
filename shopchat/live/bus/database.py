"""Without any server but the database: whoever listens looks whether something changed."""

import asyncio
import sqlite3
import time
from collections.abc import Collection
from urllib.parse import quote

from django.core.checks import CheckMessage, Error
from django.db import connections

from shopchat.live.bus.base import NOTHING_KNOWN, Bus, Hear

LIVELY_SECONDS = 10.0
LIVELY_INTERVAL = 0.005  # 200 looks a second, some hundredths of a core, and only while something changes


class DatabaseBus(Bus):
    """The default. On SQLite a change is noticed within ``INTERVAL`` seconds, by a number that SQLite keeps for this
    purpose, and within 5 ms while people write; on other databases everything is looked at once a second. Costs the same
    for one stream and for thousands.
    """

    carries = False
    pause = 1.0

    def __init__(self, DATABASE: str = "default", INTERVAL: float = 0.03):
        self.alias = DATABASE
        self.interval = INTERVAL

    def publish(self, topics: Collection[str]) -> None:
        """Nothing to do: the rows have changed."""

    async def listen(self, hear: Hear) -> None:
        """Hear until cancelled, always "look everywhere"."""
        path = _file(self.alias)
        while True:
            if path:
                await self._watch(path, hear)
            hear(NOTHING_KNOWN)
            await asyncio.sleep(self.pause)

    def check(self) -> list[CheckMessage]:
        """shopchat.E202: a database that is not there."""
        if self.alias in connections:
            return []
        return [
            Error(
                f'SHOPCHAT["BUS"] is DatabaseBus, but there is no database "{self.alias}".',
                hint='Correct OPTIONS["DATABASE"], or leave it out.',
                id="shopchat.E202",
            )
        ]

    async def _watch(self, path: str, hear: Hear) -> None:
        """Hear each commit of another connection. Returns when the file cannot be read."""
        try:
            connection = sqlite3.connect(path, timeout=0, uri=True, isolation_level=None)
        except sqlite3.Error:
            return
        seen, lively_until = -1, 0.0
        try:
            while True:
                # Microseconds, and with a time-out of 0 it never waits for a writer: the loop itself may ask.
                version = _version(connection, seen)
                now = time.monotonic()
                if version != seen:
                    hear(NOTHING_KNOWN)
                    seen, lively_until = version, now + LIVELY_SECONDS
                await asyncio.sleep(min(self.interval, LIVELY_INTERVAL) if now < lively_until else self.interval)
        except sqlite3.Error:
            return
        finally:
            connection.close()


def _file(alias: str) -> str:
    """Where the database is, as SQLite takes it; empty where there is no file to watch."""
    database = connections.create_connection(alias)
    if database.vendor != "sqlite":
        return ""
    path = str(database.get_connection_params()["database"])
    if "memory" in path and (path == ":memory:" or "mode=memory" in path):
        return ""
    return path if path.startswith("file:") else f"file:{quote(path)}?mode=rw"  # rw: a missing file is not made


def _version(connection: sqlite3.Connection, seen: int) -> int:
    """A number that another connection's commit changes; what was seen while a writer keeps everybody out."""
    try:
        return int(connection.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return seen
        raise
