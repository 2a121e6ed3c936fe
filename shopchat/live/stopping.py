"""Learning early that the server is about to stop.

A server waits for open answers before it tells applications to shut down; streams would keep it waiting. So the handlers
that it has put on SIGTERM and SIGINT are wrapped: first the streams end, then it does what it would have done.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def on_stop(loop: asyncio.AbstractEventLoop, drain: Callable[[], None]) -> None:
    """Call ``drain`` in the loop when one of the signals comes, before the server's own handler.

    Where that is not possible (another thread, or a server that leaves signals to the system), nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) and handler is not signal.default_int_handler:
            signal.signal(number, _Wrapped(_original(handler), loop, drain))


class _Wrapped:
    """A handler behind ours."""

    def __init__(self, handler: Callable[..., Any], loop: asyncio.AbstractEventLoop, drain: Callable[[], None]):
        self.handler = handler
        self._loop = loop
        self._drain = drain

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._drain)
        self.handler(number, frame)


def _original(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The server's own; ours of a loop that is gone is left out."""
    return handler.handler if isinstance(handler, _Wrapped) else handler
