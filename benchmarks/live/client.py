"""The browsers, in a process of their own: thousands of streams, and senders that keep to a timetable.

It reads a plan (which streams, which posts), obeys commands that come as JSON lines on standard input and answers each
with one JSON line. Sending is open-loop: a message's clock starts at its place in the timetable, whether or not one of the
32 connections is free, and a message that never arrives has an infinite latency.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.live.posters import Poster
from benchmarks.live.receivers import Stream, WebSocket, tally
from benchmarks.live.timetable import ticks

HOST = "127.0.0.1"
SENDERS = 32
AT_ONCE = 200
OPEN_SECONDS = 240
EVERYONE = "everyone"
PERCENTILES = (50, 99)


class Client:
    """What the plan says, and the streams that are open."""

    def __init__(self, plan: dict[str, Any]):
        self.plan = plan
        self.receivers: list[Stream] = []
        self.kind = WebSocket if plan.get("websocket") else Stream
        self.posters: deque[Poster] = deque()
        self.turn: deque[int] = deque()
        self.broadcasts = 0

    async def open(self, count: int, at_once: int = AT_ONCE) -> dict[str, Any]:
        """Have ``count`` streams, at most ``at_once`` of them opening at the same time."""
        begin, slots = time.perf_counter(), asyncio.Semaphore(at_once)
        news = range(len(self.receivers), count)
        self.receivers += [self._receiver(number) for number in news]

        async def one(receiver: Stream) -> None:
            async with slots:
                await self._connect(receiver)

        await asyncio.wait_for(asyncio.gather(*(one(self.receivers[number]) for number in news)), OPEN_SECONDS)
        self._shuffle()
        return {"seconds": time.perf_counter() - begin, "open": sum(receiver.is_open for receiver in self.receivers)}

    async def close(self, keep: int = 0) -> dict[str, Any]:
        """Cut all streams but the first ``keep``."""
        for receiver in self.receivers[keep:]:
            receiver.cut()
        del self.receivers[keep:]
        self._shuffle()
        await asyncio.sleep(0.2)
        return {"open": len(self.receivers)}

    async def window(self, rate: float, seconds: float, patience: float) -> dict[str, Any]:
        """Send ``rate`` messages a second, each to another stream, and wait for what is missing for ``patience`` seconds."""
        await self._get_ready()
        total = max(1, round(rate * seconds))
        begin, cpu = time.perf_counter(), time.process_time()
        messages = await self._send(total, rate, patience)
        spent = time.perf_counter() - begin
        return {**_figures(messages), "client_cpu": (time.process_time() - cpu) / spent, "seconds": spent}

    async def broadcast(self, patience: float) -> dict[str, Any]:
        """Post once to everybody, and wait until all have heard."""
        await self._get_ready()
        self.broadcasts += 1
        begin, cpu = time.perf_counter(), time.process_time()
        until, heard = begin + patience, (EVERYONE, self.broadcasts)
        status = await self.posters[0].post(self._request(self.plan["broadcast"]))
        while tally[heard] < len(self.receivers) and time.perf_counter() < until:
            await asyncio.sleep(0.005)
        spent = time.perf_counter() - begin
        return {
            "missing": len(self.receivers) - tally[heard],
            "wrong": int(status // 100 != 2),
            "seconds": spent,
            "client_cpu": (time.process_time() - cpu) / spent,
        }

    async def storm(self, behind: int, patience: float) -> dict[str, Any]:
        """All lose their connection and come back at the same moment, each ``behind`` events behind."""
        for receiver in self.receivers:
            receiver.cut()
        await asyncio.sleep(1)
        begin = time.perf_counter()
        self.receivers = [receiver.resumed(behind) for receiver in self.receivers]
        with suppress(TimeoutError):
            # A browser that is turned away asks again, as the page's script does.
            await asyncio.wait_for(asyncio.gather(*map(self._insist, self.receivers)), patience)
        spent = time.perf_counter() - begin
        resumed = sum(receiver.is_open and receiver.caught_up for receiver in self.receivers)
        return {"seconds": spent, "resumed": resumed, "of": len(self.receivers)}

    async def count(self) -> dict[str, Any]:
        """How the streams stand."""
        heartbeats = sum(receiver.heartbeats for receiver in self.receivers)
        return {"open": sum(receiver.is_open for receiver in self.receivers), "heartbeats": heartbeats}

    async def ask(self, path: str, headers: list[str], status: int, connections: int, seconds: float) -> dict[str, Any]:
        """Keep-alive connections that ask again as soon as they are answered."""
        lines = "".join(f"{line}\r\n" for line in headers)
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode()
        posters = [await Poster.to(HOST, self.plan["stream_port"]) for _ in range(connections)]
        begin, cpu = time.perf_counter(), time.process_time()
        for poster in posters:
            poster.repeat(request, status)
        await asyncio.sleep(seconds)
        answered, spent = sum(poster.answered for poster in posters), time.perf_counter() - begin
        for poster in posters:
            poster.close()
        return {
            "answered": answered,
            "wrong": sum(poster.wrong for poster in posters),
            "rate": answered / spent,
            "client_cpu": (time.process_time() - cpu) / spent,
        }

    async def _send(self, total: int, rate: float, patience: float) -> list["_Message"]:
        free, waiting = self.posters, deque[_Message]()
        messages: list[_Message] = []
        loop = asyncio.get_running_loop()

        def go() -> None:
            while free and waiting:
                message, poster = waiting.popleft(), free.popleft()
                loop.create_task(deliver(message, poster))  # noqa: RUF006 the loop below waits for its effect

        async def deliver(message: _Message, poster: Poster) -> None:
            status = await poster.post(self._request(message.post))
            message.answered, message.wrong = time.perf_counter(), status // 100 != 2
            free.append(poster)
            go()

        async for due in ticks(total, rate):
            message = _Message(self._next(), due)
            messages.append(message)
            waiting.append(message)
            go()
        until = time.perf_counter() + patience
        while any(not message.is_complete for message in messages) and time.perf_counter() < until:
            await asyncio.sleep(0.02)
        waiting.clear()
        return messages

    async def _get_ready(self) -> None:
        """Have all connections, none of them still busy with what came before."""
        if not self.posters:
            self.posters.extend([await Poster.to(HOST, self.plan["post_port"]) for _ in range(SENDERS)])
        while len(self.posters) < SENDERS:
            await asyncio.sleep(0.02)

    def _next(self) -> Stream:
        """Another stream each time, so that no two messages can travel as one."""
        number = self.turn[0]
        self.turn.rotate(-1)
        return self.receivers[number]

    def _shuffle(self) -> None:
        numbers = list(range(len(self.receivers)))
        random.Random(7).shuffle(numbers)
        self.turn = deque(numbers)

    def _receiver(self, number: int) -> Stream:
        return self.kind(**self.plan["entries"][number % len(self.plan["entries"])])

    async def _connect(self, receiver: Stream) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: receiver, HOST, self.plan["stream_port"])
        await receiver.opened

    async def _insist(self, receiver: Stream) -> None:
        while True:
            try:
                await self._connect(receiver)
            except (OSError, ConnectionError):
                receiver.again()
                await asyncio.sleep(random.uniform(0.2, 1))
            else:
                return

    def _request(self, post: dict[str, Any]) -> bytes:
        body = post["body"].replace("{id}", os.urandom(16).hex()).encode()
        lines = "".join(f"{line}\r\n" for line in post.get("headers", []))
        head = f"POST {post['path']} HTTP/1.1\r\nHost: {HOST}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


class _Message:
    """One message on its way: when it was due, answered and heard."""

    __slots__ = ("answered", "due", "post", "receiver", "stamp", "wrong")

    def __init__(self, receiver: Stream, due: float):
        self.receiver, self.due, self.post = receiver, due, receiver.post
        self.answered = float("inf")
        self.wrong = False
        self.stamp = receiver.expect()

    @property
    def heard(self) -> float:
        return self.receiver.heard.get(self.stamp, float("inf"))

    @property
    def is_complete(self) -> bool:
        return self.heard < float("inf") and self.answered < float("inf")


def _figures(messages: list[_Message]) -> dict[str, Any]:
    series = {
        "delivery": [message.heard - message.due for message in messages],
        "answer": [message.answered - message.due for message in messages],
        # What the customer waits for beyond the answer; nothing when the event came first.
        "after": [message.heard - message.answered if message.is_complete else float("inf") for message in messages],
    }
    figures: dict[str, Any] = {
        f"{name}_p{percent}": _percentile(values, percent) * 1000
        for name, values in series.items()
        for percent in PERCENTILES
    }
    figures["sent"] = len(messages)
    figures["lost"] = sum(message.heard == float("inf") for message in messages)
    figures["wrong"] = sum(message.wrong or message.answered == float("inf") for message in messages)
    figures["after"] = [round(value * 1000, 3) for value in series["after"]]
    figures["delivery"] = [round(value * 1000, 3) for value in series["delivery"]]
    return figures


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


async def main(plan: dict[str, Any]) -> None:
    client = Client(plan)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        method: Callable[..., Awaitable[dict[str, Any]]] = getattr(client, command.pop("do"))
        try:
            answer = await method(**command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=Path)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(json.loads(parser.parse_args().plan.read_text())))
