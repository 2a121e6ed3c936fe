"""A keep-alive connection on which one request at a time is sent."""

import asyncio
from typing import cast


class Poster(asyncio.Protocol):
    """Knows just enough of HTTP to tell where an answer ends."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[int] | None = None
        self.transport: asyncio.Transport | None = None
        self.repeated = b""
        self.status = self.answered = self.wrong = 0
        self.address: tuple[str, int] = ("", 0)

    @classmethod
    async def to(cls, host: str, port: int) -> "Poster":
        poster = cls()
        poster.address = (host, port)
        await asyncio.get_running_loop().create_connection(lambda: poster, host, port)
        return poster

    async def post(self, request: bytes) -> int:
        """The status of the answer; 0 when the connection broke."""
        if self.transport is None:  # closed by the server between two requests
            await asyncio.get_running_loop().create_connection(lambda: self, *self.address)
        self.answer = asyncio.get_running_loop().create_future()
        assert self.transport is not None
        self.transport.write(request)
        return await self.answer

    def repeat(self, request: bytes, status: int) -> None:
        """Send it again and again, counting answers that have another status."""
        self.repeated, self.status = request, status
        assert self.transport is not None
        self.transport.write(request)

    def close(self) -> None:
        self.repeated = b""
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        if not _is_whole(data):
            self.buffer = data
            return
        self.buffer = b""
        status = int(data[9:12])
        if self.repeated:
            self.answered += 1
            self.wrong += status != self.status
            assert self.transport is not None
            self.transport.write(self.repeated)
        elif self.answer is not None and not self.answer.done():
            self.answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.repeated:
            self.wrong += 1
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(0)


def _is_whole(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    if head[9:12] in (b"204", b"304"):
        return True
    lines = head.lower()
    if b"transfer-encoding: chunked" in lines:
        return body.endswith(b"0\r\n\r\n")
    length = lines.partition(b"content-length: ")[2].partition(b"\r")[0]
    return len(body) >= int(length or 0)
