"""Where an ASGI server lets a stream cost less than ASGI does. Everything that we know about a server's insides is here.

uvicorn's ``send`` and ``receive`` are methods of an object for each request. With httptools it has all of ``KNOWN``, and
then a block can be written without a coroutine, and the end awaited without the two that ``receive`` would keep waiting:
half of the CPU and a tenth of the memory of a stream. Any other server, or another uvicorn, is spoken to in plain ASGI.
"""

import asyncio
from collections.abc import MutableMapping
from operator import attrgetter
from typing import Any

KNOWN = (
    "transport.write",
    "flow.write_paused",
    "flow.resume_reading",
    "disconnected",
    "response_complete",
    "chunked_encoding",
    "message_event.is_set",
)
_look_at = attrgetter(*KNOWN)


def exchange_of(send: Any) -> Any:
    """The object behind ``send`` if it is one that we know, else ``None``."""
    if not may_be_driven(send):
        return None
    try:
        _look_at(send.__self__)
    except AttributeError:
        return None
    return send.__self__


def may_be_driven(send: Any) -> bool:
    """Whether ``send`` may be run by hand: it waits for the socket and looks at nothing of the task that calls it."""
    return type(getattr(send, "__self__", None)).__module__.startswith("uvicorn.")


def write(exchange: Any, body: bytes) -> bool:
    """Write a piece of a chunked answer. Not done where ``send`` would wait or look closer: then it must be called."""
    if exchange.flow.write_paused or exchange.chunked_encoding is not True:
        return False
    if not exchange.disconnected and not exchange.response_complete:
        exchange.transport.write(b"%x\r\n%b\r\n" % (len(body), body))
    return True


class Gone:
    """Stands in for the event that a request waits on. Whoever waits for the end is woken by whatever happens."""

    __slots__ = ("_happened",)

    def __init__(self) -> None:
        self._happened = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Something came from the browser, or the connection has ended."""
        if not self._happened.done():
            self._happened.set_result(None)

    def clear(self) -> None:
        if self._happened.done():
            self._happened = asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        await self._happened

    @property
    def happened(self) -> "asyncio.Future[None]":
        """Done when something has happened since it was last cleared."""
        return self._happened


def abort(send: Any) -> bool:
    """Close the connection and throw away what waits in the server's buffer. Not done where that cannot be."""
    transport = getattr(getattr(send, "__self__", None), "transport", None) if may_be_driven(send) else None
    if transport is not None:
        transport.abort()
    return transport is not None


def leave_to(exchange: Any) -> Gone:
    """From now on the exchange wakes us directly."""
    gone = Gone()
    exchange.flow.resume_reading()  # as ``receive`` does; the end is noticed by reading
    if exchange.disconnected or exchange.message_event.is_set():
        gone.set()
    exchange.message_event = gone
    return gone


def forget(scope: MutableMapping[str, Any]) -> None:
    """Keep of a request what uvicorn still looks at. The ticket is in none of it."""
    scope["headers"].clear()  # the server's own list
    kept = {name: scope[name] for name in ("type", "method", "path", "headers")}
    scope.clear()
    scope.update(kept, query_string=b"")
