"""What wakes streams when hints do not: the feed, the heartbeat; and how little is read."""

import asyncio

import pytest
from django.db import OperationalError, connections

from shopchat.conversations import hints
from shopchat.live import guards, running, shortcuts, sources
from shopchat.live import hub as hub_module
from shopchat.live.bus.base import bus
from shopchat.live.flashing import WARM_LIMIT, Flashes
from shopchat.live.watches import Topic
from tests.factories import ConversationFactory, receive
from tests.live.calling import DEAF, Driven, play, poll, rows, stream

pytestmark = pytest.mark.django_db(transaction=True)


async def in_a_thread(work):
    """Django refuses the database to a thread whose event loop runs."""

    def whole():
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(whole)


def counting(prefix, reads):
    """A source that waits for nothing and remembers what it was asked."""

    def source(topics):
        reads.append(sorted(topics))
        return {topic: rows.get(topic, "0") for topic in topics}

    sources.register_source(prefix, source)
    return source


@pytest.mark.parametrize("bus_of_the_store", [None, DEAF])
def test_a_message_reaches_the_streams_of_its_conversation(bus_of_the_store):
    conversation, other = ConversationFactory(), ConversationFactory()

    async def scene():
        calls = [
            await stream(topic).opened()
            for topic in (hints.for_contact(conversation.number), hints.for_operators(conversation.number), hints.DESK)
        ]
        elsewhere = await stream(hints.for_contact(other.number)).opened()

        await in_a_thread(lambda: receive(conversation))
        for call in calls:
            await call.until(lambda call: len(call.blocks) == 2)

        assert [call.blocks[1][0] for call in calls[:2]] == ["1", "1"]
        assert calls[0].blocks[1][1] == {"topics": {hints.for_contact(conversation.number): "1"}}
        assert len(elsewhere.blocks) == 1

    play(scene, bus=bus_of_the_store)


def test_with_a_dead_bus_and_a_missed_feed_the_heartbeat_finds_it():
    async def scene():
        rows["thing.1"] = "1"  # there is no feed for these
        call, other = await stream("thing.1").opened(), await stream("thing.2").opened()

        rows["thing.1"] = "2"
        await call.until(lambda call: len(call.blocks) == 2)

        assert call.blocks[1] == ("2", {"topics": {"thing.1": "2"}})
        assert len(other.blocks) == 1

    play(scene, bus=DEAF, HEARTBEAT=0.5)


def test_a_hint_that_says_too_much_does_no_harm():
    async def scene():
        rows["thing.1"] = "1"
        call = await stream("thing.1").opened()

        for _ in range(3):
            bus().publish(["thing.1", "thing.unknown", "revoked.nobody", "nonsense"])
        rows["thing.1"] = "2"
        bus().publish(["thing.1"])
        await call.until(lambda call: len(call.blocks) == 2)
        await asyncio.sleep(0.05)

        assert len(call.blocks) == 2

    play(scene)


def test_hints_that_come_during_a_reading_are_read_together_after_it():
    reads = []

    async def scene():
        counting("counted", reads)
        call = await stream(*(f"counted.{n}" for n in range(20))).opened()
        reads.clear()

        for number in range(20):
            rows[f"counted.{number}"] = "1"
            running.edge().hub.hear([f"counted.{number}"])
        await call.until(lambda call: call.blocks[-1][0] == ",".join(["1"] * 20))

        assert len(reads) == 2
        assert sum(map(len, reads)) == 20

    play(scene, HEARTBEAT=60)


def test_a_hint_takes_nothing_along_that_can_wait(monkeypatch):
    reads, asked = [], []
    monkeypatch.setitem(guards._guards, "guarded", lambda holders: asked.extend(holders) or set())
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 60)

    async def scene():
        counting("counted", reads)
        call, *_ = [await stream(f"counted.{n}", holders=[f"guarded.{n}"]).opened() for n in "12"]
        hub = running.edge().hub
        await call.until(lambda _: hub._tended.sourced and hub._tended.guarded)
        reads.clear()
        asked.clear()

        rows["counted.1"] = "1"
        bus().publish(["counted.1"])
        await call.until(lambda call: len(call.blocks) == 2)

        assert reads == [["counted.1"]]
        assert not asked

    play(scene, HEARTBEAT=0.25)


def test_everybodys_guard_is_asked_in_time(monkeypatch):
    asked = set()
    monkeypatch.setitem(guards._guards, "guarded", lambda holders: asked.update(holders) or set())
    monkeypatch.setattr(hub_module, "GUARD_SECONDS", 0.5)

    async def scene():
        calls = [await stream("thing.1", holders=[f"guarded.{n}"]).opened() for n in range(40)]
        asked.clear()

        await calls[0].until(lambda _: len(asked) == 40)

    play(scene, HEARTBEAT=600, PER_ADDRESS=100)


def test_thousands_who_come_back_at_once_cost_few_queries():
    reads = []

    async def scene():
        counting("counted", reads)
        calls = [stream(f"counted.{number}", after="0") for number in range(2000)]
        for call in calls:
            await call.until(lambda call: call.sent[1:])

        assert all("event: ready" in call.text for call in calls)
        assert max(map(len, reads)) <= sources.BATCH
        assert len(reads) < len(calls) / 5

    play(scene, HEARTBEAT=60, PER_ADDRESS=5000)


def test_what_moves_while_a_stream_opens_is_told():
    """The reading that the stream waits for has read the old stamp when the row changes."""
    asked, go_on = [], []

    def slowly(topics):
        found = {topic: rows[topic] for topic in topics}
        asked.append(found)
        while len(asked) == 1 and not go_on:
            pass
        return found

    async def scene():
        sources.register_source("slow", slowly)
        rows["slow.1"] = "1"
        call = stream("slow.1")
        await call.until(lambda _: asked)

        rows["slow.1"] = "2"
        running.edge().hub.hear(["slow.1"])
        go_on.append(True)
        await call.until(lambda call: call.blocks and call.blocks[-1][0] == "2")

    play(scene, HEARTBEAT=60)


def test_stamps_that_cannot_be_read_are_read_later(monkeypatch, caplog):
    broken = []

    def sometimes(topics):
        if broken:
            raise OperationalError
        return {topic: rows[topic] for topic in topics}

    async def scene():
        sources.register_source("fragile", sometimes)
        rows["fragile.1"] = "1"
        call = await stream("fragile.1").opened()

        broken.append(True)
        rows["fragile.1"] = "2"
        bus().publish(["fragile.1"])
        await call.until(lambda _: "could not be read" in caplog.text)
        refused = await stream("fragile.1").done()
        broken.clear()
        await call.until(lambda call: len(call.blocks) == 2)

        assert refused.status == 503
        assert call.blocks[1][0] == "2"
        assert "fragile" not in caplog.text

    monkeypatch.setattr("shopchat.live.hub.FRESH_SECONDS", 0.5)
    play(scene, HEARTBEAT=60)


def test_a_bus_that_stumbles_is_listened_to_again(monkeypatch):
    from shopchat.live.bus.local import LocalBus

    listen, begun = LocalBus.listen, []

    async def stumbling(self, hear):
        begun.append(True)
        if len(begun) == 1:
            raise ConnectionError
        await listen(self, hear)

    monkeypatch.setattr(LocalBus, "listen", stumbling)

    async def scene():
        call = await stream("thing.1").opened()
        await call.until(lambda _: len(begun) == 2)

        rows["thing.1"] = "2"
        bus().publish(["thing.1"])
        await call.until(lambda call: len(call.blocks) == 2)

    play(scene, HEARTBEAT=60)


def test_nothing_is_read_while_nobody_watches():
    reads = []

    async def scene():
        sources.register_feed(lambda since: reads.append(since) or {})
        call = await stream("thing.1").opened()
        await call.until(lambda _: reads)
        call.leave()
        await call.done()

        for _ in range(10):  # what was being read when they left may still end
            reads.clear()
            await asyncio.sleep(1.5)
            if not (idle := len(reads)):
                break
        again = await stream("thing.1").opened()
        await again.until(lambda _: reads)

        assert idle == 0

    play(scene)


def test_a_stumble_in_the_loop_ends_nothing(monkeypatch, caplog):
    async def scene():
        call = await stream("thing.1").opened()
        monkeypatch.setattr(running.edge().hub._flashes, "to_look_at", lambda: 1 / 0)
        await call.until(lambda _: "stumbled" in caplog.text)
        monkeypatch.undo()

        rows["thing.1"] = "2"
        await call.until(lambda call: len(call.blocks) == 2)

    play(scene, bus=DEAF, HEARTBEAT=0.5)


def test_where_no_hints_come_typing_is_looked_for_in_lively_conversations_only(monkeypatch):
    topics = {f"typing.{n}.visitor": Topic(f"typing.{n}.visitor", sourced=False) for n in range(300)}
    watches = [type("Watching", (), {"topics": (topic, Topic("thing.1", sourced=True))}) for topic in topics.values()]
    with_hints, without = Flashes(topics, carried=True), Flashes(topics, carried=False)

    for flashes in (with_hints, without):
        flashes.warm(watches)
    lively = without.to_look_at()
    now = hub_module.time.monotonic()
    monkeypatch.setattr("shopchat.live.flashing.time.monotonic", lambda: now + 3600)

    assert with_hints.to_look_at() == set()
    assert len(lively) == WARM_LIMIT
    assert "typing.299.visitor" in lively
    assert without.to_look_at() == set()


def test_a_hint_for_a_polled_topic_is_heard_too():
    async def scene():
        rows["thing.1"] = "1"
        from shopchat.live.tickets import issue

        ticket = issue(["thing.1"])
        first = await poll(ticket).done()
        rows["thing.1"] = "2"
        running.edge().hub.hear(["thing.1"])
        second = await poll(ticket, first.headers["etag"]).done()

        assert second.json == {"topics": {"thing.1": "2"}}

    play(scene, HEARTBEAT=60)


@pytest.mark.parametrize("directly", [False, True])
def test_a_server_that_fails_to_send_loses_that_stream_only(directly, monkeypatch):
    def fail(exchange, body):
        raise RuntimeError

    class Broken(Driven):
        async def send(self, message):
            if self.blocks:
                raise ConnectionResetError
            await super().send(message)

    Broken.__module__ = "uvicorn.imagined"

    async def scene():
        broken, fine = await stream("thing.1", call=Broken).opened(), await stream("thing.1").opened()

        if directly:
            watch = next(watch for watch in running.edge().hub.watches() if watch._send == broken.send)
            watch.exchange = broken
            monkeypatch.setattr(shortcuts, "write", fail)
        rows["thing.1"] = "2"
        bus().publish(["thing.1"])
        await broken.done()
        await fine.until(lambda call: len(call.blocks) == 2)

        assert broken.aborted

    play(scene)
