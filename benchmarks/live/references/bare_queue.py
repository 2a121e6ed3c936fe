"""Bare ASGI as one writes it first: a queue for each connection, and a task that empties it into ``send``."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.live.references.wire import EVERYONE, HEADERS, Counter

queues: defaultdict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)
counter = Counter()


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    assert scope["type"] == "http"
    topic = scope["query_string"].partition(b"=")[2].decode()
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
        event = counter.next(topic)
        for queue in queues[topic]:
            queue.put_nowait(event)
    if scope["path"] != "/stream/":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        return
    mine: asyncio.Queue[bytes] = asyncio.Queue()
    mine.put_nowait(counter.first(topic))
    queues[topic].add(mine)
    queues[EVERYONE].add(mine)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    try:
        while True:
            await send({"type": "http.response.body", "body": await mine.get(), "more_body": True})
    finally:
        queues[topic].discard(mine)
        queues[EVERYONE].discard(mine)
