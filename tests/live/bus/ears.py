"""Somebody who listens to a bus in an event loop of their own."""

import asyncio
import threading
import time
from contextlib import contextmanager


class Ears:
    """What was heard, in order. An empty tuple stands for "look everywhere"."""

    def __init__(self, bus):
        self.heard = []
        self.ended = None
        self._seen = 0
        self._bus = bus
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def topics(self):
        return {topic for hint in self.heard for topic in hint}

    def everywhere(self):
        """How often it was said that anything may have moved."""
        return sum(not hint for hint in self.heard)

    def until(self, condition, within=60.0):
        """Whether the condition came true in time."""
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout=within))

    def forget(self):
        """What was heard so far does not count any more."""
        self._seen = len(self.heard)

    def hears(self, *topics, within=60.0):
        """Whether somebody who waits for these topics was woken: by name, or by "look everywhere"."""

        def woken():
            fresh = self.heard[self._seen :]
            return () in fresh or set(topics) <= {topic for hint in fresh for topic in hint}

        return self.until(woken, within)

    def until_told(self, topic, publish, within=60.0):
        """Whether the topic was heard. It is published again and again: a bus may lose a hint while its server is away."""
        limit = time.monotonic() + within
        while topic not in self.topics() and time.monotonic() < limit:
            publish([topic])
            self.until(lambda: topic in self.topics(), 0.2)
        return topic in self.topics()

    def hears_nothing(self, during=0.3):
        before = len(self.heard)
        return not self.until(lambda: len(self.heard) > before, during)

    def _hear(self, topics):
        with self._changed:
            self.heard.append(tuple(topics))
            self._changed.notify_all()

    def _run(self):
        self._task = self._loop.create_task(self._bus.listen(self._hear))
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            self.ended = "cancelled"
        finally:
            self.left_over = asyncio.all_tasks(self._loop)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


@contextmanager
def listening(bus, *, ready=True):
    """Ears on the bus, which hears already unless ``ready`` is false. Cancelled at the end, which has to work."""
    ears = Ears(bus)
    ears._thread.start()
    try:
        if ready:
            assert ears.until(ears.everywhere), "the bus did not begin to hear"
            ears.forget()
        yield ears
    finally:
        deadline = time.monotonic() + 60
        while ears._thread.is_alive() and time.monotonic() < deadline:
            ears._loop.call_soon_threadsafe(ears._task.cancel)
            ears._thread.join(0.5)
    assert not ears._thread.is_alive(), "the listener did not end when it was cancelled"
    assert ears.ended == "cancelled"
    assert not ears.left_over
