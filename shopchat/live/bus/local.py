"""Within one process: no server, no waiting."""

import asyncio
from collections.abc import Collection
from threading import Lock

from shopchat.live.bus.base import NOTHING_KNOWN, Bus, Hear


class LocalBus(Bus):
    """Hints that stay in this process. Right for a store that is one process, such as a demo or one uvicorn."""

    def __init__(self) -> None:
        self._listeners: dict[object, tuple[asyncio.AbstractEventLoop, Hear]] = {}
        self._lock = Lock()

    def publish(self, topics: Collection[str]) -> None:
        """Tell the listeners of this process, whichever thread they are in."""
        heard = list(topics)
        if not heard:
            return
        with self._lock:
            listeners = list(self._listeners.values())
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:  # a thread without one
            here = None
        for loop, hear in listeners:
            try:
                # From the loop's own thread nobody has to be woken.
                (loop.call_soon if loop is here else loop.call_soon_threadsafe)(hear, heard)
            except RuntimeError:  # its loop was closed between the two lines above
                continue

    async def listen(self, hear: Hear) -> None:
        """Hear until cancelled."""
        here = object()
        with self._lock:
            self._listeners[here] = (asyncio.get_running_loop(), hear)
        try:
            hear(NOTHING_KNOWN)
            await asyncio.get_running_loop().create_future()
        finally:
            with self._lock:
                del self._listeners[here]
