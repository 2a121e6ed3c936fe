"""Topics that somebody in this process waits for, and who does. All of it lives in the event loop.

There may be tens of thousands of each, so they have slots, and one watcher is kept as itself and not in a set of one.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection

from shopchat.live.tickets import is_void


class Topic:
    """One topic and the stamp that its watchers know. ``stamp`` is ``None`` until it was read for the first time."""

    __slots__ = ("_watching", "name", "sourced", "stamp")

    def __init__(self, name: str, *, sourced: bool):
        self.name = name
        self.sourced = sourced
        self.stamp: str | None = None
        self._watching: Watch | set[Watch] | None = None

    @property
    def watching(self) -> Collection["Watch"]:
        """Whoever waits for it, safe from changes during iteration."""
        if self._watching is None:
            return ()
        return tuple(self._watching) if isinstance(self._watching, set) else (self._watching,)

    def add(self, watch: "Watch") -> None:
        if isinstance(self._watching, set):
            self._watching.add(watch)
        elif self._watching is None:
            self._watching = watch
        elif self._watching is not watch:
            self._watching = {self._watching, watch}

    def remove(self, watch: "Watch") -> bool:
        """Whether nobody is left."""
        if isinstance(self._watching, set):
            self._watching.discard(watch)
            return not self._watching
        if self._watching is watch:
            self._watching = None
        return self._watching is None


class Watch(ABC):
    """Somebody who waits for topics: a stream, or a browser that polls.

    ``holders`` are those to whom its tickets were given, ``issued`` when each of them got the oldest one, and ``guarded``
    the names of those whom a guard is asked about. ``pending``
    are the topics that moved and of which it was not told yet; never more than it waits for. While it is ``opening``,
    whoever added it looks whether it may wait at all.
    """

    __slots__ = ("guarded", "holders", "issued", "opening", "pending", "slot", "topics")

    def __init__(self) -> None:
        self.topics: tuple[Topic, ...] = ()
        self.holders: tuple[Topic, ...] = ()
        self.issued: tuple[int, ...] = ()
        self.guarded: tuple[str, ...] = ()
        self.pending: tuple[Topic, ...] = ()
        self.opening = True
        self.slot = 0

    @abstractmethod
    def deliver(self, made: dict[Topic, str]) -> None:
        """Tell it of what is pending. ``made`` keeps what was made for others who are told of the same."""

    @abstractmethod
    def beat(self, now: float) -> str:
        """Called at each heartbeat. Answers with the reason why it should end, mostly with none."""

    @abstractmethod
    def end(self, reason: str) -> None:
        """The hub has forgotten it."""

    def is_dead(self) -> bool:
        """Whether one of its tickets was revoked."""
        return any(is_void(at, holder.stamp) for holder, at in zip(self.holders, self.issued, strict=True))
