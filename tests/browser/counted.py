"""The demo store with its streams counted and, when a test asks for it, refused or cut: ``uvicorn tests.browser.counted:application``.

``GET /-/streams`` answers with ``open`` (now), ``most`` (at any moment), ``total`` (ever) and ``tickets`` (in the latest).
``?refuse=503`` refuses from now on, ``?refuse=`` no more, ``?cut=1`` cuts those that are open, ``?reset=1`` counts anew.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from example_site.asgi import application as store

STREAM, CONTROL = "/chat/live/stream/", "/-/streams"


class Counted:
    """An ASGI application around the store's."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.counts = {"open": 0, "most": 0, "total": 0, "tickets": 0, "refused": 0}
        self.refusal = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path")
        if path == CONTROL:
            await self.control(parse_qs(scope["query_string"].decode(), keep_blank_values=True), send)
        elif path == STREAM and self.refusal:
            self.counts["refused"] += 1
            await self.answer(send, self.refusal, b'{"error": "no"}', [(b"x-shopchat", b"1"), (b"retry-after", b"1")])
        elif path == STREAM:
            await self.count(scope, receive, send)
        else:
            await store(scope, receive, send)

    async def count(self, scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.ensure_future(store(scope, receive, send))
        self.tasks.add(task)
        self.counts["total"] += 1
        self.counts["tickets"] = len(parse_qs(scope["query_string"].decode())["ticket"])
        self.counts["most"] = max(self.counts["most"], len(self.tasks))
        try:
            with suppress(asyncio.CancelledError):
                await task
        finally:
            self.tasks.discard(task)

    async def control(self, asked: dict[str, list[str]], send: Any) -> None:
        if "refuse" in asked:
            self.refusal = int(asked["refuse"][0] or 0)
        if "cut" in asked:
            for task in list(self.tasks):
                task.cancel()
        if "reset" in asked:
            self.counts.update(most=len(self.tasks), total=0, refused=0)
        body = json.dumps({**self.counts, "open": len(self.tasks)}).encode()
        await self.answer(send, 200, body, [])

    async def answer(self, send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


application = Counted()
