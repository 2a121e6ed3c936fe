"""What is new, what was before, and how far the visitor has read."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shopchat.conversations import hints, reading, typing
from shopchat.conversations.models import Conversation, Receipt
from shopchat.live import sources, tickets
from shopchat.live.stamps import stamps
from tests.factories import OperatorFactory, UserFactory, note, receive, reply
from tests.widget.conftest import Browser
from tests.widget.reading import attribute, shown, texts


@pytest.fixture
def conversation(writer):
    return Conversation.objects.get()


@pytest.fixture
def anna(db):
    return OperatorFactory(public_name="Anna")


def updates(browser, conversation, after):
    return browser.get(f"/chat/c/{conversation.number}/updates/", {"after": after})


def last_seq():
    return Conversation.objects.get().last_seq


def test_nothing_new_is_an_empty_answer(writer, conversation):
    response = updates(writer, conversation, 1)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["X-Shopchat"] == "1"


def test_what_is_new_comes_with_its_cursor(writer, conversation, anna):
    reply(conversation, anna, "Yes, fully.")

    response = updates(writer, conversation, 1)

    assert shown(response) == [(2, "operator", "Yes, fully.")]
    assert attribute(response, "cursor") == "2"
    assert 'hx-swap-oob="true"' in response.content.decode()
    assert updates(writer, conversation, 2).status_code == 204


def test_everything_after_the_cursor_comes_once_and_in_order(writer, conversation, anna):
    for n in range(3):
        reply(conversation, anna, f"Answer {n}")
        receive(conversation, f"Question {n}")

    response = updates(writer, conversation, 3)

    assert [seq for seq, _author, _text in shown(response)] == [4, 5, 6, 7]


def test_private_notes_are_never_shown(writer, conversation, anna):
    reply(conversation, anna, "Public")
    note(conversation, anna, "Private")

    response = updates(writer, conversation, 0)

    assert texts(response) == ["The first message", "Public"]
    assert "Private" not in response.content.decode()
    assert attribute(response, "cursor") == "3"


def test_a_receipt_moves_the_ticks(writer, conversation, anna):
    reading.mark_read(conversation, operator=anna, up_to=1)

    response = updates(writer, conversation, 1)

    assert texts(response) == []
    assert (attribute(response, "delivered"), attribute(response, "read")) == ("1", "1")


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "1e3", "٣", " 1", "9" * 30, "1\x00"])
def test_a_cursor_that_is_none_is_refused(writer, conversation, after):
    assert updates(writer, conversation, after).status_code == 400
    assert writer.get(f"/chat/c/{conversation.number}/older/", {"before": after}).status_code == 400


@pytest.mark.parametrize("after", [2, 99, 10**17])
def test_a_cursor_beyond_the_end_begins_the_page_anew(writer, conversation, after):
    response = updates(writer, conversation, after)

    assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")


def test_a_poll_with_nothing_new_costs_two_queries(writer, conversation):
    writer.open()

    with CaptureQueriesContext(connection) as captured:
        updates(writer, conversation, 1)
        queries = [query["sql"] for query in captured]

    assert len(queries) == 2, queries


def test_an_account_pays_for_its_session_too(browser):
    browser.force_login(UserFactory())
    browser.write()
    conversation = Conversation.objects.get()

    with CaptureQueriesContext(connection) as captured:
        assert updates(browser, conversation, 1).status_code == 204
        queries = [query["sql"] for query in captured]

    ours = [sql for sql in queries if "shopchat_" in sql]
    assert len(ours) == 2, queries


def test_older_messages_come_by_pages(writer, conversation):
    for n in range(90):
        receive(conversation, f"Message {n}")
    seen, before = [], last_seq() + 1

    for _ in range(3):
        response = writer.get(f"/chat/c/{conversation.number}/older/", {"before": before})
        page = shown(response)
        seen = page + seen
        before = page[0][0]
        has_more = "shopchat-older" in response.content.decode()

    assert [seq for seq, _author, _text in seen] == list(range(1, 92))
    assert not has_more


def test_reading_is_told_to_the_operator(writer, conversation, anna):
    reply(conversation, anna)

    response = writer.form(f"/chat/c/{conversation.number}/seen/", up_to=2)

    conversation.refresh_from_db()
    assert response.status_code == 204
    assert conversation.contact_seen_seq == 2
    assert Receipt.objects.get().reader == "visitor"


@pytest.mark.parametrize(("up_to", "status"), [("x", 400), ("-1", 400), ("", 400), ("99", 204), ("9" * 18, 204)])
def test_reading_what_is_not_there_changes_nothing(writer, conversation, anna, up_to, status):
    reply(conversation, anna)

    assert writer.form(f"/chat/c/{conversation.number}/seen/", up_to=up_to).status_code == status
    assert Conversation.objects.get().contact_seen_seq == 0


def test_typing_is_told_and_ends(writer, conversation):
    topic = hints.typing(conversation.number, by="visitor")

    writer.form(f"/chat/c/{conversation.number}/typing/", on=1)
    during = stamps().read([topic])[topic]
    writer.form(f"/chat/c/{conversation.number}/typing/", on=0)

    assert during
    assert not stamps().read([topic])[topic]


def test_a_message_ends_the_typing(writer, conversation):
    topic = hints.typing(conversation.number, by="visitor")
    typing.started(conversation, by="visitor")
    assert stamps().read([topic])[topic]

    writer.write("Sent")

    assert not stamps().read([topic])[topic]


def test_the_launcher_learns_what_is_unread(writer, conversation, anna):
    before = writer.get("/chat/state/").json()
    reply(conversation, anna)
    reply(conversation, anna)
    note(conversation, anna)

    after = writer.get("/chat/state/").json()

    assert (before["unread"], after["unread"]) == (0, 2)
    assert after["scope"] == before["scope"] != ""


def test_the_launchers_ticket_repeats_nothing_and_misses_nothing(writer, conversation, anna):
    state = writer.get("/chat/state/").json()

    def poll():
        return writer.get("/chat/live/poll/", {"ticket": state["ticket"]}, headers={"If-None-Match": state["etag"]})

    assert poll().status_code == 204
    note(conversation, anna)
    assert poll().status_code in (200, 204)
    reply(conversation, anna)
    assert poll().status_code == 200


def test_somebody_who_never_wrote_has_no_ticket(browser):
    state = browser.get("/chat/state/").json()

    assert state == {"scope": "", "joined": "", "unread": 0, "ticket": "", "etag": ""}


def test_a_ticket_is_renewed_for_ones_own_conversation(writer, conversation):
    answer = writer.get("/chat/ticket/", {"c": conversation.number}).json()

    poll = writer.get("/chat/live/poll/", {"ticket": answer["ticket"]})
    assert set(poll.json()["topics"]) == {
        f"conversation.{conversation.number}",
        f"typing.{conversation.number}.operator",
    }
    assert Browser().get("/chat/ticket/", {"c": conversation.number}).status_code == 404


def test_the_pages_stamps_are_what_a_stream_tells_first(writer, conversation):
    told = json.loads(re.search(r'type="application/json">(.*?)</script>', writer.open().content.decode())[1])

    assert sources.read(tickets.read(told["ticket"]).topics) == told["stamps"]
    receive(conversation, "Another one")

    assert sources.read(tickets.read(told["ticket"]).topics) != told["stamps"]


def test_pages_are_told_of_the_stream_where_there_is_one(writer, settings):
    def told():
        return json.loads(re.search(r'type="application/json">(.*?)</script>', writer.open().content.decode())[1])

    settings.SHOPCHAT = {**settings.SHOPCHAT, "STREAM": {"ENABLED": True}}
    assert told()["urls"]["stream"] == "/chat/live/stream/"

    settings.SHOPCHAT = {**settings.SHOPCHAT, "STREAM": {"ENABLED": False}}
    assert told()["urls"]["stream"] == ""


def test_who_answers_is_asked_again(writer, conversation):
    before = writer.get("/chat/answering/").content.decode()
    OperatorFactory(public_name="Anna", present=True)

    after = writer.get("/chat/answering/").content.decode()

    assert "Anna" not in before
    assert "Anna" in after
    assert "Online" in after
