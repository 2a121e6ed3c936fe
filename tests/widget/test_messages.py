"""Sending: what is stored, what is refused, and that a refusal stores nothing."""

import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest
from django.core.signals import got_request_exception
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.views.debug import ExceptionReporter

from shopchat.contacts.models import Contact
from shopchat.conversations.models import Conversation, Message
from shopchat.visitors.models import Visitor
from tests.factories import ConversationFactory, client_id, receive
from tests.widget.conftest import FORM, Browser
from tests.widget.reading import attribute, shown, texts


def nothing_is_stored():
    return not Message.objects.exists() and not Conversation.objects.exists() and not Contact.objects.exists()


def test_a_first_message_starts_a_conversation(browser):
    browser.open()

    response = browser.write("Is it waterproof?", page="/catalogue/tent_1/?token=secret")

    message = Message.objects.get()
    assert response.status_code == 201
    assert shown(response) == [(1, "visitor", "Is it waterproof?")]
    assert (message.text, message.conversation.page, message.conversation.language) == (
        "Is it waterproof?",
        "/catalogue/tent_1/",
        "en",
    )
    assert attribute(response, "number") == message.conversation.number
    assert attribute(response, "ticket")
    assert response.headers["X-Shopchat"] == "1"


def test_the_next_message_goes_into_the_same_conversation(writer):
    writer.write("And how heavy?")

    assert Conversation.objects.count() == 1
    assert [message.text for message in Message.objects.all()] == ["The first message", "And how heavy?"]


def test_the_cookie_comes_with_the_first_message_and_never_before(browser):
    opened = browser.open()
    looked = [browser.get("/chat/state/"), browser.get("/chat/conversations/"), browser.get("/chat/answering/")]

    written = browser.write()

    assert set(opened.cookies) == {"csrftoken"}
    assert not any("shopchat_visitor" in response.cookies for response in looked)
    cookie = written.cookies["shopchat_visitor"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"], cookie["secure"]) == ("Lax", "/chat/", 31536000, "")


def test_over_https_the_cookie_is_secure(browser):
    response = browser.post(
        "/chat/messages/", urlencode({"text": "Hello", "client_id": client_id()}), content_type=FORM, secure=True
    )

    assert response.cookies["shopchat_visitor"]["secure"]


def test_a_key_is_nowhere_but_in_the_cookie(browser):
    browser.open()

    response = browser.write()

    key = response.cookies["shopchat_visitor"].value
    answers = [response, browser.open(), browser.get("/chat/state/"), browser.get("/chat/ticket/")]
    assert not any(key in answer.content.decode() for answer in answers)
    assert Visitor.objects.get().key_hash != key


def test_the_same_message_twice_is_stored_once(writer):
    same = {"text": "Twice", "client_id": client_id()}

    first, second = writer.write(**same), writer.write(**same)

    assert (first.status_code, second.status_code) == (201, 200)
    assert texts(first) == texts(second) == ["Twice"]
    assert Message.objects.filter(text="Twice").count() == 1


def test_a_first_message_whose_answer_was_lost_is_stored_once(browser):
    """The browser never saw the cookie; the page's start leads to the same visitor."""
    browser.open()
    same = {"text": "Hello", "client_id": client_id()}
    browser.write(**same)
    del browser.cookies["shopchat_visitor"]

    again = browser.write(**same)

    assert again.status_code == 200
    assert (Message.objects.count(), Conversation.objects.count(), Visitor.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_first_message_sent_twice_at_once_is_stored_once(transactional_db):
    browser = Browser()
    browser.open()
    same = {"text": "Hello", "client_id": client_id(), "start": browser.start}

    def send(_):
        try:
            return Browser().write(**same).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(send, range(4)))

    assert codes == [200, 200, 200, 201]
    assert (Message.objects.count(), Conversation.objects.count(), Contact.objects.count()) == (1, 1, 1)


def test_another_text_under_the_same_id_is_a_conflict(writer):
    used = client_id()
    writer.write("One", client_id=used)

    response = writer.write("Other", client_id=used)

    assert response.status_code == 409
    assert "another text" in response.content.decode()
    assert not Message.objects.filter(text="Other").exists()


def test_a_message_opens_a_closed_conversation(writer):
    Conversation.objects.update(state="closed")

    response = writer.write("One more thing")

    assert response.status_code == 201
    assert attribute(response, "open") == "yes"
    assert Conversation.objects.get().is_open()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "Write a message first", id="empty"),
        pytest.param(" \n\t\u00a0 ", "Write a message first", id="spaces"),
        pytest.param("\u0007\u0008", "Write a message first", id="controls alone"),
        pytest.param("x" * 4001, "too long by 1 character", id="4,001 characters"),
        pytest.param("😀" * 4001, "too long by 1 character", id="4,001 emoji"),
        pytest.param("a\x00b", "cannot be stored", id="NUL"),
    ],
)
def test_a_text_that_cannot_be_a_message_is_refused_with_its_reason(browser, text, reason):
    browser.open()

    response = browser.write(text)

    assert response.status_code == 400
    assert reason in response.content.decode()
    assert response.headers["X-Shopchat"] == "1"
    assert nothing_is_stored()
    assert browser.write("Fine").status_code == 201


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        pytest.param("x" * 4000, "x" * 4000, id="4,000 characters"),
        pytest.param("😀" * 4000, "😀" * 4000, id="4,000 emoji"),
        pytest.param("  a\r\nb  ", "a\nb", id="line ends"),
        pytest.param("a\u0007b\u001bc", "abc", id="control characters"),
        pytest.param("safe\u202egnp.exe", "safegnp.exe", id="bidi override"),
        pytest.param("<b onclick=alert(1)>&amp;", "<b onclick=alert(1)>&amp;", id="HTML"),
        pytest.param("{{ 7|add:7 }}{% debug %}", "{{ 7|add:7 }}{% debug %}", id="template code"),
        pytest.param("שלום עולם", "שלום עולם", id="right to left"),
    ],
)
def test_what_may_be_a_message_is_stored_as_text(browser, text, stored):
    browser.open()

    response = browser.write(text)

    assert response.status_code == 201
    assert Message.objects.get().text == stored
    assert texts(response) == [stored]
    assert "<b onclick" not in response.content.decode()


@pytest.mark.parametrize("bad", ["", "short", "with space in it", "x" * 65, "ünïcödé-id", "a\x00bcdefgh"])
def test_an_id_that_is_none_is_refused(browser, bad):
    browser.open()

    assert browser.write("Hello", client_id=bad).status_code == 400
    assert nothing_is_stored()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"text=caf\xe9&client_id=abcdefgh", 400, id="latin-1"),
        pytest.param(b"text=%ff%fe&client_id=abcdefgh", 400, id="percent-encoded bytes that are no UTF-8"),
        pytest.param(b"text=%ed%a0%80&client_id=abcdefgh", 400, id="a lone surrogate"),
        pytest.param(b"&".join(b"f%d=1" % n for n in range(80)), 400, id="too many fields"),
        pytest.param(b"&", 400, id="nothing"),
        pytest.param(b"text=" + b"x" * (64 * 1024), 413, id="more than 64 KB"),
        pytest.param(b"text=" + b"x" * (1024 * 1024), 413, id="1 MB"),
    ],
)
def test_a_body_that_is_no_form_is_refused(browser, body, status):
    response = browser.form("/chat/messages/", body=body)

    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/plain")
    assert nothing_is_stored()


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/octet-stream", ""],
)
def test_another_content_type_is_refused(browser, content_type):
    response = browser.generic("POST", "/chat/messages/", b"text=a&client_id=abcdefgh", content_type=content_type)

    assert response.status_code == 415
    assert nothing_is_stored()


def test_another_charset_is_refused(browser):
    response = browser.post("/chat/messages/", b"text=a&client_id=abcdefgh", content_type=f"{FORM}; charset=iso-8859-1")

    assert response.status_code == 400
    assert nothing_is_stored()


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_posts_are_taken(browser, method):
    response = getattr(browser, method)("/chat/messages/")

    assert response.status_code == 405
    assert nothing_is_stored()


def test_somebody_elses_conversation_is_not_found_and_gets_nothing(writer):
    theirs = ConversationFactory()
    receive(theirs)

    response = writer.write("Intruding", conversation=theirs.number)

    assert response.status_code == 404
    assert response.headers["X-Shopchat"] == "1"
    assert not Message.objects.filter(text="Intruding").exists()


@pytest.mark.parametrize("number", ["0", "-1", "abc", "٣٣", "1" * 40, "1\x00", "' OR 1=1"])
def test_a_number_that_is_none_is_not_found(writer, number):
    assert writer.write("Hello", conversation=number).status_code == 404
    assert Message.objects.count() == 1


def test_fields_that_nobody_asked_for_change_nothing(writer):
    writer.write(
        "Hello", seq="99", author="operator", is_private="1", kind="note", contact="1", user="1", state="closed"
    )

    message = Message.objects.latest("seq")
    assert (message.seq, message.author, message.kind, message.is_private) == (2, "visitor", "inbound", False)
    assert Conversation.objects.get().is_open()


@pytest.mark.parametrize(
    ("page", "stored"),
    [
        ("/catalogue/", "/catalogue/"),
        ("/search/?q=boots#top", "/search/"),
        ("//evil.example/x", ""),
        ("https://evil.example/x", ""),
        ("javascript:alert(1)", ""),
        ("/" + "a" * 900, "/" + "a" * 499),
        ("/a\x00b", "/ab"),
        ("/a\r\nb", "/ab"),
        ("/\\evil.example/x", ""),
        ("/\t/evil.example/x", ""),
        ("/\x00/evil.example/x", ""),
        ("/\t/[", ""),  # no address at all
        ("/\t/\u2100", ""),
        ("/\u202egpj.exe", "/gpj.exe"),
    ],
)
def test_the_page_is_a_path_of_this_site(browser, page, stored):
    browser.open()

    browser.write(page=page)

    assert Conversation.objects.get().page == stored


def test_without_a_token_nothing_is_taken(db):
    browser = Browser(enforce_csrf_checks=True)
    browser.open()

    response = browser.write()

    assert response.status_code == 403
    assert "X-Shopchat" not in response.headers
    assert nothing_is_stored()


def test_with_a_new_token_it_is_taken(db):
    browser = Browser(enforce_csrf_checks=True)
    browser.open()

    token = browser.get("/chat/ticket/").json()["csrf"]

    assert browser.write(csrfmiddlewaretoken=token).status_code == 201


@pytest.fixture
def few_messages(settings, still_clock):
    settings.SHOPCHAT = {"RATE_LIMITS": {"visitor_messages": "3/minute"}}


def test_who_writes_too_fast_is_told_for_how_long(few_messages, writer, stranger):
    codes = [writer.write(f"Message {n}").status_code for n in range(4)]
    response = writer.write("One too many")

    assert codes == [201, 201, 201, 429]
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert "too fast" in response.content.decode()
    assert Message.objects.count() == 4
    assert stranger.write("Somebody else").status_code == 201


def test_a_hundred_sends_store_what_the_limit_allows(writer, still_clock):
    codes = [writer.write(f"Message {n}").status_code for n in range(100)]

    assert codes == [201] * 30 + [429] * 70
    assert Message.objects.count() == 30 + 1


def test_starts_are_limited_for_each_address(settings, db, still_clock):
    settings.SHOPCHAT = {"RATE_LIMITS": {"conversation_starts": "2/hour"}}

    codes = [Browser(REMOTE_ADDR="10.0.0.1").write().status_code for _ in range(3)]

    assert codes == [201, 201, 429]
    assert Conversation.objects.count() == 2
    assert Browser(REMOTE_ADDR="10.0.0.2").write().status_code == 201


def test_a_long_wait_is_told_in_minutes(settings, db, time_machine):
    time_machine.move_to("2026-11-23T10:00:00Z", tick=False)
    settings.SHOPCHAT = {"RATE_LIMITS": {"conversation_starts": "1/day"}}
    Browser().write()

    response = Browser().write()

    assert int(response.headers["Retry-After"]) > 60
    assert " minute" in response.content.decode()


def test_a_message_costs_few_statements(writer):
    with CaptureQueriesContext(connection) as captured:
        writer.write("Quick")
        statements = [query["sql"] for query in captured]

    insert = next(n for n, sql in enumerate(statements) if "INSERT INTO" in sql and "shopchat_message" in sql)
    begin = max(n for n, sql in enumerate(statements[:insert]) if sql.startswith(("SAVEPOINT", "BEGIN")))
    end = next(n for n, sql in enumerate(statements) if n > insert and sql.startswith(("RELEASE", "COMMIT")))
    assert end - begin - 1 <= 4


def test_the_answer_comes_after_the_commit(transactional_db):
    """Also where the shop wraps every request into a transaction, as Oscar recommends."""
    assert connection.settings_dict["ATOMIC_REQUESTS"]
    browser = Browser()

    with CaptureQueriesContext(connection) as captured:
        browser.write()
        statements = [query["sql"] for query in captured]

    insert = next(n for n, sql in enumerate(statements) if "INSERT INTO" in sql and "shopchat_message" in sql)
    assert "COMMIT" in statements[insert:]
    assert statements[0] != "BEGIN"


def test_a_browser_that_writes_keeps_its_cookie_for_another_year(writer):
    first = writer.cookies["shopchat_visitor"].value

    response = writer.write("Again")

    assert response.cookies["shopchat_visitor"].value == first


def test_a_reason_is_in_the_language_of_the_page(browser):
    browser.open()

    response = browser.form("/chat/messages/?lang=uk", text="", client_id=client_id())

    assert response.status_code == 400
    assert (
        response.content.decode()
        != browser.form("/chat/messages/?lang=en", text="", client_id=client_id()).content.decode()
    )


def test_spaces_and_signs_survive_the_form(browser):
    browser.open()

    browser.form("/chat/messages/", body=f"text={quote('1 + 1 & 2 % 3 = ?')}&client_id=abcdefgh")

    assert Message.objects.get().text == "1 + 1 & 2 % 3 = ?"


def test_a_report_of_an_error_holds_neither_text_nor_key(writer, monkeypatch):
    """Django mails such reports to ``ADMINS``."""
    reports = []

    def report(sender, request, **kwargs):
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())

    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr("shopchat_widget.views.messages.send", fail)
    monkeypatch.setattr(writer, "raise_request_exception", False)
    got_request_exception.connect(report)
    try:
        answer = writer.write("My number is 0501234567")
    finally:
        got_request_exception.disconnect(report)

    assert answer.status_code == 500
    assert len(reports) == 1
    assert "0501234567" not in reports[0]
    assert writer.cookies["shopchat_visitor"].value not in reports[0]
