"""A bus that drops half of what another one brings."""

import random
from collections.abc import Collection, Mapping
from typing import Any

from shopchat.core.backends import load
from shopchat.live.bus.base import Bus, Hear

DROPPED = 0.5


class LossyBus(Bus):
    """Publishes through ``BUS`` and hears half of what comes."""

    def __init__(self, BUS: Mapping[str, Any]):  # noqa: N803 options are written in capitals
        self.inner = load(BUS, Bus)
        self.transactional = self.inner.transactional
        self.carries = self.inner.carries

    def publish(self, topics: Collection[str]) -> None:
        """As the other bus does."""
        self.inner.publish(topics)

    async def listen(self, hear: Hear) -> None:
        """As the other bus does, but for what is dropped."""

        def half(topics: Collection[str]) -> None:
            if random.random() >= DROPPED:
                hear(topics)

        await self.inner.listen(half)
