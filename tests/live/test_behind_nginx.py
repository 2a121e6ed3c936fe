"""The three ways to serve streams that the guide shows, behind a real nginx with the guide's own configuration."""

import http.client
import json
import re
import socket
import time
import uuid
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlencode

import pytest

from shopchat.conversations import hints
from shopchat.live.tickets import issue
from tests import capabilities
from tests.faults import browsers
from tests.faults.browsers import Browser
from tests.live.bus.servers import RedisServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not capabilities.has("nginx"), reason="no nginx on this machine"),
]
STREAM, POLL = "/chat/live/stream/", "/chat/live/poll/"
LAYOUTS = ("uvicorn", "granian", "gunicorn and an edge")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(f"nginx {name}")) for name in LAYOUTS]
)
def site(request):
    from tests.live.proxied.site import Site

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Site(request.param, silent=silent.getsockname()[1]) as site,
    ):
        yield site


class Stream:
    """A stream as a browser reads it: block by block."""

    def __init__(self, port, ticket, *, source="127.0.0.1", **headers):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
        self._connection.request("GET", f"{STREAM}?{urlencode({'ticket': ticket})}", headers=headers)
        self.answer = self._connection.getresponse()

    def block(self):
        lines = []
        while line := self.answer.readline().decode():
            if line == "\n":
                return "".join(lines)
            lines.append(line)
        return None  # it has ended

    def topics(self):
        """What the next block says that moved; heartbeats are left out."""
        while (block := self.block()) is not None:
            if data := re.search(r"^data: (.*)$", block, re.MULTILINE):
                return json.loads(data[1])["topics"]
        return None

    def close(self):
        self.answer.close()
        self._connection.close()


def opened(site, topic="conversation.1", **how):
    """A stream that was admitted; those of the test before may need a moment to go."""
    until = time.monotonic() + 60
    while True:
        stream = Stream(site.port, issue([topic]), **how)
        if stream.answer.status == 200 or time.monotonic() > until:
            return stream
        stream.close()
        time.sleep(0.1)


@contextmanager
def following(site, *args, **how):
    with closing(opened(site, *args, **how)) as stream:
        assert stream.answer.status == 200
        yield stream


class Customer:
    """Somebody who writes through the widget's own addresses."""

    def __init__(self, site):
        self._browser = Browser(site.port)
        page = self._browser.get("/chat/?lang=en")
        self._start = browsers.page_settings(page.body)["start"]
        self.number = ""

    def say(self, text):
        fields = {"text": text, "client_id": uuid.uuid4().hex, "start": self._start}
        answer = self._browser.post("/chat/messages/?lang=en", {**fields, "conversation": self.number})
        assert answer.status in (200, 201), answer.body
        self.number = self.number or browsers.read(answer.body).marks["number"]


def test_the_first_block_comes_at_once_though_nginx_compresses_and_buffers(site):
    page = Browser(site.port).get("/chat/?lang=en", Accept_Encoding="identity")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    with closing(connection):
        connection.request("GET", "/chat/?lang=en", headers={"Accept-Encoding": "gzip"})
        compressed = connection.getresponse().headers["Content-Encoding"]

    with following(site, **{"Accept-Encoding": "gzip"}) as stream:
        begin = time.monotonic()
        block = stream.block()
        waited = time.monotonic() - begin

    assert page.status == 200
    assert compressed == "gzip"  # so it is on
    assert "retry:" in block
    assert "conversation.1" in block
    assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.answer.headers["X-Shopchat"] == "1"
    assert stream.answer.headers.get("Content-Encoding", "identity") == "identity"
    assert waited < 30  # what nginx compresses it keeps, signs of life included, for longer than anybody waits here


def test_signs_of_life_keep_nginx_from_giving_up(site):
    from tests.live.proxied.site import READ_TIMEOUT

    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    with closing(connection):
        connection.request("GET", "/silent/")
        given_up = connection.getresponse().status

    with following(site) as stream:
        begin = time.monotonic()
        blocks = [stream.block()]
        while time.monotonic() - begin < READ_TIMEOUT + 1.5:
            blocks.append(stream.block())

    assert given_up == 504
    assert None not in blocks
    assert ": \n" in blocks


def test_a_message_is_heard_of_in_the_stream(site):
    customer = Customer(site)
    customer.say("Hello")
    topic = hints.for_contact(customer.number)
    with following(site, topic) as stream:
        before = stream.topics()
        begin = time.monotonic()
        customer.say("Are you there?")
        after = stream.topics()
        waited = time.monotonic() - begin

    assert set(before) == set(after) == {topic}
    assert before != after
    assert waited < 30


def test_a_stream_whose_browser_is_gone_is_free_again(site):
    with ExitStack() as stack:
        streams = [stack.enter_context(following(site)) for _ in range(3)]
        for stream in streams:
            stream.block()
        with closing(Stream(site.port, issue(["x"]))) as full:
            refused = full.answer.status

    with closing(opened(site)) as stream:
        assert stream.answer.status == 200
    assert refused == 429


def test_streams_are_counted_for_the_address_that_nginx_saw(site):
    with ExitStack() as stack:
        for number in range(3):
            stack.enter_context(following(site, **{"X-Forwarded-For": f"198.51.100.{number}"}))
        liar = stack.enter_context(closing(Stream(site.port, issue(["x"]), **{"X-Forwarded-For": "198.51.100.99"})))
        neighbour = stack.enter_context(closing(Stream(site.port, issue(["x"]), source="127.0.0.2")))

        assert liar.answer.status == 429
        assert int(liar.answer.headers["Retry-After"]) > 0
        assert liar.answer.headers["X-Shopchat"] == "1"
        assert neighbour.answer.status == 200


def test_polls_are_answered_too(site):
    browser = Browser(site.port)
    path = f"{POLL}?{urlencode({'ticket': issue(['conversation.1'])})}"

    first = browser.get(path)
    again = browser.get(path, If_None_Match=first.headers["etag"])

    assert (first.status, again.status) == (200, 204)
    assert again.is_ours
    assert browser.get(f"{POLL}?ticket=forged").status == 403


def test_the_store_is_served_beside_it(site):
    assert Browser(site.port).get("/cms/login/").status == 200


@pytest.mark.skipif(not capabilities.has("redis"), reason="no redis-server on this machine")
@pytest.mark.xdist_group("nginx redis")
def test_over_redis_a_message_is_heard_of_whether_the_server_lives_or_not():
    from tests.live.proxied.site import Site

    server = RedisServer().start()
    bus = {"BACKEND": "shopchat.live.bus.redis.RedisBus", "OPTIONS": {"URL": server.url}}
    try:
        with Site("gunicorn and an edge", silent=1, bus=bus) as site:
            customer = Customer(site)
            customer.say("Hello")
            with following(site, hints.for_contact(customer.number)) as stream:
                seen = [stream.topics()]
                customer.say("Are you there?")
                seen.append(stream.topics())
                server.kill()
                begin = time.monotonic()
                customer.say("And now?")
                waited = time.monotonic() - begin
                seen.append(stream.topics())
                server.start()
                customer.say("Again?")
                seen.append(stream.topics())
    finally:
        server.end()

    assert None not in seen
    assert len({tuple(stamps.values()) for stamps in seen}) == 4
    assert waited < 30


def test_the_guide_shows_what_is_run_here():
    from tests.live.proxied.site import GUIDE, locations, whole

    shown = locations(GUIDE.read_text())

    assert shown.count("location ") == 2
    assert whole(shown).count("location / {") == 1
