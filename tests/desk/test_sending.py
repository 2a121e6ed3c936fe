"""What an operator sends: stored once or refused with a reason, whatever comes in."""

import sys
from urllib.parse import urlencode

import pytest
from django.core.signals import got_request_exception
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter

from shopchat.conversations import hints
from shopchat.conversations.models import Conversation, Message
from shopchat.live.stamps import stamps
from tests.factories import ConversationFactory, client_id

FORM = "application/x-www-form-urlencoded"


def send(client, conversation, body=None, content_type=FORM, **fields):
    fields = {"kind": "reply", "text": "Yes, fully.", "client_id": client_id(), **fields}
    url = reverse("shopchat_desk:send", args=[conversation.number])
    return client.post(url, urlencode(fields) if body is None else body, content_type=content_type)


@pytest.fixture
def conversation(db):
    return ConversationFactory()


def test_a_reply_is_stored_and_comes_back_as_it_will_look(at_desk, conversation, anna):
    response = send(at_desk, conversation, client_id="a" * 32)
    page = response.content.decode()

    message = Message.objects.get()
    assert response.status_code == 201
    assert response.headers["X-Shopchat"] == "1"
    assert (message.kind, message.operator, message.text) == ("reply", anna, "Yes, fully.")
    assert f'data-seq="{message.seq}" data-client-id="{"a" * 32}" data-author="operator"' in page
    assert "data-cursor" not in page  # others may have written before it


def test_a_reply_takes_an_unassigned_conversation_and_leaves_a_taken_one(at_desk, conversation, anna, boris):
    taken = ConversationFactory(assignee=boris)

    send(at_desk, conversation)
    send(at_desk, taken)

    conversation.refresh_from_db()
    taken.refresh_from_db()
    assert (conversation.assignee, taken.assignee) == (anna, boris)


def test_a_note_takes_nothing_and_is_private(at_desk, conversation):
    response = send(at_desk, conversation, kind="note", text="Check the stock.")

    conversation.refresh_from_db()
    assert response.status_code == 201
    assert "sc-message--note" in response.content.decode()
    assert conversation.assignee is None
    assert Message.objects.get().is_private


def test_the_same_again_is_stored_once(at_desk, conversation):
    first = send(at_desk, conversation, client_id="a" * 32)
    again = send(at_desk, conversation, client_id="a" * 32)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content.count(b"data-seq") == again.content.count(b"data-seq") == 1
    assert Message.objects.count() == 1


@pytest.mark.parametrize("change", [{"text": "No."}, {"kind": "note"}])
def test_another_message_under_the_same_id_is_refused(at_desk, conversation, change):
    send(at_desk, conversation, client_id="a" * 32)

    response = send(at_desk, conversation, client_id="a" * 32, **change)

    assert response.status_code == 409
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": ""}, "Write a message first."),
        ({"text": " \n\t "}, "Write a message first."),
        ({"text": "\u202e\u0007"}, "Write a message first."),
        ({"text": "x" * 4001}, "The message is too long by 1 character."),
        ({"text": "a\x00b"}, "cannot be stored"),
        ({"client_id": ""}, "could not be sent"),
        ({"client_id": "short"}, "could not be sent"),
        ({"client_id": "a" * 65}, "could not be sent"),
        ({"client_id": "a/b c" * 3}, "could not be sent"),
        ({"kind": ""}, "could not be sent"),
        ({"kind": "system"}, "could not be sent"),
    ],
)
def test_what_cannot_be_a_message(at_desk, conversation, fields, reason):
    response = send(at_desk, conversation, **fields)

    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/plain")
    assert reason in response.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("x" * 4000, "x" * 4000),
        ("😀" * 4000, "😀" * 4000),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\u0007b\u202ec", "abc"),
        ("<script>alert(1)</script>{{ 7 }}", "<script>alert(1)</script>{{ 7 }}"),
    ],
)
def test_what_can(at_desk, conversation, text, stored):
    response = send(at_desk, conversation, text=text)

    assert response.status_code == 201
    assert Message.objects.get().text == stored
    assert b"<script>alert" not in response.content


@pytest.mark.parametrize(
    "body", [b"kind=reply&client_id=aaaaaaaa&text=%FF%FE", b"kind=reply&client_id=aaaaaaaa&text=\xff"]
)
def test_bytes_that_are_no_text(at_desk, conversation, body):
    response = send(at_desk, conversation, body=body)

    assert response.status_code == 400
    assert not Message.objects.exists()


def test_a_body_of_a_megabyte(at_desk, conversation):
    response = send(at_desk, conversation, text="x" * 1024 * 1024)

    assert response.status_code == 413
    assert "far too long" in response.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_another_format(at_desk, conversation, content_type):
    response = send(at_desk, conversation, body=b"{}", content_type=content_type)

    assert response.status_code == 415
    assert not Message.objects.exists()


def test_an_unknown_conversation(at_desk, conversation):
    url = reverse("shopchat_desk:send", args=["99999999"])

    assert at_desk.post(url, {}).status_code == 404


def test_a_closed_conversation_opens_with_a_reply_and_not_with_a_note(at_desk):
    one, other = ConversationFactory(closed=True), ConversationFactory(closed=True)

    assert send(at_desk, one).status_code == 201
    assert send(at_desk, other, kind="note").status_code == 201

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, other.state) == ("open", "closed")


def test_too_many_at_once_are_told_when_to_go_on(at_desk, conversation, settings, still_clock):
    settings.SHOPCHAT = {**settings.SHOPCHAT, "RATE_LIMITS": {"operator_messages": "2/minute"}}

    answers = [send(at_desk, conversation) for _n in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    seconds = int(answers[2].headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert f"You can go on in {seconds} second" in answers[2].content.decode()
    assert Message.objects.count() == 2


def test_a_forged_form_is_refused(anna, conversation):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna.user)

    assert send(client, conversation).status_code == 403
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_success_is_answered_after_the_commit(at_desk, conversation, monkeypatch):
    """With ATOMIC_REQUESTS around the view, on_commit would run after the answer was made."""
    moved = []
    monkeypatch.setattr(type(stamps()), "move", lambda _self, topics: moved.extend(topics))

    response = send(at_desk, conversation)

    assert response.wsgi_request.resolver_match.func._non_atomic_requests == {"default"}
    assert moved == [
        hints.DESK,
        hints.for_operators(conversation.number),
        hints.for_contact(conversation.number),
    ]


def test_typing_is_told_and_ends_with_the_reply(at_desk, conversation, settings):
    topic = hints.typing(conversation.number, by="operator")
    url = reverse("shopchat_desk:typing", args=[conversation.number])

    assert at_desk.post(url).status_code == 204
    assert stamps().read([topic])[topic]
    send(at_desk, conversation)
    assert not stamps().read([topic])[topic]

    at_desk.post(url)
    assert at_desk.post(url, {"stopped": "1"}).status_code == 204
    assert not stamps().read([topic])[topic]


def test_an_editor_cannot_send(editor, conversation):
    assert send(editor, conversation).status_code == 302
    assert Conversation.objects.get().last_seq == 0


def test_a_report_of_an_error_holds_no_note(at_desk, conversation, monkeypatch):
    """Django mails such reports to ``ADMINS``."""
    reports = []

    def report(sender, request, **kwargs):
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())

    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr("shopchat.desk.views.acting.write", fail)
    monkeypatch.setattr(at_desk, "raise_request_exception", False)
    got_request_exception.connect(report)
    try:
        at_desk.post(
            reverse("shopchat_desk:send", args=[conversation.number]), "kind=note&text=Pays+late", content_type=FORM
        )
    finally:
        got_request_exception.disconnect(report)

    assert len(reports) == 1
    assert "Pays" not in reports[0]
