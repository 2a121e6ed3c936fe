"""The network, in our hands: two proxies that cut, hold, delay, double and swallow what passes through them.

``Front`` stands between browsers and servers and knows requests; ``Wire`` stands before a database or Redis and knows
bytes. Both run in one event loop in a thread of its own and count what a fault really hit.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
    b"<html><title>Hotel</title><body>Welcome to our wireless network. Please sign in.</body></html>"
)
AWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 3\r\nConnection: close\r\n\r\n502"
PASS = "pass"


class Network:
    """The thread with the event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        self.run(self._end_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _end_all(self) -> None:
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.02)  # who was let in just now has to begin before it can be ended
        others = asyncio.all_tasks(self.loop) - {asyncio.current_task(self.loop)}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.02)  # connections that were aborted are closed in the turns that follow


@dataclass(eq=False)
class Proxy:
    """What both have in common. ``hits`` counts connections or requests that the present mode has harmed."""

    network: Network
    mode: str = PASS
    seconds: float = 0.0
    hits: int = 0
    port: int = 0
    streams: set[asyncio.StreamWriter] = field(default_factory=set)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        async def listen() -> None:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=512)
            self.network.servers.append(server)
            self.port = server.sockets[0].getsockname()[1]

        self.network.run(listen())

    def begin(self, mode: str, seconds: float = 0.0) -> None:
        """From now on harm what passes in this way."""

        async def change() -> None:
            self.hits, self._ended, self.mode, self.seconds = 0, asyncio.Event(), mode, seconds
            if mode in ("cut", "refuse"):
                self._abort_all()

        self.network.run(change())

    def end(self) -> int:
        """Let everything pass again; what was held is cut. Answers how often the fault hit."""

        async def change() -> int:
            self.mode = PASS
            self._ended.set()
            return self.hits

        return int(self.network.run(change()))

    def _abort_all(self) -> None:
        for writer in self.streams:
            self.hits += 1
            writer.transport.abort()
        self.streams.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.streams.add(writer)
        try:
            if self.mode == "refuse":
                self.hits += 1
            else:
                await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # somebody went away, or the run is over
        finally:
            self.streams.discard(writer)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


@dataclass(eq=False)
class Wire(Proxy):
    """Bytes to one port. Modes: pass, refuse, cut (whatever is said ends the connection), blackhole."""

    to: int = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "blackhole":
            self.hits += 1
            await self._ended.wait()
            return
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.to)
        self.streams.add(upstream)
        pumps = [
            asyncio.ensure_future(self._pump(reader, upstream)),
            asyncio.ensure_future(self._pump(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self.streams.discard(upstream)
            upstream.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.mode in ("blackhole", "cut"):
                self.hits += 1
                if self.mode == "blackhole":
                    await self._ended.wait()
                return  # what was lost on the way cannot be continued
            writer.write(data)
            await writer.drain()


@dataclass(frozen=True)
class Request:
    """One request as it came: its path and all of its bytes."""

    method: str
    path: str
    raw: bytes

    @property
    def is_send(self) -> bool:
        """Whether it says something: what a fault of single requests is aimed at."""
        return self.method == "POST" and "/messages/" in self.path

    @property
    def is_stream(self) -> bool:
        return "/live/stream/" in self.path


@dataclass(eq=False)
class Front(Proxy):
    """Requests to the site, one a connection.

    Modes: pass, refuse, cut, blackhole; of sends alone: half (the server gets a part of it), swallow (the answer is lost
    after the server acted), halve (a part of the answer arrives), duplicate (it arrives twice, at once), late (the
    browser is cut off and the request arrives ``seconds`` later), delay. In mode portal somebody else answers 200 to
    everything.
    """

    route: Callable[[str], int] = lambda path: 0
    rng: random.Random = field(default_factory=random.Random)
    late: set[asyncio.Task[None]] = field(default_factory=set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await self._read(reader)
        mode = self.mode
        if mode == "blackhole":
            self.hits += 1
            await self._ended.wait()
        elif mode == "portal":
            self.hits += request.is_send
            await self._portal(request, reader, writer)
        elif mode in (PASS, "cut") or not request.is_send:
            await self._forward(request, reader, writer)
        else:
            self.hits += 1
            await getattr(self, f"_{mode}")(request, reader, writer)

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _version = first.split(" ", 2)
        lengths = [int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:")]
        body = await reader.readexactly(lengths[0]) if lengths else b""
        return Request(method, path, head + body)

    async def _forward(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, upstream = await asyncio.open_connection("127.0.0.1", self.route(request.path))
        except OSError:
            writer.write(AWAY)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        self.streams.add(upstream)
        left = asyncio.ensure_future(reader.read(1)) if request.is_stream else None  # a browser that goes away
        try:
            upstream.write(request.raw)
            while data := await self._next(answers, left):
                if self.mode == "blackhole":
                    self.hits += 1
                    await self._ended.wait()
                    return
                writer.write(data)
                await writer.drain()
            writer.close()
            await writer.wait_closed()
        finally:
            if left:
                left.cancel()
                await asyncio.gather(left, return_exceptions=True)
            self.streams.discard(upstream)
            upstream.transport.abort()

    async def _next(self, answers: asyncio.StreamReader, left: "asyncio.Future[bytes] | None") -> bytes:
        if left is None:
            return await answers.read(65536)
        data = asyncio.ensure_future(answers.read(65536))
        await asyncio.wait([data, left], return_when=asyncio.FIRST_COMPLETED)
        if data.done():
            return data.result()
        data.cancel()
        await asyncio.gather(data, return_exceptions=True)
        return b""

    async def _exchange(self, request: Request) -> bytes:
        answers, upstream = await asyncio.open_connection("127.0.0.1", self.route(request.path))
        try:
            upstream.write(request.raw)
            return await answers.read()
        finally:
            upstream.transport.abort()

    async def _half(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _answers, upstream = await asyncio.open_connection("127.0.0.1", self.route(request.path))
        upstream.write(request.raw[: self.rng.randrange(len(request.raw) // 2, len(request.raw))])
        await upstream.drain()
        await asyncio.sleep(0.05)
        upstream.transport.abort()

    async def _swallow(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._exchange(request)

    async def _halve(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await self._exchange(request)
        writer.write(answer[: self.rng.randrange(len(answer))])
        await writer.drain()

    async def _duplicate(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = await asyncio.gather(self._exchange(request), self._exchange(request))
        writer.write(self.rng.choice(answers))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _late(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._deliver_late(request, self.seconds))
        self.late.add(task)
        task.add_done_callback(self.late.discard)

    async def _deliver_late(self, request: Request, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(OSError):  # the server is away just then: it was lost after all
            await self._exchange(request)

    async def _portal(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PORTAL)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _delay(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.seconds)
        await self._forward(request, reader, writer)
