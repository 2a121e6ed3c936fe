"""A poll with a ticket that was taken back is refused, and costs what every poll costs."""

import pytest
from django.core.cache import caches
from django.test import override_settings
from django.urls import reverse

from shopchat.conversations import hints
from shopchat.live.tickets import issue
from shopchat.visitors.revoking import revoke
from tests.factories import ConversationFactory

pytestmark = pytest.mark.django_db(transaction=True)

BACKENDS = {
    "cache": {"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps", "OPTIONS": {"CACHE": "files"}}},
    "database": {"LIVE": {"BACKEND": "shopchat.live.stamps.DatabaseStamps"}},
}


@pytest.fixture(params=list(BACKENDS))
def backend(request):
    caches["files"].clear()
    with override_settings(SHOPCHAT=BACKENDS[request.param]):
        yield request.param


def poll(client, ticket, etag=""):
    return client.get(reverse("shopchat:poll"), {"ticket": ticket}, headers={"If-None-Match": etag})


def test_polls_end_with_the_revocation_and_others_go_on(client, backend):
    topic = hints.for_contact(ConversationFactory().number)
    mine = issue([topic], holders=["account.1", "session.a"])
    elsewhere = issue([topic], holders=["account.1", "session.b"])
    etags = [poll(client, ticket)["ETag"] for ticket in (mine, elsewhere)]
    assert [poll(client, ticket, etag).status_code for ticket, etag in zip((mine, elsewhere), etags, strict=True)] == [
        204,
        204,
    ]

    revoke(["session.a"])

    assert [poll(client, ticket, etag).status_code for ticket, etag in zip((mine, elsewhere), etags, strict=True)] == [
        403,
        204,
    ]
    assert poll(client, mine).content == b""


def test_an_account_that_was_revoked_polls_on_with_a_later_ticket(client, backend, time_machine):
    time_machine.move_to(1_800_000_000, tick=False)
    topic = hints.for_contact(ConversationFactory().number)
    old = issue([topic], holders=["account.1"])
    assert poll(client, old).status_code == 200
    revoke(["account.1"])

    time_machine.move_to(1_800_000_001, tick=False)
    fresh = issue([topic], holders=["account.1"])

    assert [poll(client, ticket).status_code for ticket in (old, fresh)] == [403, 200]


def test_holders_are_not_part_of_the_answer(client, backend):
    topic = hints.for_contact(ConversationFactory().number)

    answer = poll(client, issue([topic], holders=["account.1", "session.a"]))

    assert set(answer.json()["topics"]) == {topic}


def test_a_poll_that_finds_nothing_new_needs_no_query(client, django_assert_num_queries):
    with override_settings(SHOPCHAT=BACKENDS["cache"]):
        caches["files"].clear()
        ticket = issue([hints.for_contact(ConversationFactory().number)], holders=["account.1", "session.a"])
        etag = poll(client, ticket)["ETag"]

        with django_assert_num_queries(0):
            assert poll(client, ticket, etag).status_code == 204
