"""The chat's page: what it shows, to whom, in which language, with which headers, and without a script."""

import json
import re

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from shopchat.conversations import assignment, closing
from shopchat.conversations.models import Conversation, Message
from tests.factories import OperatorFactory, UserFactory, client_id, note, receive, reply
from tests.widget.conftest import Browser
from tests.widget.reading import attribute, texts


def settings_of(response):
    """What the page's script is told."""
    found = re.search(
        r'<script id="shopchat-settings" type="application/json">(.*?)</script>', response.content.decode()
    )
    return json.loads(found[1])


def test_somebody_new_is_welcomed_and_asked_nothing(browser):
    page = browser.open()

    html = page.content.decode()
    assert "Hello! How can we help?" in html
    assert 'name="text"' in html
    assert not re.search(r'name="(name|email|phone)"', html)
    assert attribute(page, "number") == ""
    assert settings_of(page)["scope"] == ""


def test_the_thread_is_on_the_page(writer):
    conversation = Conversation.objects.get()
    anna = OperatorFactory(public_name="Anna")
    assignment.take(conversation, operator=anna)
    reply(conversation, anna, "See https://example.com/tent <b>now</b>")
    note(conversation, anna, "Hidden from the customer")

    page = writer.open()

    html = page.content.decode()
    assert texts(page)[0] == "The first message"
    assert "Anna joined the conversation" in html
    assert 'href="https://example.com/tent" target="_blank" rel="nofollow noopener noreferrer"' in html
    assert "&lt;b&gt;now" in html
    assert "Hidden from the customer" not in html
    assert conversation.readable_number in html
    assert 'data-author="system"' in html


def test_messages_carry_what_others_look_for(writer):
    message = Message.objects.get()

    html = writer.open().content.decode()

    assert f'data-seq="1" data-client-id="{message.client_id}" data-author="visitor"' in html


@pytest.mark.parametrize(
    ("fields", "tick"),
    [({}, "stored"), ({"delivered_seq": 1}, "delivered"), ({"delivered_seq": 1, "operator_seen_seq": 1}, "read")],
)
def test_ticks_tell_how_far_a_message_came(writer, fields, tick):
    Conversation.objects.update(**fields)

    thread = writer.open().content.decode().partition("<template")[0]

    assert re.findall(r'class="shopchat-tick" data-state="(\w+)"', thread) == [tick]


def test_a_closed_conversation_says_so(writer):
    closed = '<span id="shopchat-closed" hidden>'
    assert closed in writer.open().content.decode()

    closing.close(Conversation.objects.get(), operator=OperatorFactory())

    assert closed not in writer.open().content.decode()


def test_an_operators_photo_name_and_greeting_are_shown_while_they_are_here(browser):
    anna = OperatorFactory(public_name="Anna", role="Tents", greeting="Hi, Anna here!", present=True)
    anna.photo.save("x.jpg", ContentFile(b"x"))

    html = browser.open().content.decode()

    assert f'src="{anna.photo.url}"' in html
    assert all(text in html for text in ("Anna", "Tents", "Hi, Anna here!", "Online"))


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ({"lang": "uk"}, "en", "uk"),
        ({"lang": "ru"}, "en", "ru"),
        ({}, "uk", "uk"),
        ({"lang": "xx"}, "ru", "ru"),
        ({"lang": "../../etc"}, "en", "en"),
        ({"lang": "uk\x00"}, "en", "en"),
    ],
)
def test_the_language_is_the_asked_one_else_the_active_one(browser, query, accept, language):
    response = browser.get("/chat/", query, headers={"accept-language": accept})

    assert f'<html lang="{language}" dir="ltr"' in response.content.decode()
    assert settings_of(response)["urls"]["messages"] == f"/chat/messages/?lang={language}"
    assert f'action="/chat/?lang={language}"' in response.content.decode()


@override_settings(LANGUAGES=[("en", "English"), ("ar", "Arabic")])
def test_a_language_that_runs_from_right_to_left_turns_the_page(browser):
    assert '<html lang="ar" dir="rtl"' in browser.open(lang="ar").content.decode()


def test_opening_the_chat_twice_gives_two_starts(browser):
    browser.open()
    first = browser.start

    browser.open()

    assert first
    assert browser.start
    assert first != browser.start


def test_a_signed_in_customer_needs_no_start(browser):
    browser.force_login(UserFactory())

    browser.open()

    assert browser.start == ""


def test_the_page_costs_few_queries(writer):
    for _ in range(30):
        receive(Conversation.objects.get())

    with CaptureQueriesContext(connection) as captured:
        writer.open()
        queries = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]

    # Who, inbox, conversation, its stamp and itself again, messages, who is here, how many conversations, an
    # address for answers, basket.
    assert len(queries) <= 10, queries


# --- without a script ---------------------------------------------------------------------------------------------------


def send_form(browser, page, **fields):
    """Fill in the form of the page and send it."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    return browser.form("/chat/?lang=en", **{**hidden, **fields})


def test_a_plain_form_sends_and_comes_back_to_the_page(browser):
    page = browser.open()

    response = send_form(browser, page, text="Without a script")

    conversation = Conversation.objects.get()
    assert (response.status_code, response.url) == (302, f"/chat/?lang=en&c={conversation.number}")
    assert response.cookies["shopchat_visitor"]["httponly"]
    assert texts(browser.get(response.url)) == ["Without a script"]
    assert "Check for new messages" in browser.get(response.url).content.decode()


def test_a_form_that_is_sent_twice_is_stored_once(browser):
    page = browser.open()

    first, second = (send_form(browser, page, text="Twice") for _ in range(2))

    assert first.url == second.url
    assert Message.objects.count() == 1


def test_errors_of_the_form_are_beside_the_field_and_keep_the_text(browser):
    page = browser.open()
    too_long = "<b>" + "x" * 4000

    response = send_form(browser, page, text=too_long)

    html = response.content.decode()
    assert response.status_code == 400
    assert "too long by 3 characters" in html
    assert "&lt;b&gt;" + "x" * 4000 + "</textarea>" in html
    assert 'aria-invalid="true"' in html
    assert not Message.objects.exists()
    assert send_form(browser, response, text="Shorter").status_code == 302


def test_the_plain_form_is_limited_with_a_visible_message(settings, writer, still_clock):
    settings.SHOPCHAT = {"RATE_LIMITS": {"visitor_messages": "1/minute"}}
    send_form(writer, writer.open(), text="One")

    response = send_form(writer, writer.open(), text="Two")

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1
    assert "too fast" in response.content.decode()
    assert "Two</textarea>" in response.content.decode()


def test_the_plain_form_of_somebody_elses_conversation_is_not_found(writer, stranger):
    number = Conversation.objects.get().number

    response = stranger.form("/chat/", text="Intruding", client_id=client_id(), conversation=number)

    assert response.status_code == 404
    assert Message.objects.count() == 1


def test_earlier_messages_are_a_page_of_their_own(writer):
    conversation = Conversation.objects.get()
    for n in range(60):
        receive(conversation, f"Message {n}")
    newest = writer.open()
    link = re.search(r'<a href="(/chat/\?[^"]*before=\d+)">', newest.content.decode())[1].replace("&amp;", "&")

    older = writer.get(link)

    assert texts(newest)[-1] == "Message 59"
    assert "The first message" in texts(older)
    assert not set(texts(newest)) & set(texts(older))
    assert "Newest messages" in older.content.decode()


@pytest.mark.parametrize("before", ["x", "-1", "", "1.5", "٣"])
def test_a_cursor_that_is_none_is_refused(writer, before):
    assert writer.get("/chat/", {"before": before}).status_code == 400


def test_a_page_far_beyond_the_end_is_the_newest_page(writer):
    assert texts(writer.get("/chat/", {"before": "9" * 18})) == ["The first message"]


def test_the_conversations_of_somebody_are_listed(writer):
    number = Conversation.objects.get().readable_number
    reply(Conversation.objects.get(), OperatorFactory())

    html = writer.get("/chat/conversations/").content.decode()

    assert number in html
    assert "1 new message" in html
    assert number not in Browser().get("/chat/conversations/").content.decode()
