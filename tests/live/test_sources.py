from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from shopchat.conversations import hints
from shopchat.live import sources, transport
from tests.factories import ConversationFactory, OperatorFactory, note, receive

pytestmark = pytest.mark.django_db


def test_many_topics_are_read_in_batches(django_assert_num_queries):
    known = ConversationFactory()
    topics = [hints.for_contact(known.number), *(f"conversation.x{n}" for n in range(sources.BATCH))]

    with django_assert_num_queries(2):
        found = sources.read(topics)

    assert set(found) == set(topics)
    assert found[topics[0]] == "0"
    assert found[topics[1]] == ""


def test_topics_without_a_source_are_left_out():
    assert sources.read(["typing.1.visitor"]) == {}
    assert sources.has_source("desk")
    assert not sources.has_source("typing.1.visitor")
    assert not sources.are_instant(["desk"])


def test_the_feed_names_what_moved_and_nothing_else(django_assert_num_queries):
    quiet = ConversationFactory(updated_at=timezone.now() - timedelta(hours=1))
    moving = ConversationFactory(updated_at=timezone.now() - timedelta(hours=1))
    since = timezone.now()

    with django_assert_num_queries(2):  # one for each feed: conversations, revocations
        before = sources.moved(since)
    receive(moving)
    moved = sources.moved(since)

    assert before == {}
    assert moved == {
        hints.for_contact(moving.number): "1",
        hints.for_operators(moving.number): "1",
        hints.DESK: sources.read([hints.DESK])[hints.DESK],
    }
    assert hints.for_contact(quiet.number) not in moved


def test_a_note_moves_the_stamp_that_a_stream_sends():
    conversation = ConversationFactory()

    note(conversation, OperatorFactory())

    assert sources.read([hints.for_operators(conversation.number)]) == {hints.for_operators(conversation.number): "1"}


def test_pages_are_told_of_a_stream_only_where_there_is_one(monkeypatch):
    monkeypatch.setattr(transport, "_served", False)
    here = transport.stream_url()
    transport.serving()
    beside = transport.stream_url()
    with override_settings(SHOPCHAT={"STREAM": {"ENABLED": False}}):
        off = transport.stream_url()

    assert (here, beside, off) == ("", "/chat/live/stream/", "")
