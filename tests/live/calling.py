"""Calling the edge as a server would, in this process and in one event loop."""

import asyncio
import json
import re
import time
from contextlib import contextmanager

from django.test import override_settings

from shopchat.asgi import with_live
from shopchat.live import running, sources, transport
from shopchat.live.bus.local import LocalBus
from shopchat.live.tickets import issue

STREAM, POLL = "/chat/live/stream/", "/chat/live/poll/"
LOCAL = {"BACKEND": "shopchat.live.bus.local.LocalBus"}
DEAF = {"BACKEND": "tests.live.calling.DeafBus"}
rows = {}


def things(topics):
    """The source of ``thing.…``: what a test has put into ``rows``."""
    return {topic: rows[topic] for topic in topics if topic in rows}


class Slow(Exception):
    """Something did not come in time."""


class Call:
    """One request. ``stuck`` is a browser that takes nothing any longer."""

    def __init__(self, application, path, *, query="", method="GET", headers=(), client="192.0.2.1", root_path=""):
        self.sent, self.stuck, self.aborted = [], False, False
        self._moved = asyncio.Event()
        self._gone = asyncio.Event()
        self.transport = self
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "root_path": root_path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
            "client": (client, 1234),
        }
        self.task = asyncio.create_task(application(scope, self._receive, self.send))

    async def send(self, message):
        while self.stuck and not self._gone.is_set():
            self._moved.clear()
            await self._moved.wait()
        if self._gone.is_set():
            return
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._gone.set()

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def leave(self):
        self._gone.set()
        self._moved.set()

    def abort(self):
        self.aborted = True
        self.leave()

    def unstick(self):
        self.stuck = False
        self._moved.set()

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:]).decode()

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def blocks(self):
        """Id and data of each block that has some."""
        found = re.findall(r"id: (.*)\ndata: (.*)\n\n", self.text)
        return [(identity, json.loads(data)) for identity, data in found]

    async def until(self, holds, seconds=60.0):
        limit = time.monotonic() + seconds
        while not holds(self):
            if time.monotonic() > limit:
                raise Slow(self.text)
            await asyncio.sleep(0.005)
        return self

    async def opened(self):
        return await self.until(lambda call: call.blocks)

    async def done(self):
        await asyncio.wait_for(self.task, 60)
        return self


class Driven(Call):
    """A request of a server whose ``send`` may be driven by hand."""


Driven.__module__ = "uvicorn.imagined"


class DeafBus(LocalBus):
    """A bus that is down: nothing is ever heard."""

    def publish(self, topics):
        pass


async def nothing(scope, receive, send):
    """The application behind."""
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


def stream(*topics, call=Driven, holders=(), after=None, tickets=None, application=None, **kwargs):
    tickets = tickets if tickets is not None else [issue(topics, holders=holders)]
    query = "&".join([*(f"ticket={ticket}" for ticket in tickets), *([] if after is None else [f"after={after}"])])
    return call(application or with_live(nothing), STREAM, query=query, **kwargs)


def poll(ticket, etag="", **kwargs):
    headers = [("if-none-match", etag)] if etag else []
    return Driven(with_live(nothing), POLL, query=f"ticket={ticket}", headers=headers, **kwargs)


@contextmanager
def edge_settings(*, bus=None, **stream_settings):
    # The heartbeat, which finds everything in the end, must not do the work of what is tested.
    chosen = {"BUS": bus or LOCAL, "STREAM": {"HEARTBEAT": 600, **stream_settings}}
    before = dict(sources._sources)
    feeds = list(sources._feeds)
    sources.register_source("thing", things, instant=True)
    rows.clear()
    try:
        with override_settings(SHOPCHAT=chosen):
            yield
    finally:
        sources._sources.clear()
        sources._sources.update(before)
        sources._feeds[:] = feeds


def play(scene, **settings):
    """Run the coroutine function in a loop of its own, with an edge of its own."""

    async def whole():
        try:
            await scene()
        finally:
            running.stop()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    served = transport._served
    try:
        with edge_settings(**settings):
            asyncio.run(whole())
    finally:
        transport._served = served
