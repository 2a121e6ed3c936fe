"""All the browsers: each follows its conversation's stream and, when it is told of something new, fetches after its cursor.

It never looks by itself: what the stream does not tell it, it misses. All connections are cut every few seconds, and each
comes back with its cursor. Standard input gives, at the end, how far each conversation went; the answer is what was seen.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvloop

from benchmarks.lossless.setting import set_up

set_up()

from shopchat.conversations import thread  # noqa: E402 settings come first
from shopchat.conversations.models import Conversation  # noqa: E402

HOST = "127.0.0.1"


class Browser:
    """One conversation's reader."""

    def __init__(self, number: str, ticket: str, port: int, fetching: ThreadPoolExecutor):
        self.number, self.ticket, self.port, self.fetching = number, ticket, port, fetching
        self.cursor = 0
        self.seen: list[tuple[int, str]] = []
        self.wanted = asyncio.Event()
        self.connection: asyncio.StreamWriter | None = None
        self.opened = self.refused = 0

    async def follow(self) -> None:
        """Hold a stream, for ever; come back as the page's script does."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncio.IncompleteReadError):
                self.refused += 1
            await asyncio.sleep(random.uniform(0.05, 0.3))

    async def fetch(self) -> None:
        """Fetch whenever something is new, one request at a time."""
        loop = asyncio.get_running_loop()
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            found, cursor = await loop.run_in_executor(self.fetching, self._after, self.cursor)
            self.seen += found
            self.cursor = cursor

    def cut(self) -> None:
        if self.connection is not None:
            self.connection.transport.abort()

    async def _listen(self) -> None:
        reader, self.connection = await asyncio.open_connection(HOST, self.port)
        try:
            path = f"/chat/live/stream/?ticket={self.ticket}&after={self.cursor}"
            self.connection.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise ConnectionRefusedError
            self.opened += 1
            while True:
                line = await reader.readline()
                if not line:
                    return
                if line.startswith(b"data: "):
                    self._told(json.loads(line[6:]))
        finally:
            self.connection.close()

    def _told(self, content: dict[str, dict[str, str]]) -> None:
        stamp = content.get("topics", {}).get(f"conversation.{self.number}")
        if stamp is not None and int(stamp) != self.cursor:
            self.wanted.set()

    def _after(self, cursor: int) -> tuple[list[tuple[int, str]], int]:
        conversation = Conversation.objects.get(number=self.number)
        page = thread.newer(conversation, after=cursor, private=False)
        return [(message.seq, message.client_id) for message in page.messages], page.cursor


async def main(tickets: dict[str, str], port: int, cut_every: float, patience: float) -> None:
    fetching = ThreadPoolExecutor(1)
    browsers = [Browser(number, ticket, port, fetching) for number, ticket in tickets.items()]
    tasks = [asyncio.create_task(work) for browser in browsers for work in (browser.follow(), browser.fetch())]
    tasks.append(asyncio.create_task(_cut(browsers, cut_every)))
    commands = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    ends: dict[str, int] = json.loads(await commands.readline())
    begin = time.monotonic()
    while time.monotonic() < begin + patience and not _is_through(browsers, ends):
        await asyncio.sleep(0.05)
    result = {
        "seen": {browser.number: browser.seen for browser in browsers},
        "opened": sum(browser.opened for browser in browsers),
        "caught_up_after": time.monotonic() - begin,
    }
    for task in tasks:
        task.cancel()
    print(json.dumps(result))


def _is_through(browsers: list[Browser], ends: dict[str, int]) -> bool:
    """Everybody has read everything, and somebody had to come back for it."""
    came_back = sum(browser.opened for browser in browsers) > len(browsers)
    return came_back and all(browser.cursor >= ends[browser.number] for browser in browsers)


async def _cut(browsers: list[Browser], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        for browser in browsers:
            browser.cut()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cut-every", type=float, required=True)
    parser.add_argument("--patience", type=float, required=True)
    options = parser.parse_args()
    tickets = json.loads(options.plan.read_text())
    uvloop.run(main(tickets, options.port, options.cut_every, options.patience))
