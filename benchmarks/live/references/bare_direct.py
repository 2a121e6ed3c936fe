"""Bare ASGI without queues: whoever publishes drives each connection's ``send``, which hardly ever waits."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.live.references.wire import EVERYONE, HEADERS, Counter

Send = Callable[[dict[str, Any]], Awaitable[None]]
sends: defaultdict[str, set[Send]] = defaultdict(set)
counter = Counter()


async def application(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    assert scope["type"] == "http"
    topic = scope["query_string"].partition(b"=")[2].decode()
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
        event = counter.next(topic)
        for theirs in list(sends[topic]):
            await theirs({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": counter.first(topic), "more_body": True})
    sends[topic].add(send)
    sends[EVERYONE].add(send)
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        sends[topic].discard(send)
        sends[EVERYONE].discard(send)
