"""The middle of the edge: which topics are watched, what wakes their watchers, and how often everybody is looked after.

A hint, the feed of what moved, a heartbeat: whatever says that something may have moved only adds to what is to be read
next. One batch is read at a time; what comes meanwhile is read with the next. A stamp that is new is told to those who
watch. So hints may be lost, doubled and late, and everybody is still told, in seconds at most.
"""

import asyncio
import logging
import math
import random
import time
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from shopchat.conf import settings
from shopchat.live import guards, sources
from shopchat.live.bus.base import bus
from shopchat.live.flashing import Flashes
from shopchat.live.reading import Look, Reader, Seen, see
from shopchat.live.streams import Stream
from shopchat.live.tickets import REVOKED, Ticket
from shopchat.live.watches import Topic, Watch

BEAT_SECONDS = 0.05  # a few streams at a time, so that ten thousand heartbeats keep no message waiting
LOOK_SECONDS = 0.25  # what they want to know is read together
FEED_SECONDS = 1.0
FEED_OVERLAP = timedelta(seconds=10)  # a transaction may commit this long after the moment that it wrote
HINT_OVERLAP = timedelta(seconds=1)  # the look of every second finds what a hint's look missed
GUARD_SECONDS = 3.0
OPENING_SECONDS = 0.1  # at most so often, so that thousands who come back at once are read together
FRESH_SECONDS = 5.0
BUSY_SECONDS = 10.0
FALLEN = str(2**53)  # revoked whenever it was issued
OF_HOLDER = f"{REVOKED}."

logger = logging.getLogger(__name__)


class Hub:
    """All that one process knows about its streams. Belongs to one event loop; nothing here is called from a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.reader = Reader(self._loop)
        self.topics: dict[str, Topic] = {}
        self.holders: dict[str, Topic] = {}
        beats = max(1, round(settings.STREAM["HEARTBEAT"] / BEAT_SECONDS))
        self._wheel: list[set[Watch]] = [set() for _ in range(beats)]
        self._turn = self._guarded_turn = 0
        self._busy: dict[Stream, float] = {}
        self._flashes = Flashes(self.topics, carried=bus().carries)
        self._next = Look()
        self._tended = Look()  # apart, so that a hint does not wait for what can wait
        self._reading = False
        self._opening: list[asyncio.Future[None]] = []
        self._opened_at = self._looked_at = self._fed_at = self._retry_at = 0.0
        self._since = timezone.now()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Listen to the bus and look after everybody, until :meth:`stop`."""
        self._tasks = [self._loop.create_task(self._listen()), self._loop.create_task(self._tick_on())]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.reader.stop()

    # Those who watch

    def add(self, watch: Watch, tickets: Iterable[Ticket]) -> None:
        """From now on nothing that moves is missed. Read first with :meth:`fresh` what is true now."""
        issued: dict[str, int] = {}
        names: dict[str, None] = {}
        for ticket in tickets:
            names.update(dict.fromkeys(ticket.topics))
            for holder in ticket.holders:
                issued[holder] = min(ticket.issued_at, issued.get(holder, ticket.issued_at))
        watch.topics = tuple(self._topic(self.topics, name) for name in names)
        watch.holders = tuple(self._topic(self.holders, name) for name in issued)
        watch.issued = tuple(issued.values())
        watch.guarded = tuple(filter(guards.is_guarded, issued))
        for topic in (*watch.topics, *watch.holders):
            topic.add(watch)
        watch.slot = random.randrange(len(self._wheel))  # noqa: S311 spread, not secrecy
        self._wheel[watch.slot].add(watch)
        self._flashes.warm([watch])

    def remove(self, watch: Watch) -> None:
        """Forget it, and topics that nobody watches any longer."""
        for known, theirs in ((self.topics, watch.topics), (self.holders, watch.holders)):
            for topic in theirs:
                if topic.remove(watch) and known.get(topic.name) is topic:
                    del known[topic.name]
        self._wheel[watch.slot].discard(watch)
        if isinstance(watch, Stream):
            self._busy.pop(watch, None)

    def end(self, watch: Watch, reason: str) -> None:
        self.remove(watch)
        watch.end(reason)

    def watches(self) -> Iterator[Watch]:
        for slot in self._wheel:
            yield from tuple(slot)

    async def fresh(self, watch: Watch) -> None:
        """Wait until the watch's topics and holders were read after this call. Raises what went wrong, or took too long."""
        self._want(watch, self._next)
        self._next.flashing.update(topic.name for topic in watch.topics if not topic.sourced)
        self._next.guarded.update(watch.guarded)
        read = self._loop.create_future()
        if not self._opening:
            delay = self._opened_at + OPENING_SECONDS - time.monotonic()
            self._loop.call_later(delay, self._begin) if delay > 0 else self._loop.call_soon(self._begin)
        self._opening.append(read)
        async with asyncio.timeout(FRESH_SECONDS):
            await read

    def revoked_at(self, holder: str) -> str:
        """The second up to which the holder's tickets are void, as it was last read; empty if they are not."""
        topic = self.holders.get(holder)
        return topic.stamp or "" if topic else ""

    def report(self, stream: Stream, busy: bool) -> None:
        """A stream says whether its browser keeps it waiting."""
        if busy:
            self._busy.setdefault(stream, time.monotonic())
        else:
            self._busy.pop(stream, None)

    # What wakes them

    def hear(self, topics: Collection[str]) -> None:
        """A hint: these may have moved; without any: look everywhere. In the event loop."""
        if not topics:
            self._want_feed(HINT_OVERLAP)
        for name in topics:
            topic = self.topics.get(name)
            if topic is not None and topic.sourced:
                self._next.sourced.add(name)
            elif topic is not None:
                self._next.flashing.add(name)
                self._flashes.hinted(name)
            elif name.startswith(OF_HOLDER) and name.removeprefix(OF_HOLDER) in self.holders:
                self._next.sourced.add(name)
        self._begin()

    def _begin(self) -> None:
        """Read what is wanted, unless a reading is under way; what is wanted then is read after it."""
        now = time.monotonic()
        if self._reading or now < self._retry_at:
            return
        opening: list[asyncio.Future[None]] = []
        if self._opening and now >= self._opened_at + OPENING_SECONDS - 0.001:
            self._opened_at = now
            opening, self._opening = self._opening, opening
        if not self._next:
            _resolve(opening, None)
            return
        look, self._next = self._next, Look()
        if look.is_instant():
            self._apply(look, see(look))
            _resolve(opening, None)
            return
        self._reading = True
        began = timezone.now()
        answer = self.reader.ask(lambda: see(look))
        answer.add_done_callback(lambda done: self._read(done, look, opening, began))

    def _read(
        self, answer: "asyncio.Future[Seen]", look: Look, opening: list["asyncio.Future[None]"], began: datetime
    ) -> None:
        self._reading = False
        error = None if answer.cancelled() else answer.exception()
        if error is not None or answer.cancelled():
            logger.warning("Stamps could not be read (%s); once more in a second.", type(error).__name__)
            self._next.merge(look)
            self._retry_at = time.monotonic() + 1
            _resolve(opening, error or asyncio.CancelledError())
            return
        if look.since is not None:
            self._since = began
        self._apply(look, answer.result())
        _resolve(opening, None)
        self._begin()

    def _apply(self, look: Look, seen: Seen) -> None:
        changed: list[Topic] = []
        for name, stamp in seen.stamps.items():
            topic = self.topics.get(name)
            if topic is not None:
                if topic.stamp != stamp:
                    topic.stamp = stamp
                    changed.append(topic)
            elif name.startswith(OF_HOLDER):
                self._revoke(name.removeprefix(OF_HOLDER), stamp)
        for holder in seen.fallen:
            self._revoke(holder, FALLEN)
        for topic, stamp in self._flashes.seen(look.flashing, seen.flashes):
            topic.stamp = stamp
            changed.append(topic)
        if changed:
            self._tell(changed)

    def _tell(self, changed: list[Topic]) -> None:
        told: list[Watch] = []
        for topic in changed:
            alone = (topic,)  # shared: an event for everybody makes none for each
            for watch in topic.watching:
                if not watch.pending:
                    watch.pending = alone
                    told.append(watch)
                elif topic not in watch.pending:
                    watch.pending += alone
        made: dict[Topic, str] = {}
        for watch in told:
            watch.deliver(made)
        self._flashes.warm(told)

    def _revoke(self, name: str, stamp: str) -> None:
        holder = self.holders.get(name)
        if holder is None or holder.stamp == stamp:
            return
        holder.stamp = stamp
        for watch in holder.watching if stamp else ():
            if watch.is_dead() and not watch.opening:
                self.end(watch, "revoked")

    # What happens anyway

    async def _listen(self) -> None:
        while True:
            try:
                await bus().listen(self.hear)
            except Exception as error:
                logger.warning("The bus stopped (%s); once more in a second.", type(error).__name__)
            await asyncio.sleep(1)

    async def _tick_on(self) -> None:
        begun = time.monotonic()
        done = 0
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            due = int((time.monotonic() - begun) / BEAT_SECONDS)
            try:
                for _ in range(min(due - done, len(self._wheel))):
                    self._beat()
                if time.monotonic() - self._looked_at >= LOOK_SECONDS - BEAT_SECONDS / 2:
                    self._look_after()
            except Exception:
                logger.exception("The edge stumbled and goes on.")
            done = due

    def _beat(self) -> None:
        """The heartbeat of those whose turn it is, and their stamps once more in case that everything else failed. Then the
        guards of others, so many that everybody's are asked in time.
        """
        now = time.monotonic()
        self._turn = (self._turn + 1) % len(self._wheel)
        for watch in tuple(self._wheel[self._turn]):
            if reason := watch.beat(now):
                self.end(watch, reason)
            else:
                self._want(watch, self._tended)
        for _ in range(math.ceil(len(self._wheel) * BEAT_SECONDS / GUARD_SECONDS)):
            self._guarded_turn = (self._guarded_turn + 1) % len(self._wheel)
            for watch in self._wheel[self._guarded_turn]:
                self._tended.guarded.update(watch.guarded)

    def _look_after(self) -> None:
        self._looked_at = now = time.monotonic()
        for stream, since in tuple(self._busy.items()):
            if now - since > BUSY_SECONDS:
                self.remove(stream)
                stream.cut()
        self._next.merge(self._tended)
        self._tended = Look()
        if now - self._fed_at >= FEED_SECONDS - LOOK_SECONDS / 2:
            self._next.flashing |= self._flashes.to_look_at()
            self._fed_at = now
            if self.topics:
                self._want_feed(FEED_OVERLAP)
        self._begin()

    @staticmethod
    def _want(watch: Watch, look: Look) -> None:
        look.sourced.update(topic.name for topic in watch.topics if topic.sourced)
        look.sourced.update(OF_HOLDER + holder.name for holder in watch.holders)

    def _want_feed(self, overlap: timedelta) -> None:
        since = self._since - overlap
        self._next.since = min(since, self._next.since or since)

    @staticmethod
    def _topic(known: dict[str, Topic], name: str) -> Topic:
        topic = known.get(name)
        if topic is None:
            topic = known[name] = Topic(name, sourced=sources.has_source(name))
        return topic


def _resolve(waiting: Iterable["asyncio.Future[None]"], error: BaseException | None) -> None:
    for read in waiting:
        if read.done():
            continue
        if error is None:
            read.set_result(None)
        else:
            read.set_exception(error)
