"""The edge in a real server: how it starts, what it holds while thousands wait, and how it stops."""

import json
import re
import resource
import signal
import socket
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import connection

from shopchat.conversations import hints
from shopchat.live.tickets import issue
from tests.factories import ConversationFactory, receive
from tests.faults.processes import Process, free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("served")]
STREAM = "/chat/live/stream/"
APPLICATIONS = ["tests.live.served.asgi:application", "shopchat.asgi:live"]


def serve(folder, *more, application=APPLICATIONS[0], **environment):
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log", *more]
    given = {
        "DJANGO_SETTINGS_MODULE": "tests.live.served.settings",
        "SHOPCHAT_SERVED_DATABASE": str(connection.settings_dict["NAME"]),
        "SHOPCHAT_SERVED_STREAM": json.dumps({"PER_ADDRESS": 2000, "HEARTBEAT": 1}),
        **environment,
    }
    return Process("uvicorn", command, folder / "uvicorn.log", port, given)


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory):
    process = serve(tmp_path_factory.mktemp("served"))
    process.start()
    yield process
    process.stop()
    said = process.log.read_text()
    assert "Traceback" not in said, said[-3000:]


class Raw:
    """A browser made of a socket, so that it can read when it wants to."""

    def __init__(self, port, *tickets, receive_buffer=None, after=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        query = urlencode([*(("ticket", ticket) for ticket in tickets), *([("after", after)] if after else [])])
        self.socket.sendall(f"GET {STREAM}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self.text = ""

    def until(self, pattern, seconds=60.0):
        limit = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < limit, self.text
            some = self.socket.recv(65536)
            assert some, f"closed after {self.text[-300:]}"
            self.text += some.decode()
        return self

    def rest(self):
        while some := self.socket.recv(65536):
            self.text += some.decode()
        return self.text

    def close(self):
        self.socket.close()


def opened(stack, port, *topics):
    return stack.enter_context(closing(Raw(port, issue(topics)))).until(r'data: \{"topics"')


def threads(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"Threads:\s+(\d+)", status)[1])


def memory(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def database_connections(process):
    """Open TCP connections of the process to the database's port."""
    found = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
    port = f"{int(connection.settings_dict['PORT']):04X}"
    theirs = {Path(f"/proc/{process.pid}/fd").joinpath(name).readlink().name for name in fds(process)}
    return sum(
        line.split()[2].endswith(f":{port}") and f"socket:[{line.split()[9]}]" in theirs and line.split()[3] == "01"
        for line in found
    )


def fds(process):
    return [entry.name for entry in Path(f"/proc/{process.pid}/fd").iterdir() if entry.is_symlink()]


@pytest.mark.parametrize(
    ("application", "lifespan", "number", "code"),
    [
        (APPLICATIONS[0], "on", signal.SIGTERM, -signal.SIGTERM),
        (APPLICATIONS[0], "off", signal.SIGINT, 0),
        (APPLICATIONS[1], "on", signal.SIGINT, 0),
    ],
)
def test_a_server_that_stops_ends_its_streams_first(tmp_path, application, lifespan, number, code):
    topic = hints.for_contact(ConversationFactory().number)
    process = serve(tmp_path, "--lifespan", lifespan, application=application)
    process.start()
    with ExitStack() as stack:
        streams = [opened(stack, process.port, topic) for _ in range(5)]

        process.running.send_signal(number)
        ends = [re.search(r'event: end\nretry: (\d+)\ndata: {"reason": "shutdown"}', s.rest()) for s in streams]
        ended_with = process.running.wait(60)

    said = process.log.read_text()
    assert all(500 <= int(end[1]) <= 10_000 for end in ends)
    assert ended_with == code, said
    assert "Traceback" not in said
    assert "Cancel" not in said


def test_several_workers_stop_with_their_streams(tmp_path):
    topic = hints.for_contact(ConversationFactory().number)
    process = serve(tmp_path, "--workers", "2", "--timeout-graceful-shutdown", "120")
    process.start()
    with ExitStack() as stack:
        streams = [opened(stack, process.port, topic) for _ in range(6)]

        process.running.send_signal(signal.SIGTERM)
        texts = [stream.rest() for stream in streams]
        process.running.wait(60)

    assert all('"reason": "shutdown"' in text for text in texts)


def test_reloading_ends_streams_too(tmp_path):
    pytest.importorskip("watchfiles")
    topic = hints.for_contact(ConversationFactory().number)
    watched = tmp_path / "watched"
    watched.mkdir()
    process = serve(tmp_path, "--reload", "--reload-dir", str(watched))
    process.start()
    with ExitStack() as stack:
        stream = opened(stack, process.port, topic)

        (watched / "changed.py").write_text("")
        text = stream.rest()

    process.stop()
    assert '"reason": "shutdown"' in text


def test_a_message_is_told_and_a_browser_that_comes_back_is_told_what_it_missed(server):
    conversation = ConversationFactory()
    ticket = issue([hints.for_contact(conversation.number)])
    with closing(Raw(server.port, ticket)) as stream:
        stream.until(r"id: 0\ndata")
        receive(conversation)
        stream.until(r"id: 1\ndata: {\"topics\":{\"conversation.\d+\":\"1\"}}\n\n")

    receive(conversation)

    with closing(Raw(server.port, ticket, after="1")) as behind, closing(Raw(server.port, ticket, after="2")) as knows:
        behind.until(r"id: 2\ndata: {\"topics\"")
        knows.until(r"event: ready\nid: 2\ndata: {}\n\n")


def test_five_hundred_streams_hold_no_threads_and_two_connections_at_most(server):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[1], 4096), limit[1]))
    conversation = ConversationFactory()
    topics = [hints.for_contact(conversation.number), hints.typing(conversation.number, by="operator")]
    with ExitStack() as stack:
        opened(stack, server.port, *topics)
        before = threads(server)

        streams = [stack.enter_context(closing(Raw(server.port, issue(topics)))) for _ in range(500)]
        for stream in streams:
            stream.until(r"id: 0\ndata")
        receive(conversation)
        for stream in streams:
            stream.until(r"id: 1\ndata")

        assert threads(server) == before
        if connection.vendor != "sqlite":
            assert 1 <= database_connections(server) <= 2
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def test_a_browser_that_does_not_read_is_cut_off_and_costs_little(tmp_path):
    process = serve(tmp_path, application="tests.live.served.loud:application")
    process.start()

    def move():
        with closing(socket.create_connection(("127.0.0.1", process.port), timeout=60)) as asking:
            asking.sendall(b"GET /move HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            said = b""
            while some := asking.recv(4096):
                said += some
        return int(said.split(b"\r\n")[-4])  # the only chunk of the body

    with ExitStack() as stack:
        ticket = issue(["loud.1"])
        fine = stack.enter_context(closing(Raw(process.port, ticket))).until(r"\n\n")
        for _ in range(10):
            stack.enter_context(closing(Raw(process.port, ticket, receive_buffer=4096)))
        limit = time.monotonic() + 60
        while move() < 11:
            assert time.monotonic() < limit
        before = memory(process)

        for _ in range(200):  # 10 MB for each of them
            move()
            fine.text = ""
            fine.until(r"x\"}}\n\n")
        grown = memory(process) - before
        limit = time.monotonic() + 60
        while (left := move()) > 1:
            assert time.monotonic() < limit
            time.sleep(0.2)
            fine.text = ""
            fine.until(r"x\"}}\n\n")

    process.stop()
    assert left == 1  # the one that reads
    assert grown < 10 * 1024  # kilobytes: a megabyte for each
    assert "Traceback" not in process.log.read_text()
