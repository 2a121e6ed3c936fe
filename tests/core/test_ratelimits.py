import pytest
from django.core.cache import caches
from django.test import RequestFactory

from shopchat.core.addresses import anonymous_key, client_address
from shopchat.core.ratelimits import DjangoCacheStorage, RateLimited, hit, look


def test_a_limit_is_reached_counted_for_each_key_and_ends(time_machine):
    time_machine.move_to(1_800_000_010, tick=False)
    for _ in range(3):
        hit("3/minute", "messages", "anna")

    with pytest.raises(RateLimited) as refused:
        hit("3/minute", "messages", "anna")

    assert refused.value.retry_after == 50
    hit("3/minute", "messages", "boris")
    time_machine.move_to(1_800_000_060, tick=False)
    hit("3/minute", "messages", "anna")


def test_a_limit_that_cannot_be_read_is_an_error():
    with pytest.raises(ValueError):
        hit("often", "x")


def test_a_cache_that_is_down_stops_nobody(monkeypatch, caplog):
    def down(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(caches["default"], "incr", down)

    for _ in range(5):
        hit("1/minute", "x")

    assert "not applied" in caplog.text


def test_the_storage_keeps_the_librarys_contract(monkeypatch, still_clock):
    storage = DjangoCacheStorage(seconds=60)

    assert storage.check()
    assert storage.incr("k", 60) == 1
    assert storage.get("k") == 1
    storage.clear("k")
    assert storage.get("k") == 0
    assert storage.reset() is None
    assert storage.base_exceptions == ()
    monkeypatch.setattr(storage.cache, "add", lambda *args, **kwargs: False)
    assert storage.incr("evicted", 60) == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 7.7.7.7", "7.7.7.7"),
        (2, "6.6.6.6, 7.7.7.7", "6.6.6.6"),
        (3, "7.7.7.7", "7.7.7.7"),
        (1, "", "10.0.0.1"),
    ],
)
def test_only_ones_own_proxies_are_believed(proxies, forwarded, address):
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})

    assert client_address(request, trusted_proxies=proxies) == address


def test_an_address_is_counted_under_a_keyed_hash():
    assert anonymous_key("10.0.0.1") == anonymous_key("10.0.0.1") != anonymous_key("10.0.0.2")
    assert "10.0" not in anonymous_key("10.0.0.1")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("", "unix:", False),
    ],
)
def test_of_ipv6_the_network_counts(one, other, is_same):
    assert (anonymous_key(one) == anonymous_key(other)) is is_same


def test_several_limits_hold_at_once_and_one_refusal_is_not_counted_by_the_others(time_machine):
    time_machine.move_to(1_800_000_010, tick=False)  # ten seconds after a minute began
    limit = "5/day;2/minute"
    for _ in range(2):
        hit(limit, "calls", "anna")
    for _ in range(9):
        with pytest.raises(RateLimited) as refused:
            hit(limit, "calls", "anna")
        assert refused.value.retry_after == 50

    time_machine.shift(60)
    for _ in range(2):
        hit(limit, "calls", "anna")
    time_machine.shift(60)
    hit(limit, "calls", "anna")
    with pytest.raises(RateLimited) as refused:
        hit(limit, "calls", "anna")

    assert refused.value.retry_after > 60


def test_looking_at_a_limit_counts_nothing(time_machine):
    time_machine.move_to(1_800_000_010, tick=False)
    for _ in range(5):
        look("2/minute;9/hour", "guesses", "anna")
    hit("2/minute;9/hour", "guesses", "anna")
    hit("2/minute;9/hour", "guesses", "anna")

    with pytest.raises(RateLimited) as refused:
        look("2/minute;9/hour", "guesses", "anna")

    assert refused.value.retry_after == 50
    look("2/minute;9/hour", "guesses", "boris")
