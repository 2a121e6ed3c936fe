"""All reading that may wait (rows, the cache) happens in one thread for each process, a batch at a time.

One thread means one database connection, however many streams there are, and answers in the order of the questions.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from threading import Thread
from typing import Any

from django.db import DatabaseError, InterfaceError, connections

from shopchat.live import guards, sources
from shopchat.live.stamps import stamps

logger = logging.getLogger(__name__)


@dataclass
class Look:
    """What to read at once: topics with a source, topics without one, who to ask the guards about, what moved since."""

    sourced: set[str] = field(default_factory=set)
    flashing: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)
    since: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.sourced or self.flashing or self.guarded or self.since)

    def is_instant(self) -> bool:
        """Whether it can be answered without waiting."""
        return not (self.flashing or self.guarded or self.since) and sources.are_instant(self.sourced)

    def merge(self, other: "Look") -> None:
        """Take over what the other one wanted. What moved since when is asked again by itself."""
        self.sourced |= other.sourced
        self.flashing |= other.flashing
        self.guarded |= other.guarded


@dataclass
class Seen:
    """What was read: stamps, those of typing apart, and who is no longer entitled."""

    stamps: dict[str, str]
    flashes: dict[str, str] = field(default_factory=dict)
    fallen: set[str] = field(default_factory=set)


def see(look: Look) -> Seen:
    """Read it, here and now."""
    moved = sources.moved(look.since) if look.since else {}
    return Seen(
        stamps={**moved, **sources.read(look.sourced)},
        flashes=dict(stamps().flashes(look.flashing)) if look.flashing else {},
        fallen=guards.fallen(look.guarded),
    )


class Reader:
    """The thread. It begins with the first question and belongs to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._asked: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def ask(self, question: Callable[[], Any]) -> "asyncio.Future[Any]":
        """The answer, or what went wrong, when it is there."""
        if self._thread is None:
            # A daemon: a database that does not answer must not keep the process from ending.
            self._thread = Thread(target=self._run, name="shopchat-reader", daemon=True)
            self._thread.start()
        answer = self._loop.create_future()
        self._asked.put((question, answer))
        return answer

    def stop(self) -> None:
        """End when what was asked is answered."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread = None

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            question, answer = asked
            if answer.cancelled():  # whoever asked has gone
                continue
            try:
                result, error = _patiently(question), None
            except Exception as problem:
                result, error = None, problem
            try:
                self._loop.call_soon_threadsafe(_settle, answer, result, error)
            except RuntimeError:  # the loop is closed
                break
            del asked, question, answer, result  # not kept until the next question
        connections.close_all()


def _patiently(question: Callable[[], Any]) -> Any:
    """The connection stays open between questions; one that the server has closed meanwhile is opened once more."""
    try:
        return question()
    except (DatabaseError, InterfaceError):
        connections.close_all()
        return question()


def _settle(answer: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
