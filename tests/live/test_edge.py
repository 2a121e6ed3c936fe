"""Answering requests for streams and polls, as any ASGI server would make them."""

import asyncio
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.asgi import with_live
from shopchat.live import guards, hub, running, sources, transport
from shopchat.live.bus.base import bus
from shopchat.live.tickets import VALID_SECONDS, issue
from tests.live.calling import POLL, STREAM, Call, Driven, nothing, play, poll, rows, stream, things

pytestmark = pytest.mark.django_db(transaction=True)


def move(topic, stamp):
    rows[topic] = stamp
    bus().publish([topic])


def test_the_first_block_names_every_topic_and_later_ones_what_moved():
    async def scene():
        rows.update({"thing.1": "4", "thing.2": "7"})
        call = await stream("thing.1", "typing.1.operator", "thing.2").opened()

        move("thing.2", "8")
        await call.until(lambda call: len(call.blocks) == 2)

        assert call.status == 200
        assert call.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert call.headers["x-shopchat"] == "1"
        assert call.headers["x-accel-buffering"] == "no"
        assert re.match(r"retry: \d+\n", call.text)
        assert call.blocks == [
            ("4,7", {"topics": {"thing.1": "4", "typing.1.operator": "", "thing.2": "7"}}),
            ("4,8", {"topics": {"thing.2": "8"}}),
        ]

    play(scene)


@pytest.mark.parametrize("how", ["after", "header"])
def test_a_browser_that_missed_nothing_is_told_so_and_another_one_what_it_missed(how):
    async def scene():
        rows["thing.1"] = "5"

        def come_back(at):
            if how == "after":
                return stream("thing.1", after=at)
            return stream("thing.1", after="1", headers=[("last-event-id", at)])

        knows, behind = come_back("5"), come_back("3")
        await behind.opened()
        await knows.opened()

        assert "event: ready\nid: 5\ndata: {}\n\n" in knows.text
        assert "event: ready" not in behind.text
        assert behind.blocks == [("5", {"topics": {"thing.1": "5"}})]

    play(scene)


def test_streams_hear_of_their_topics_and_of_no_others():
    async def scene():
        rows.update({"thing.1": "1", "thing.2": "1"})
        one, two, both = [await stream(*names).opened() for names in (["thing.1"], ["thing.2"], ["thing.1", "thing.2"])]

        move("thing.1", "2")
        move("thing.2", "2")
        for call, wanted in ((one, 2), (two, 2), (both, 3)):
            await call.until(lambda call, wanted=wanted: len(call.blocks) >= wanted)

        assert [data["topics"] for _, data in one.blocks[1:]] == [{"thing.1": "2"}]
        assert [data["topics"] for _, data in two.blocks[1:]] == [{"thing.2": "2"}]
        assert [identity for identity, _ in both.blocks] == ["1,1", "2,1", "2,2"]

    play(scene)


def test_several_tickets_are_one_stream_and_the_bad_ones_are_named():
    async def scene():
        good = issue(["thing.1"])
        both = await stream(tickets=[good, issue(["thing.2", "thing.1"])]).opened()
        mixed = await stream(tickets=["forged", good, good[:-3]]).done()
        none = await stream(tickets=[]).done()
        many = await stream(tickets=[good] * 9).done()

        assert set(both.blocks[0][1]["topics"]) == {"thing.1", "thing.2"}
        assert (mixed.status, mixed.json["bad"]) == (403, [0, 2])
        assert (none.status, many.status) == (403, 400)
        for refused in (mixed, none, many):
            assert refused.json["error"]
            assert refused.headers["x-shopchat"] == "1"
            assert refused.headers["cache-control"] == "no-store"

    play(scene)


def test_an_old_ticket_opens_nothing(time_machine):
    ticket = issue(["thing.1"])
    time_machine.move_to(timezone.now() + timedelta(seconds=VALID_SECONDS + 1))

    async def scene():
        assert (await stream(tickets=[ticket]).done()).status == 403
        assert (await stream("thing.1").opened()).status == 200

    play(scene)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_only_get_is_answered_with_a_stream(method):
    async def scene():
        refused = await stream("thing.1", method=method).done()

        assert refused.status == 405
        assert refused.headers["allow"] == "GET"

    play(scene)


def test_everything_else_passes_through_untouched():
    async def scene():
        seen = []

        async def behind(scope, receive, send):
            seen.append((scope["type"], scope.get("path"), receive, send))

        application = with_live(behind)
        receive, send = object(), object()
        for scope in (
            {"type": "websocket", "path": STREAM},
            {"type": "http", "method": "POST", "path": POLL},
            {"type": "http", "method": "GET", "path": "/chat/"},
        ):
            await application(scope, receive, send)

        assert seen == [
            ("websocket", STREAM, receive, send),
            ("http", POLL, receive, send),
            ("http", "/chat/", receive, send),
        ]

    play(scene)


@pytest.mark.parametrize(
    ("path", "root_path"), [(STREAM, ""), (f"/shop{STREAM}", "/shop"), (f"/shop{STREAM}", "/shop/"), (STREAM, "/shop")]
)
def test_a_store_below_a_prefix_has_its_stream_there(path, root_path):
    async def scene():
        call = Driven(with_live(nothing), path, query=f"ticket={issue(['thing.1'])}", root_path=root_path)

        assert (await call.opened()).status == 200

    play(scene)


def test_wrapped_twice_it_is_wrapped_once():
    async def scene():
        call = await stream("thing.1", application=with_live(with_live(nothing))).opened()
        move("thing.1", "2")
        await call.until(lambda call: len(call.blocks) == 2)
        await asyncio.sleep(0.05)

        assert len(call.blocks) == 2

    play(scene)


def test_switched_off_there_is_no_stream_and_polls_go_on():
    async def scene():
        assert (await stream("thing.1").done()).status == 503
        assert (await poll(issue(["thing.1"])).done()).status == 200

    play(scene, ENABLED=False)


def test_a_process_that_serves_streams_tells_pages_so():
    async def scene():
        transport._served = False
        before = transport.stream_url()
        await Call(with_live(nothing), "/").done()

        assert before == ""
        assert transport.stream_url() == STREAM

    play(scene)


def test_a_stream_lives_as_long_as_it_may_and_says_when_it_ends():
    async def scene():
        call = await stream("thing.1").opened()
        await call.done()

        assert re.search(r'event: end\nretry: \d+\ndata: {"reason": "lifetime"}\n\n$', call.text)
        assert not list(running.edge().hub.watches())

    play(scene, LIFETIME=0.5, HEARTBEAT=0.25)


def test_signs_of_life_come_while_nothing_happens():
    async def scene():
        call = await stream("thing.1").opened()

        await call.until(lambda call: call.text.count("\n\n: \n\n") >= 1 and call.text.count(": \n\n") >= 3)

    play(scene, HEARTBEAT=0.25)


@pytest.mark.parametrize("call", [Driven, Call])
def test_draining_ends_every_stream_spread_over_seconds_and_takes_no_more(call):
    async def scene():
        calls = [await stream("thing.1", call=call).opened() for _ in range(8)]

        running.edge().drain()
        for ended in calls:
            await ended.done()
        late = await stream("thing.1").done()

        retries = {int(re.search(r"event: end\nretry: (\d+)", ended.text)[1]) for ended in calls}
        assert all('{"reason": "shutdown"}' in ended.text for ended in calls)
        assert len(retries) > 4
        assert min(retries) >= 500
        assert max(retries) <= 10_000
        assert late.status == 503
        assert int(late.headers["retry-after"]) > 0

    play(scene)


@pytest.mark.parametrize("call", [Driven, Call])
def test_a_slow_browser_costs_no_more_than_a_fast_one(call):
    async def scene():
        rows.update({"thing.1": "0", "thing.2": "0"})
        slow, fast = await stream("thing.1", call=call).opened(), await stream("thing.1", call=call).opened()
        waiting = next(watch for watch in running.edge().hub.watches() if watch._send == slow.send)

        slow.stuck = True
        for number in range(1, 101):
            rows["thing.1"] = str(number)
            running.edge().hub.hear(["thing.1"])
            await asyncio.sleep(0)
        await fast.until(lambda call: call.blocks[-1][0] == "100")
        pending = list(waiting.pending or ())
        slow.unstick()
        await slow.until(lambda call: call.blocks[-1][0] == "100")

        assert len(pending) == 1
        assert len(slow.blocks) <= 4

    play(scene)


@pytest.mark.parametrize("call", [Driven, Call])
def test_a_browser_that_takes_nothing_is_cut_off(call, monkeypatch):
    monkeypatch.setattr(hub, "BUSY_SECONDS", 0.3)

    async def scene():
        stuck, fine = await stream("thing.1", call=call).opened(), await stream("thing.1", call=call).opened()

        stuck.stuck = True
        move("thing.1", "9")
        await stuck.done()

        assert stuck.aborted == (call is Driven)
        assert fine.blocks[-1][0] == "9"
        assert not fine.task.done()
        assert len(list(running.edge().hub.watches())) == 1

    play(scene)


def test_a_browser_that_leaves_is_forgotten_with_its_topics():
    async def scene():
        call, other = await stream("thing.1", "thing.2", holders=["a.1"]).opened(), await stream("thing.2").opened()

        call.leave()
        await call.done()

        hub = running.edge().hub
        assert set(hub.topics) == {"thing.2"}
        assert not hub.holders
        assert len(list(hub.watches())) == 1
        assert not other.task.done()

    play(scene)


def test_a_ticket_that_is_revoked_ends_its_stream_and_opens_none():
    async def scene():
        sources.register_source("revoked", things, instant=True)
        rows.clear()
        held, free = await stream("thing.1", holders=["session.x"]).opened(), await stream("thing.1").opened()

        rows["revoked.session.x"] = "99999999999"
        bus().publish(["revoked.session.x"])
        await held.done()
        again = await stream(
            tickets=[issue(["thing.1"]), issue(["thing.1"], holders=["session.x"])],
        ).done()
        move("thing.1", "2")
        await free.until(lambda call: len(call.blocks) == 2)

        assert '"reason": "revoked"' in held.text
        assert (again.status, again.json["bad"]) == (403, [1])

    play(scene)


def test_a_revocation_before_the_ticket_was_issued_is_past():
    async def scene():
        sources.register_source("revoked", things, instant=True)
        rows["revoked.session.x"] = "1000000000"

        assert (await stream("thing.1", holders=["session.x"]).opened()).status == 200

    play(scene)


def test_guards_are_asked_when_a_stream_opens_and_again_while_it_lasts(monkeypatch):
    gone = set()
    monkeypatch.setitem(guards._guards, "guarded", lambda holders: set(holders) & gone)

    async def scene():
        call, other = [await stream("thing.1", holders=[f"guarded.{name}"]).opened() for name in "ab"]

        gone.add("guarded.a")
        await call.done()
        again = await stream("thing.1", holders=["guarded.a"]).done()

        assert '"reason": "revoked"' in call.text
        assert again.status == 403
        assert not other.task.done()

    play(scene)


def test_a_query_of_any_length_is_not_taken_apart():
    async def scene():
        ticket = issue(["thing.1"])

        assert (await poll(f"{ticket}&x={'x' * 20_000}").done()).status == 414
        refused = await stream("thing.1", tickets=[ticket], after="x" * 20_000).done()
        assert refused.status == 414
        assert (await poll(f"{ticket}&x={'x' * 2_000}").done()).status == 200

    play(scene)
