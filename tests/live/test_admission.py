"""How many streams are taken, and whom they count for."""

from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings

from shopchat.live import sources
from tests.live.calling import play, stream

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_address_has_so_many_streams_and_the_process_so_many():
    async def scene():
        calls = [await stream("thing.1").opened() for _ in range(2)]
        third = await stream("thing.1").done()
        elsewhere = await stream("thing.1", client="192.0.2.9").opened()
        full = await stream("thing.1", client="192.0.2.10").done()
        calls[0].leave()
        await calls[0].done()
        again = await stream("thing.1").opened()

        assert (third.status, full.status) == (429, 503)
        assert all(int(refused.headers["retry-after"]) > 0 for refused in (third, full))
        assert (elsewhere.status, again.status) == (200, 200)

    play(scene, PER_ADDRESS=2, MAX=3)


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw():
    async def scene():
        django_settings.SHOPCHAT["TRUSTED_PROXIES"] = 1

        def from_(address, call=stream):
            return call("thing.1", headers=[("x-forwarded-for", f"203.0.113.1, {address}")])

        first = await from_("198.51.100.1").opened()
        same = await from_("198.51.100.1").done()
        other = await from_("198.51.100.2").opened()
        neighbour = await from_("2001:db8:0:1::1").opened()
        same_house = await from_("2001:db8:0:1::2").done()

        assert [call.status for call in (first, same, other, neighbour, same_house)] == [200, 429, 200, 200, 429]

    play(scene, PER_ADDRESS=1)


def test_a_refused_stream_is_not_counted():
    @contextmanager
    def broken():
        def fail(topics):
            raise ConnectionError

        before = dict(sources._sources)
        sources.register_source("broken", fail)
        yield
        sources._sources.clear()
        sources._sources.update(before)

    async def scene():
        with broken():
            refused = await stream("broken.1").done()
        assert refused.status == 503
        assert refused.json["error"]
        assert (await stream("thing.1").opened()).status == 200

    play(scene, PER_ADDRESS=1)
