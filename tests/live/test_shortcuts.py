"""What we do with a server's insides, on a stand-in for uvicorn's and once on the real one."""

import asyncio
import socket
from types import SimpleNamespace

import pytest
import uvicorn

from shopchat.live import shortcuts


class Exchange:
    """As uvicorn's object for one request."""

    def __init__(self):
        self.written = []
        self.transport = SimpleNamespace(write=self.written.append)
        self.flow = SimpleNamespace(write_paused=False, resume_reading=lambda: None)
        self.disconnected = self.response_complete = False
        self.chunked_encoding = True
        self.message_event = asyncio.Event()

    async def send(self, message):
        """ASGI's."""


Exchange.__module__ = "uvicorn.protocols.http.httptools_impl"


def test_only_a_server_that_we_know_is_spoken_to_directly():
    class Stranger(Exchange):
        pass

    known = Exchange()

    assert shortcuts.exchange_of(known.send) is known
    assert shortcuts.exchange_of(Stranger().send) is None
    assert shortcuts.exchange_of(print) is None


@pytest.mark.parametrize("name", shortcuts.KNOWN)
def test_a_server_that_has_changed_is_spoken_to_in_plain_asgi(name):
    changed = Exchange()
    of, _, last = name.rpartition(".")
    if of:
        setattr(changed, of, SimpleNamespace(**{**vars(getattr(changed, of)), last: 0}))
    assert shortcuts.exchange_of(changed.send) is changed

    delattr(getattr(changed, of) if of else changed, last)

    assert shortcuts.exchange_of(changed.send) is None


def test_the_uvicorn_that_is_installed_is_one_that_we_know():
    pytest.importorskip("httptools")
    found, ended = [], asyncio.Event()

    async def application(scope, receive, send):
        exchange = shortcuts.exchange_of(send)
        found.append(exchange)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = shortcuts.leave_to(exchange)
        assert shortcuts.write(exchange, b"data: 1\n\n")
        while not exchange.disconnected:
            await gone.happened
            gone.clear()
        ended.set()

    async def serve():
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(application, http="httptools", lifespan="off", log_config=None))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(60):
                said = await reader.readuntil(b"data: 1\n\n\r\n")
                writer.close()
                await ended.wait()
            server.should_exit = True
            await serving
        return said

    said = asyncio.run(serve())

    assert found[0] is not None
    assert said.endswith(b"\r\n\r\n9\r\ndata: 1\n\n\r\n")


def test_a_block_is_written_as_a_chunk():
    exchange = Exchange()

    assert shortcuts.write(exchange, b"id: 1\ndata: {}\n\n")

    assert exchange.written == [b"10\r\nid: 1\ndata: {}\n\n\r\n"]


def test_a_browser_that_reads_too_slowly_is_left_to_the_server():
    exchange = Exchange()
    exchange.flow.write_paused = True

    assert not shortcuts.write(exchange, b": \n\n")
    assert exchange.written == []


@pytest.mark.parametrize("gone", ["disconnected", "response_complete"])
def test_nothing_is_written_to_a_browser_that_has_gone(gone):
    exchange = Exchange()
    assert shortcuts.write(exchange, b": \n\n")

    setattr(exchange, gone, True)

    assert shortcuts.write(exchange, b": \n\n")
    assert len(exchange.written) == 1


def test_the_end_of_the_connection_wakes_who_waits_for_it():
    async def wait():
        exchange = Exchange()
        gone = shortcuts.leave_to(exchange)
        assert not gone.happened.done()
        exchange.message_event.set()
        await asyncio.wait_for(gone.happened, 1)
        gone.clear()
        assert not gone.happened.done()

    asyncio.run(wait())


def test_an_end_before_anybody_waited_is_not_missed():
    async def wait():
        exchange = Exchange()
        exchange.disconnected = True
        await asyncio.wait_for(shortcuts.leave_to(exchange).wait(), 1)

    asyncio.run(wait())
