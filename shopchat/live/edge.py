"""The edge: streams as plain ASGI, in front of Django and without it. Polls are answered by ``polls``.

An open stream is one coroutine that waits for its browser to go. It holds no thread, no database connection, no queue.
"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from shopchat.conf import settings
from shopchat.live import wire
from shopchat.live.admission import Admission, address_of
from shopchat.live.answers import QUERY_MAX_LENGTH, Answer, refusal, respond
from shopchat.live.hub import Hub
from shopchat.live.polls import Polls
from shopchat.live.shortcuts import forget, leave_to
from shopchat.live.streams import Stream
from shopchat.live.tickets import VALID_SECONDS, BadTicket, Ticket, is_void, read

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

MAX_TICKETS = 8


class Edge:
    """What one process serves in one event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub()
        self.draining = False
        self._report = self.hub.report  # one bound method for all streams
        self._admission = Admission()
        self.polls = Polls(self.hub)
        self.hub.start()

    def drain(self) -> None:
        """End all streams, take no new ones. Browsers come back spread over seconds, hopefully to somebody else."""
        self.draining = True
        for watch in self.hub.watches():
            if isinstance(watch, Stream) and not watch.opening:
                self.hub.remove(watch)
                watch.end("shutdown", retry=random.randint(500, 10_000))  # noqa: S311 spread, not secrecy

    def stop(self) -> None:
        self.drain()
        self.hub.stop()

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a stream and stay until one of both sides ends it."""
        address = sys.intern(address_of(scope))  # thousands may share one
        asked = self._asked(scope, address)
        if isinstance(asked, Answer):
            await respond(asked, send)
            return
        tickets, after = asked
        stream = Stream(send, address=address, ends_at=_ends_at(tickets), report=self._report)
        self._admission.enter(address)
        self.hub.add(stream, tickets)
        try:
            is_open = await self._open(stream, tickets, after, scope, send)
            del asked, tickets, after  # an idle stream keeps nothing that it does not need
            if is_open:
                if (exchange := stream.exchange) is not None:
                    gone = leave_to(exchange)
                    forget(scope)
                    while not (exchange.disconnected or exchange.response_complete):
                        await gone.happened
                        gone.clear()
                else:
                    while (await receive())["type"] != "http.disconnect":
                        pass
        except asyncio.CancelledError:
            if not stream.ended:
                raise
        finally:
            self.hub.remove(stream)
            self._admission.leave(address)

    def _asked(self, scope: Scope, address: str) -> Answer | tuple[list[Ticket], str]:
        """The tickets and the place from which to go on; or a refusal."""
        if scope["method"] != "GET":
            answer = refusal(405, "only GET")
            return Answer(405, (*answer.headers, ("Allow", "GET")), answer.body)
        if self.draining or settings.STREAM["ENABLED"] is False:
            return refusal(503, "no stream is served here now", retry_after=random.randint(1, 10))  # noqa: S311
        if len(scope["query_string"]) > QUERY_MAX_LENGTH:
            return refusal(414, "the address is too long")
        fields = parse_qs(scope["query_string"].decode("latin-1"))
        given = fields.get("ticket", [])
        if len(given) > MAX_TICKETS:
            return refusal(400, f"at most {MAX_TICKETS} tickets")
        tickets, bad = _read_all(given)
        if bad or not tickets:
            return refusal(403, "bad ticket", bad=bad)
        if status := self._admission.refused(address):
            return refusal(status, "too many streams", retry_after=random.randint(30, 90))  # noqa: S311
        last = next((value for name, value in scope["headers"] if name == b"last-event-id"), None)
        return tickets, last.decode("latin-1") if last is not None else fields.get("after", [""])[0]

    async def _open(self, stream: Stream, tickets: list[Ticket], after: str, scope: Scope, send: Send) -> bool:
        """Send what is true now. Whether the stream is open then."""
        try:
            await self.hub.fresh(stream)
        except Exception:  # whatever the database's client raises
            await respond(refusal(503, "the database does not answer", retry_after=random.randint(5, 15)), send)  # noqa: S311
            return False
        bad = [number for number, ticket in enumerate(tickets) if self._is_void(ticket)]
        if bad:
            await respond(refusal(403, "revoked", bad=bad), send)
            return False
        await send(wire.start(scope.get("http_version", "1.1")))
        stream.pending = ()
        await send(wire.first(stream.topics, after=after, retry=random.randint(1000, 3000)))  # noqa: S311
        stream.begin()
        if self.draining or stream.is_dead():
            self.hub.end(stream, "shutdown" if self.draining else "revoked")
        return True

    def _is_void(self, ticket: Ticket) -> bool:
        return any(is_void(ticket.issued_at, self.hub.revoked_at(holder)) for holder in ticket.holders)


def _read_all(given: list[str]) -> tuple[list[Ticket], list[int]]:
    """The tickets that are good, and the places of those that are not."""
    tickets, bad = [], []
    for number, ticket in enumerate(given):
        try:
            tickets.append(read(ticket, again=False))
        except BadTicket:
            bad.append(number)
    return tickets, bad


def _ends_at(tickets: list[Ticket]) -> float:
    """When the stream has lived long enough: at its lifetime, more or less, and before any of its tickets expires."""
    limits = settings.STREAM
    lifetime = float(limits["LIFETIME"]) * random.uniform(0.9, 1.1)  # noqa: S311 spread, not secrecy
    oldest = min(ticket.issued_at for ticket in tickets)
    left = oldest + VALID_SECONDS - float(limits["HEARTBEAT"]) - time.time()
    return time.monotonic() + min(lifetime, left)
