"""Somebody types: topics without rows, whose stamps vanish by themselves."""

import asyncio

import pytest

from shopchat.live import flashing
from shopchat.live.bus.base import bus
from shopchat.live.flashing import Flashes
from shopchat.live.stamps import stamps
from shopchat.live.watches import Topic
from tests.live.calling import play, rows, stream

pytestmark = pytest.mark.django_db(transaction=True)


def test_typing_lights_a_topic_and_goes_out_by_itself():
    async def scene():
        rows["thing.1"] = "1"
        call = await stream("thing.1", "typing.1.operator").opened()

        await asyncio.to_thread(stamps().flash, "typing.1.operator", seconds=1)
        bus().publish(["typing.1.operator"])
        await call.until(lambda call: len(call.blocks) == 2)
        meanwhile = await stream("thing.1", "typing.1.operator", after=call.blocks[-1][0]).opened()
        await call.until(lambda call: len(call.blocks) == 3)

        lit, out = (data["topics"]["typing.1.operator"] for _, data in call.blocks[1:])
        assert lit
        assert out == ""
        assert meanwhile.blocks[1][1] == {"topics": {"typing.1.operator": lit}}

    play(scene)


def test_a_hint_alone_lights_it_where_processes_share_no_cache(monkeypatch):
    monkeypatch.setattr(flashing, "HINT_SECONDS", 0.5)

    async def scene():
        call = await stream("typing.1.operator", "thing.1").opened()

        bus().publish(["typing.1.operator"])
        await call.until(lambda call: len(call.blocks) == 3)

        lit, out = (data["topics"]["typing.1.operator"] for _, data in call.blocks[1:])
        assert lit
        assert out == ""

    play(scene)


def test_what_nobody_watches_any_longer_is_forgotten():
    topic = Topic("typing.1.operator", sourced=False)
    watched = {topic.name: topic}
    flashes = Flashes(watched, carried=True)
    flashes.hinted(topic.name)
    assert [lit for lit, _ in flashes.seen([topic.name], {})] == [topic]
    assert flashes.to_look_at() == {topic.name}

    watched.clear()
    list(flashes.seen(flashes.to_look_at(), {}))

    assert flashes.to_look_at() == set()
    assert not flashes._lit_by_hint
