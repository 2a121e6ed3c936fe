"""The least that Python can do: a uvloop protocol that writes to sockets. No HTTP parser, no framework."""

import argparse
import asyncio
from collections import defaultdict
from typing import cast

import uvloop

from benchmarks.live.references.wire import EVERYONE, HEAD, NO_CONTENT, Counter

streams: defaultdict[str, list[asyncio.WriteTransport]] = defaultdict(list)
counter = Counter()


class Connection(asyncio.Protocol):
    """A browser's or a publisher's socket; a request that comes in pieces is put together."""

    __slots__ = ("buffer", "transport")

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data if self.buffer else data
        head, found, body = data.partition(b"\r\n\r\n")
        if not found or (data.startswith(b"POST") and len(body) < _length(head)):
            self.buffer = data
            return
        self.buffer = b""
        topic = data[: data.index(b" HTTP/")].rpartition(b"=")[2].decode()
        if data.startswith(b"GET"):
            self.transport.write(HEAD + counter.first(topic))
            streams[topic].append(self.transport)
            streams[EVERYONE].append(self.transport)
        else:
            event = counter.next(topic)
            for transport in streams[topic]:
                transport.write(event)
            self.transport.write(NO_CONTENT)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(main(parser.parse_args().port))
