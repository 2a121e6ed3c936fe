"""A bus that drops everything: what remains is what shopchat does without hints."""

import asyncio
from collections.abc import Collection

from shopchat.live.bus.base import Bus, Hear


class SilentBus(Bus):
    """Takes hints and delivers none."""

    def publish(self, topics: Collection[str]) -> None:
        """Nobody is told."""

    async def listen(self, hear: Hear) -> None:
        """Nothing is ever heard."""
        await asyncio.get_running_loop().create_future()
