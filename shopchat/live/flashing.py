"""Topics without rows, whose stamps vanish by themselves: somebody types.

Nothing of it is ever lost that matters, so it is looked at cheaply: when a hint names it, once a second while it is lit,
and, where the bus carries no hints, once a second in the few conversations that moved lately.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping

from shopchat.live.stamps import stamps
from shopchat.live.watches import Topic, Watch

WARM_SECONDS = 300.0
WARM_LIMIT = 100
HINT_SECONDS = 6.0


class Flashes:
    """Which of the watched topics are lit, and which are worth a look."""

    def __init__(self, topics: Mapping[str, Topic], *, carried: bool):
        self._topics = topics
        self._carried = carried
        self._shared = stamps().is_shared()
        self._lit: set[str] = set()
        self._hinted: set[str] = set()
        self._lit_by_hint: dict[str, float] = {}
        self._warm: dict[str, float] = {}

    def hinted(self, name: str) -> None:
        """The bus said that it was lit or put out."""
        self._hinted.add(name)

    def warm(self, watches: Iterable[Watch]) -> None:
        """Something moved for them; people may be typing."""
        if self._carried:
            return
        now = time.monotonic()
        for watch in watches:
            for topic in watch.topics:
                if not topic.sourced:
                    self._warm.pop(topic.name, None)  # so that the latest is the last
                    self._warm[topic.name] = now
        while len(self._warm) > WARM_LIMIT:
            del self._warm[next(iter(self._warm))]

    def to_look_at(self) -> set[str]:
        """Once a second: what is lit, since it may have vanished, and what may have been lit without a hint."""
        limit = time.monotonic() - WARM_SECONDS
        self._warm = {name: at for name, at in self._warm.items() if at > limit and name in self._topics}
        return self._lit | self._warm.keys()

    def seen(self, looked_at: Iterable[str], found: Mapping[str, str]) -> Iterator[tuple[Topic, str]]:
        """Those that changed, with their new stamps. ``found`` holds what the cache knew."""
        for name in looked_at:
            topic = self._topics.get(name)
            stamp = (found.get(name) or self._by_hint(topic)) if topic is not None else ""
            self._hinted.discard(name)
            if stamp:
                self._lit.add(name)
            else:
                self._lit.discard(name)
                self._lit_by_hint.pop(name, None)
            if topic is not None and (topic.stamp or "") != stamp:
                yield topic, stamp

    def _by_hint(self, topic: Topic) -> str:
        """Where processes share no cache a hint is all that there is: it counts as lit for a while.

        Unless our own cache knew it a moment ago; then it was put out here.
        """
        now, name = time.monotonic(), topic.name
        if not self._shared and name in self._hinted and (name not in self._lit or name in self._lit_by_hint):
            self._lit_by_hint[name] = now + HINT_SECONDS
            return secrets.token_hex(8)
        return topic.stamp or "" if self._lit_by_hint.get(name, 0) > now else ""
