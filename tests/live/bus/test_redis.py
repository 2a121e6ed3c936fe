import time
from contextlib import contextmanager

import pytest
from django.db import transaction

from shopchat.live.moving import move
from tests import capabilities
from tests.live.bus.contract import BusContract
from tests.live.bus.ears import listening
from tests.live.bus.servers import RedisServer, Wire

pytestmark = pytest.mark.skipif(not capabilities.has("redis"), reason="no redis-server on this machine")
BACKEND = "shopchat.live.bus.redis.RedisBus"


@pytest.fixture(scope="module")
def server():
    server = RedisServer().start()
    yield server
    server.end()


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits for the pause between two attempts of a bus that speaks to a server that was away."""
    from shopchat.live.bus import redis

    monkeypatch.setattr(redis, "PULSE_SECONDS", 0.2)
    monkeypatch.setattr(redis, "REFUSED_SECONDS", 0.3)
    monkeypatch.setattr(redis, "SILENT_SECONDS", (1.0,))


@pytest.fixture
def own(server):
    server = RedisServer().start()
    yield server
    server.end()


@pytest.fixture
def wire(server):
    wire = Wire(server.port)
    yield wire
    wire.end()


def made(port, **options):
    from shopchat.live.bus.redis import RedisBus

    return RedisBus(URL=f"redis://127.0.0.1:{port}/1", **options)


@contextmanager
def lasting_at_most(seconds):
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds


class TestRedisBus(BusContract):
    has_connections = True

    @pytest.fixture(name="config")
    def _config(self, server):
        self.server = server
        return {"BACKEND": BACKEND, "OPTIONS": {"URL": server.url}}

    def connected(self):
        from redis import Redis

        with Redis.from_url(self.server.url) as client:
            return sum(row["sub"] != "0" for row in client.client_list())

    def test_a_message_is_stored_while_the_server_is_away(self, settings, quick):
        wire = Wire(1)
        wire.refuse()
        settings.SHOPCHAT = {"BUS": {"BACKEND": BACKEND, "OPTIONS": {"URL": f"redis://127.0.0.1:{wire.port}/1"}}}

        with transaction.atomic():
            move(["a"])

    def test_stores_that_share_a_server_do_not_hear_each_other(self, server):
        from shopchat.live.bus.redis import RedisBus

        here, there = RedisBus(URL=server.url), RedisBus(URL=server.url[:-1] + "2")
        with listening(here) as ears, listening(there) as others:
            there.publish(["theirs"])
            here.publish(["ours"])

            assert ears.hears("ours")
            assert others.hears("theirs")
            assert ears.topics() == {"ours"}
        assert RedisBus(URL=server.url, CHANNEL="x").channel == "x"


def test_a_server_that_was_killed_is_found_again(own, quick, caplog):
    carrier = made(own.port)
    with listening(carrier) as ears:
        heard_before = ears.until_told("before", carrier.publish)

        own.kill()
        for _ in range(20):
            carrier.publish(["conversation.1"])
        own.start()

        assert heard_before
        assert ears.until(lambda: ears.everywhere() >= 2), "it did not say that something was missed"
        assert ears.until_told("after", carrier.publish)
        assert "conversation.1" not in ears.topics()
    assert "conversation.1" not in caplog.text


def test_a_server_that_refuses_is_asked_again_after_a_moment(wire, quick):
    carrier = made(wire.port)
    with listening(carrier) as ears:
        wire.refuse()
        for _ in range(100):
            carrier.publish(["conversation.1"])
        wire.open()

        assert ears.until(lambda: ears.everywhere() >= 2)
        assert ears.until_told("after", carrier.publish)


@pytest.mark.parametrize("connected", [True, False])
def test_a_server_that_falls_silent_costs_a_second_once(wire, quick, monkeypatch, connected):
    from shopchat.live.bus import redis

    monkeypatch.setattr(redis, "SILENT_SECONDS", (2.0,))
    carrier = made(wire.port)
    if connected:
        carrier.publish(["before"])
    wire.fall_silent()

    with lasting_at_most(30):  # to ask each time would take 50 seconds and more
        for _ in range(101):
            carrier.publish(["conversation.1"])
    wire.open()
    with listening(carrier) as ears:
        assert ears.until_told("after", carrier.publish)


def test_a_listener_whose_server_falls_silent_begins_anew(wire, quick):
    with listening(made(wire.port)) as ears:
        wire.fall_silent()
        assert wire.is_tried_again()
        wire.open()

        assert ears.until(lambda: ears.everywhere() > 1)


def test_a_quiet_channel_is_not_mistaken_for_a_silent_server(server, quick):
    with listening(made(server.port)) as ears:
        assert ears.hears_nothing(1.0)  # five pulses
        made(server.port).publish(["a"])
        assert ears.hears("a")


def test_a_listener_waits_for_a_server_that_is_not_there_yet(own, quick):
    own.kill()
    with listening(made(own.port), ready=False) as ears:
        assert ears.hears_nothing(0.3)
        own.start()

        assert ears.until(ears.everywhere)


def test_the_pause_grows_while_nobody_answers(monkeypatch):
    from shopchat.live.bus import redis

    now = [100.0]
    monkeypatch.setattr(redis.time, "monotonic", lambda: now[0])
    breaker = redis.Breaker()
    assert breaker.lets_pass()
    pauses = []
    for _ in range(6):
        breaker.failed(silent=True)
        begin = now[0]
        while not breaker.lets_pass():
            now[0] += 0.5
        pauses.append(now[0] - begin)
    assert not breaker.lets_pass()  # somebody is trying already
    breaker.succeeded()

    assert pauses == [5, 10, 20, 30, 30, 30]
    assert breaker.lets_pass()
