"""What goes over the wire of a stream: Server-Sent Events that name topics and stamps, and nothing else."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from shopchat.live.watches import Topic

Message = Mapping[str, Any]
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-shopchat", b"1"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold a stream back
    (b"content-encoding", b"identity"),  # and compressors would hold it until their window is full
]
HTTP1 = (b"connection", b"close")  # nothing follows a stream; HTTP/2 forbids the header
HEARTBEAT = b": \n\n"


def start(http_version: str) -> Message:
    """The head of the answer."""
    headers = [*HEADERS, HTTP1] if http_version in {"1.0", "1.1"} else HEADERS
    return {"type": "http.response.start", "status": 200, "headers": headers}


def first(topics: tuple[Topic, ...], *, after: str, retry: int) -> Message:
    """All stamps; or, for a browser that knows them, that it missed nothing. Typing is no part of what it may know."""
    current = identity(topics)
    if not current or after != current:
        return _body(f"retry: {retry}\n{_named(topics, current)}")
    lit = [topic for topic in topics if not topic.sourced and topic.stamp]
    more = _named(lit, current) if lit else ""
    return _body(f"retry: {retry}\nevent: ready\nid: {current}\ndata: {{}}\n\n{more}")


def moved(topics: tuple[Topic, ...], some: Iterable[Topic], made: dict[Topic, str]) -> bytes:
    """Stamps of those topics that moved. ``made`` keeps what was written for others; there may be ten thousand."""
    stamps = ",".join([made.get(topic) or _pair(topic, made) for topic in some])
    return f'id: {identity(topics)}\ndata: {{"topics":{{{stamps}}}}}\n\n'.encode()


def block(body: bytes) -> Message:
    """A block as ASGI sends it."""
    return {"type": "http.response.body", "body": body, "more_body": True}


def end(reason: str, *, retry: int) -> Message:
    """The last block."""
    block = f"event: end\nretry: {retry}\ndata: {json.dumps({'reason': reason})}\n\n"
    return {"type": "http.response.body", "body": block.encode(), "more_body": False}


def identity(topics: tuple[Topic, ...]) -> str:
    """Where a browser stands that knows all of these."""
    return ",".join([topic.stamp or "" for topic in topics if topic.sourced])


def _named(topics: Iterable[Topic], current: str) -> str:
    stamps = {topic.name: topic.stamp or "" for topic in topics}
    return f"id: {current}\ndata: {json.dumps({'topics': stamps}, separators=(',', ':'))}\n\n"


def _pair(topic: Topic, made: dict[Topic, str]) -> str:
    pair = made[topic] = f"{json.dumps(topic.name)}:{json.dumps(topic.stamp or '')}"
    return pair


def _body(text: str) -> Message:
    return block(text.encode())
