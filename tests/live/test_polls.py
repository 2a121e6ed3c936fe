"""Polls that the edge answers, as any ASGI server would pass them on."""

import asyncio

import pytest

from shopchat.live import polled, running, sources
from shopchat.live.bus.base import bus
from shopchat.live.stamps import stamps
from shopchat.live.tickets import issue
from tests.live.calling import POLL, play, poll, rows

pytestmark = pytest.mark.django_db(transaction=True)


def test_polls_are_answered_from_memory_after_the_first():
    reads = []

    def counted(topics):
        reads.append(list(topics))
        return dict.fromkeys(topics, rows["counted"])

    async def scene():
        sources.register_source("counted", counted)  # not instant: it would be read in the thread
        rows["counted"] = "1"
        ticket = issue(["counted.1"])
        first = await poll(ticket).done()
        for _ in range(5):
            again = await poll(ticket, first.headers["etag"]).done()
            assert again.status == 204
        before = len(reads)
        rows["counted"] = "2"
        bus().publish(["counted.1"])
        await again.until(lambda _: len(reads) > before)
        await asyncio.sleep(0.05)
        moved = await poll(ticket, first.headers["etag"]).done()

        assert before == 1
        assert (first.status, first.json) == (200, {"topics": {"counted.1": "1"}})
        assert (moved.status, moved.json) == (200, {"topics": {"counted.1": "2"}})
        assert moved.headers["etag"] != first.headers["etag"]
        assert "content-length" not in again.headers

    play(scene, HEARTBEAT=60)


def test_the_edge_and_django_answer_polls_alike(client):
    ticket = issue(["conversation.12345678"])
    by_django = client.get(POLL, {"ticket": ticket})
    unmoved = client.get(POLL, {"ticket": ticket}, headers={"If-None-Match": by_django["ETag"]})

    async def scene():
        by_edge = await poll(ticket).done()
        again = await poll(ticket, by_edge.headers["etag"]).done()

        assert by_edge.text == by_django.content.decode()
        assert (again.status, unmoved.status_code) == (204, 204)
        for ours, theirs in ((by_edge, by_django), (again, unmoved)):
            for name in ("etag", "x-shopchat", "cache-control"):
                assert ours.headers[name] == theirs[name]
        assert (await poll("forged").done()).status == 403

    play(scene)


def test_a_poll_is_answered_by_the_cache_where_the_database_is_gone(settings):
    def gone(topics):
        raise ConnectionError

    async def scene():
        settings.SHOPCHAT["LIVE"] = {"BACKEND": "shopchat.live.stamps.CacheStamps", "OPTIONS": {"CACHE": "files"}}
        sources.register_source("gone", gone)
        ticket = issue(["gone.1"])
        nowhere = await poll(ticket).done()
        await asyncio.to_thread(stamps().move, ["gone.1"])
        cached = await poll(ticket).done()

        assert nowhere.status == 503
        assert int(nowhere.headers["retry-after"]) > 0
        assert cached.status == 200
        assert cached.json["topics"]["gone.1"]

    play(scene)


def test_one_ticket_is_remembered_once_whatever_stands_beside_it():
    async def scene():
        ticket = issue(["thing.1"])
        for extra in ("", *(f"&x={number}" for number in range(20))):
            call = await poll(f"{ticket}{extra}").done()
            assert call.status == 200
        assert (await poll(ticket.replace(":", "%3A")).done()).status == 200

        assert len(running.edge().polls._known) == 2
        assert len(list(running.edge().hub.watches())) == 2

    play(scene)


def test_who_asks_twice_at_once_is_remembered_once():
    async def scene():
        ticket = issue(["thing.1"])
        both = [poll(ticket), poll(ticket)]
        for call in both:
            await call.done()

        assert [call.status for call in both] == [200, 200]
        assert len(list(running.edge().hub.watches())) == 1
        assert len(running.edge().polls._known) == 1

    play(scene)


def test_somebody_who_no_longer_polls_is_forgotten(monkeypatch):
    monkeypatch.setattr(polled, "FORGET_SECONDS", 0.2)

    async def scene():
        call = await poll(issue(["thing.1"])).done()
        assert len(list(running.edge().hub.watches())) == 1

        await call.until(lambda _: not list(running.edge().hub.watches()))

        assert not running.edge().polls._known

    play(scene, HEARTBEAT=0.25)
