"""One browser's stream: which stamps have come, and when."""

import asyncio
import base64
import json
import os
import time
from collections import Counter
from typing import Any, cast

# How many streams have heard each stamp of a topic that is not their own.
tally: Counter[tuple[str, int]] = Counter()


TEXT, PING, PONG, FINAL, MASKED = 0x1, 0x9, 0xA, 0x80, 0x80


class Refused(ConnectionError):
    """The server answered with something else than a stream."""


class Stream(asyncio.Protocol):
    """Server-sent events about ``topic``, whose stamps are numbers that grow by one with each message."""

    __slots__ = (
        "buffer",
        "caught_up",
        "closed",
        "ends",
        "expected",
        "head",
        "heard",
        "heartbeats",
        "last",
        "opened",
        "path",
        "post",
        "started",
        "topic",
        "transport",
    )

    def __init__(self, *, topic: str, path: str, post: dict[str, Any], last: int = 0):
        self.topic, self.path, self.post, self.last = topic, path, post, last
        self.expected = last
        self.heard: dict[int, float] = {}
        self.heartbeats = self.ends = 0
        self.caught_up = False
        self.again()

    @property
    def is_open(self) -> bool:
        return self.started and not self.closed

    def again(self) -> None:
        """As before it was connected."""
        self.buffer = b""
        self.transport: asyncio.Transport | None = None
        self.started = self.closed = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def expect(self) -> int:
        """The stamp that the next message will have."""
        self.expected = max(self.expected, self.last) + 1
        return self.expected

    def resumed(self, behind: int) -> "Stream":
        """The same browser before it connects again, ``behind`` events behind."""
        path = f"{self.path.partition('&after=')[0]}&after={max(0, self.last - behind)}"
        fresh = type(self)(topic=self.topic, path=path, post=self.post)
        fresh.expected = self.last
        return fresh

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def request(self) -> bytes:
        return f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.request())

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(Refused(self.buffer[:300].decode("latin-1")))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if self.buffer:
            data = self.buffer + data
        if not self.started:
            head, found, rest = data.partition(b"\r\n\r\n")
            if not found or head[9:12] not in (b"200", b"101"):
                self.buffer = data
                if found:
                    self.cut()
                return
            self.started, data = True, rest
        self.buffer = self.blocks(data, now)

    def blocks(self, data: bytes, now: float) -> bytes:
        """Take what is whole, give back the rest. The lengths of chunks stand between events and are passed over."""
        start = 0
        while (end := data.find(b"\n\n", start)) >= 0:
            at = data.find(b"data:", start, end)
            if at >= 0:
                self.event(data[at + 5 : end], now)
            elif data.find(b":", start, end) >= 0:
                self.heartbeats += 1
            start = end + 2
        return data[start:]

    def event(self, text: bytes, now: float) -> None:
        content = json.loads(text) if len(text) > 2 else {}
        for topic, stamp in content.get("topics", {}).items() if isinstance(content, dict) else ():
            if topic == self.topic:
                self.hear(int(stamp), now)
            elif stamp.isdigit():
                tally[topic, int(stamp)] += 1
        self.ends += isinstance(content, dict) and "reason" in content
        if not self.opened.done():
            self.opened.set_result(None)

    def hear(self, stamp: int, now: float) -> None:
        for number in range(self.last + 1, stamp + 1):
            self.heard[number] = now
        self.last = max(self.last, stamp)
        self.caught_up = self.caught_up or self.last >= self.expected


class WebSocket(Stream):
    """The same over a WebSocket, for servers that speak nothing else: short text frames only."""

    __slots__ = ()

    def request(self) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ("Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
        return "\r\n".join([f"GET {self.path} HTTP/1.1", *lines, f"Sec-WebSocket-Key: {key}", "", ""]).encode()

    def blocks(self, data: bytes, now: float) -> bytes:
        start = 0
        while len(data) >= start + 2:
            length, begin = data[start + 1], start + 2
            if length == 126:
                if len(data) < start + 4:
                    break
                length, begin = int.from_bytes(data[start + 2 : start + 4], "big"), start + 4
            if len(data) < begin + length:
                break
            kind, content = data[start] & 0x0F, data[begin : begin + length]
            if kind == TEXT:
                self.event(content, now)
            elif kind == PING and self.transport is not None:
                self.transport.write(bytes([FINAL | PONG, MASKED | length, 0, 0, 0, 0]) + content)
            start = begin + length
        return data[start:]
