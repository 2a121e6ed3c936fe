"""One open stream: how blocks reach its browser, and what happens when the browser does not take them.

A coroutine of the server's ``send`` that has nothing to wait for is run to its end on the spot; a task for each block
would cost more than the block. Only when the browser reads too slowly does the rest of it become a task. Until that is
done the stream is busy and topics that move are remembered, not blocks: a slow browser costs no more than a fast one.
"""

import asyncio
from asyncio import Future, Task
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any

from shopchat.live import shortcuts, wire
from shopchat.live.watches import Topic, Watch

Send = Callable[[wire.Message], Awaitable[None]]


class Stream(Watch):
    """A stream. Until :meth:`begin` it only remembers what moves."""

    __slots__ = ("_app", "_busy", "_report", "_send", "address", "driven", "ended", "ends_at", "exchange")

    def __init__(self, send: Send, *, address: str, ends_at: float, report: Callable[["Stream", bool], None]):
        super().__init__()
        self.address = address
        self.ends_at = ends_at
        self.ended = False
        self.driven = shortcuts.may_be_driven(send)
        self.exchange = shortcuts.exchange_of(send)
        self._send = send
        self._report = report
        self._busy: Task[None] | None = None
        self._app = asyncio.current_task()
        report(self, True)

    def begin(self) -> None:
        """The browser took what was sent; from now on the stream is told at once."""
        self.opening = False
        self._busy = None
        self._report(self, False)
        if self.pending:
            self.deliver({})

    def deliver(self, made: dict[Topic, str]) -> None:
        if self.opening or self._busy or not self.pending:
            return
        some, self.pending = self.pending, ()
        self._write(wire.moved(self.topics, some, made))

    def beat(self, now: float) -> str:
        if self.opening or self._busy:
            return ""
        if now >= self.ends_at:
            return "lifetime"
        self._write(wire.HEARTBEAT)
        return ""

    def end(self, reason: str, *, retry: int = 1000) -> None:
        """Say why and close; a browser that is not reading anyway is cut off."""
        self.ended = True
        if self._busy:
            self.cut()
            return
        self._send_now(wire.end(reason, retry=retry))
        if not self.driven and self._app is not None:
            # The server may not tell the application that it is done.
            asyncio.get_running_loop().call_later(2, self._app.cancel)

    def cut(self) -> None:
        """Close without a word. What waits in the server's buffer is thrown away."""
        self.ended = True
        if self._busy is not None:
            self._busy.cancel()
        if not shortcuts.abort(self._send) and self._app is not None:
            self._app.cancel()

    def _write(self, body: bytes) -> None:
        try:
            is_written = self.exchange is not None and shortcuts.write(self.exchange, body)
        except Exception:  # as below: one connection that fails must not keep the others from being told
            self.cut()
            return
        if not is_written:
            self._send_now(wire.block(body))

    def _send_now(self, message: wire.Message) -> None:
        sending = self._send(message)
        if self.driven and type(sending) is CoroutineType:
            try:
                waits_for = sending.send(None)
            except StopIteration:
                return
            except Exception:  # the server has closed it and says so in its own words
                self.cut()
                return
            sending = _Rest(sending, waits_for)
        self._busy = asyncio.get_running_loop().create_task(
            sending if isinstance(sending, Coroutine) else _finish(sending)
        )
        self._busy.add_done_callback(self._done)
        self._report(self, True)

    def _done(self, task: Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self.cut()
            return
        self.begin()


class _Rest:
    """What is left of a coroutine that has begun, as something to await. It waits for ``waits_for`` first."""

    __slots__ = ("_sending", "_waits_for")

    def __init__(self, sending: Coroutine[Any, Any, None], waits_for: Future[Any]):
        self._sending = sending
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                answer = yield waits_for
            except BaseException as error:  # cancelled: the coroutine must hear of it
                step = self._sending.throw
                argument: Any = error
            else:
                step, argument = self._sending.send, answer  # type: ignore[assignment]
            try:
                waits_for = step(argument)
            except StopIteration:
                return


async def _finish(sending: Awaitable[None]) -> None:
    await sending
