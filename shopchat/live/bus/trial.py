"""Trying a bus: does a hint that is published here arrive here?"""

import asyncio
import secrets
import time
from collections.abc import Collection

from django.db import connections

from shopchat.live.bus.base import Bus


def round_trip(bus: Bus, *, within: float = 3.0) -> float | None:
    """How many seconds a hint took; none if it did not arrive. For commands, not for a running server."""
    return asyncio.run(_round_trip(bus, within))


async def _round_trip(bus: Bus, within: float) -> float | None:
    topic = f"doctor.{secrets.token_hex(4)}"
    ready, arrived = asyncio.Event(), asyncio.Event()

    def hear(topics: Collection[str]) -> None:
        ready.set()
        if topic in topics:
            arrived.set()

    listener = asyncio.create_task(bus.listen(hear))
    try:
        async with asyncio.timeout(within):
            await ready.wait()
            begin = time.perf_counter()
            await asyncio.to_thread(_publish, bus, topic)
            await arrived.wait()
            return time.perf_counter() - begin
    except TimeoutError:
        return None
    finally:
        listener.cancel()
        await asyncio.wait([listener])


def _publish(bus: Bus, topic: str) -> None:
    try:
        bus.publish([topic])
    finally:
        connections.close_all()  # this thread's own
