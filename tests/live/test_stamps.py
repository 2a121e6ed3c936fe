import json
import os
import uuid
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError

from shopchat.conversations import hints
from shopchat.live import sources
from shopchat.live import stamps as stamps_module
from shopchat.live.polling import answer
from shopchat.live.redis_stamps import RedisStamps
from shopchat.live.stamps import LIFETIME_SECONDS, CacheStamps, DatabaseStamps, is_shared, stamps
from shopchat.live.tickets import issue
from shopchat.live.wrapping import wrap_wsgi
from tests.factories import ConversationFactory, receive

pytestmark = pytest.mark.django_db

SHARED = override_settings(
    SHOPCHAT={"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps", "OPTIONS": {"CACHE": "files"}}}
)


def redis_stamps():
    prefix = f"shopchat:tests:{uuid.uuid4().hex}:"
    found = RedisStamps(os.environ.get("SHOPCHAT_TEST_REDIS", "redis://127.0.0.1:6379/15"), PREFIX=prefix)
    try:
        found._redis.ping()
    except RedisError:
        pytest.skip("Redis does not answer")
    return found


@pytest.fixture(params=["cache", "database", "redis"])
def backend(request):
    return {"cache": lambda: CacheStamps("files"), "database": DatabaseStamps, "redis": redis_stamps}[request.param]()


def test_a_stamp_changes_when_the_topic_moves_and_only_then(backend, django_capture_on_commit_callbacks):
    conversation, other = ConversationFactory(), ConversationFactory()
    topics = [hints.for_contact(c.number) for c in (conversation, other)]
    before = backend.read(topics)
    same = backend.read(topics)

    receive(conversation)
    backend.move([topics[0]])

    after = backend.read(topics)
    assert before == same
    assert after[topics[0]] != before[topics[0]]
    assert after[topics[1]] == before[topics[1]]


def test_redis_keeps_a_stamp_and_forgets_a_flash(django_assert_num_queries):
    backend = redis_stamps()
    conversation = ConversationFactory()
    topic, typing = hints.for_contact(conversation.number), hints.typing(conversation.number, by="visitor")
    backend.flash(typing, seconds=5)
    before = backend.read([topic, typing])
    assert all(before.values())

    with django_assert_num_queries(0):
        assert backend.read([topic, typing]) == before
    backend.end_flash(typing)

    assert backend.read([topic, typing]) == {topic: before[topic], typing: ""}


def test_what_a_writer_left_in_redis_is_not_overwritten_by_a_reader():
    backend = redis_stamps()
    backend.move(["conversation.1"])
    left = backend.read(["conversation.1"])

    backend._keep("conversation.1", "older")

    assert backend.read(["conversation.1"]) == left


def test_without_redis_the_rows_are_asked():
    away = RedisStamps("redis://127.0.0.1:1/0")
    conversation = ConversationFactory()
    topic = hints.for_contact(conversation.number)
    receive(conversation)

    away.move([topic])
    away.flash("typing.1.operator", seconds=5)
    away.end_flash("typing.1.operator")

    assert away.read([topic]) == {topic: "1"}
    assert away.flashes(["typing.1.operator"]) == {}


def test_typing_is_read_where_it_was_left():
    backend = redis_stamps()
    backend.flash("typing.1.operator", seconds=5)

    assert backend.flashes(["typing.1.operator", "typing.2.operator"]).keys() == {"typing.1.operator"}

    backend.end_flash("typing.1.operator")

    assert backend.flashes(["typing.1.operator"]) == {}


def test_without_a_shared_cache_the_rows_are_asked():
    assert not is_shared("default")
    assert is_shared("files")
    assert isinstance(stamps(), DatabaseStamps)
    with override_settings(SHOPCHAT={"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps"}}):
        assert isinstance(stamps(), CacheStamps)


def test_topics_of_one_table_cost_one_query_without_a_shared_cache(django_assert_num_queries):
    conversations = ConversationFactory.create_batch(3)
    topics = [topic(c.number) for c in conversations for topic in (hints.for_contact, hints.for_operators)]

    with django_assert_num_queries(2):
        found = DatabaseStamps().read([hints.DESK, *topics])

    assert set(found) == {hints.DESK, *topics}


@SHARED
def test_a_stamp_that_nobody_announced_is_read_from_the_rows_within_half_a_minute(time_machine):
    conversation = ConversationFactory()
    topic = hints.for_contact(conversation.number)
    before = stamps().read([topic])

    receive(conversation)  # the test's transaction never ends, so that nothing is announced
    at_once = stamps().read([topic])
    time_machine.move_to(timezone.now() + timedelta(seconds=LIFETIME_SECONDS + 1))
    later = stamps().read([topic])

    assert at_once == before
    assert later != before


@SHARED
def test_what_a_writer_leaves_while_the_rows_are_read_is_kept(monkeypatch):
    conversation = ConversationFactory()
    topic = hints.for_contact(conversation.number)
    read = sources.read

    def slowly(topics):
        found = read(topics)
        stamps().move([topic])
        return found

    monkeypatch.setattr(sources, "read", slowly)
    first = stamps().read([topic])
    monkeypatch.undo()

    assert stamps().read([topic]) != first


def test_a_cache_that_is_down_is_replaced_by_the_rows(monkeypatch, caplog):
    topic = hints.for_contact(ConversationFactory().number)
    broken = CacheStamps("files")
    for name in ("get_many", "set_many", "set", "delete"):
        monkeypatch.setattr(caches["files"], name, _raise)

    broken.move([topic])
    broken.flash("typing.1.operator", seconds=5)
    broken.end_flash("typing.1.operator")

    assert "did not take a stamp (ConnectionError)" in caplog.text
    assert broken.read([topic]) == DatabaseStamps().read([topic])
    assert "did not answer" in caplog.text


def _raise(*args, **kwargs):
    raise ConnectionError


@SHARED
def test_a_poll_is_answered_from_the_cache_alone(client, django_assert_num_queries):
    number = ConversationFactory().number
    ticket = issue([hints.for_contact(number), hints.typing(number, by="operator")])

    with django_assert_num_queries(1):
        first = client.get(reverse("shopchat:poll"), {"ticket": ticket})
    with django_assert_num_queries(0):
        again = client.get(reverse("shopchat:poll"), {"ticket": ticket}, headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code) == (200, 204)
    assert set(first.json()["topics"]) == {hints.for_contact(number), hints.typing(number, by="operator")}
    assert again.content == b""
    assert first["X-Shopchat"] == again["X-Shopchat"] == "1"
    assert not first.cookies


@SHARED
@pytest.mark.django_db(transaction=True)
def test_a_poll_answers_200_after_the_topic_moved(client):
    conversation, other = ConversationFactory(), ConversationFactory()
    ticket = issue([hints.for_contact(conversation.number)])
    etag = client.get(reverse("shopchat:poll"), {"ticket": ticket})["ETag"]

    receive(other)
    still = client.get(reverse("shopchat:poll"), {"ticket": ticket}, headers={"If-None-Match": etag})
    receive(conversation)
    moved = client.get(reverse("shopchat:poll"), {"ticket": ticket}, headers={"If-None-Match": etag})

    assert (still.status_code, moved.status_code) == (204, 200)
    assert moved["ETag"] != etag


def test_a_poll_without_a_good_ticket_is_refused(client):
    assert client.get(reverse("shopchat:poll")).status_code == 403
    assert client.get(reverse("shopchat:poll"), {"ticket": "forged"}).status_code == 403
    assert client.post(reverse("shopchat:poll")).status_code == 405


def test_django_itself_serves_no_stream_and_says_so(client):
    refused = client.get(reverse("shopchat:stream"), {"ticket": issue(["desk"])})

    assert refused.status_code == 503
    assert refused["X-Shopchat"] == "1"
    assert int(refused["Retry-After"]) > 0
    assert refused.json()["error"]
    assert client.post(reverse("shopchat:stream")).status_code == 405


def test_the_wsgi_wrapper_answers_polls_and_nothing_else():
    entered = []
    application = wrap_wsgi(
        lambda environ, start: entered.append(environ["PATH_INFO"]) or [b""], path=lambda: "/chat/live/poll/"
    )
    number = ConversationFactory().number
    answers = []
    start_response = lambda status, headers: answers.append((status, dict(headers)))  # noqa: E731
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/chat/live/poll/",
        "QUERY_STRING": f"ticket={issue([hints.for_contact(number)])}",
    }

    body = application(environ, start_response)
    application({**environ, "HTTP_IF_NONE_MATCH": answers[0][1]["ETag"]}, start_response)
    application({**environ, "PATH_INFO": "/catalogue/"}, start_response)
    application({**environ, "REQUEST_METHOD": "POST"}, start_response)

    assert [status for status, _ in answers] == ["200 OK", "204 No Content"]
    assert json.loads(b"".join(body))["topics"]
    assert entered == ["/catalogue/", "/chat/live/poll/"]


def test_the_entry_points_find_the_poll_by_its_name():
    from shopchat import asgi, wsgi

    ticket = issue(["nothing.known"])
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": reverse("shopchat:poll"), "QUERY_STRING": f"ticket={ticket}"}
    started = []

    wsgi.with_live(_raise)(environ, lambda status, headers: started.append(status))

    assert started == ["200 OK"]
    assert callable(asgi.with_live(_raise))


def test_a_topic_nobody_knows_has_an_empty_stamp():
    assert CacheStamps("files").read(["typing.1.visitor"]) == {"typing.1.visitor": ""}
    assert DatabaseStamps().read(["typing.1.visitor"]) == {"typing.1.visitor": ""}
    assert answer(issue(["x"]), "").status == 200
    DatabaseStamps().move(["x"])
    assert stamps_module.DatabaseStamps().read(["x"]) == {"x": ""}
