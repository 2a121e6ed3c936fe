"""Streams end when those to whom they were opened are no longer entitled: through a real server, as browsers see it."""

import json
import re
import socket
import sys
import threading
import time
from contextlib import ExitStack, closing
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import signing
from django.db import connection
from django.urls import reverse

from shopchat.conversations import hints
from shopchat.conversations.models import Conversation
from shopchat.live import hub, tickets
from tests.factories import ConversationFactory, OperatorFactory, UserFactory, client_id, receive
from tests.faults.browsers import Browser as HTTPBrowser
from tests.faults.browsers import page_settings
from tests.faults.processes import Process

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("revocation"),
]
STREAM, POLL = "/chat/live/stream/", "/chat/live/poll/"
SECONDS = 60.0  # on a busy machine; without a revocation a stream lasts ten minutes
PASSWORD = "correct horse"


def serve(folder, **environment):
    """A uvicorn of this project on the test's own database."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Process(
        name="uvicorn",
        command=[sys.executable, "-m", "uvicorn", "tests.live.served.asgi:application", "--port", str(port)],
        log=folder / "uvicorn.log",
        port=port,
        environment={
            "DJANGO_SETTINGS_MODULE": "tests.live.served.settings",
            "SHOPCHAT_SERVED_DATABASE": str(connection.settings_dict["NAME"]),
            **environment,
        },
    )


@pytest.fixture(scope="module")
def port(django_db_setup, tmp_path_factory):
    process = serve(tmp_path_factory.mktemp("served"))
    process.start()
    yield process.port
    process.stop()
    said = process.log.read_text()
    assert "Traceback" not in said, said[-4000:]


class Browser(HTTPBrowser):
    """One browser, signed in or not."""

    def sign_in(self, user):
        user.set_password(PASSWORD)
        user.save()
        self.get(reverse("wagtailadmin_login"))
        fields = {"username": user.get_username(), "password": PASSWORD}
        answer = self.post(reverse("wagtailadmin_login"), fields)
        assert answer.status == 302, answer.body[:500]
        return self

    def sign_out(self):
        assert self.post("/log-out/", {}).status == 302

    def desk_ticket(self):
        answer = self.get(reverse("shopchat_desk:ticket"))
        return json.loads(answer.body)["ticket"] if answer.status == 200 else ""

    def write(self, text="Is it waterproof?"):
        """Send a message in the chat; answers the ticket for its conversation."""
        page = self.get("/chat/").body
        start = page_settings(page)["start"]
        answer = self.post("/chat/messages/", {"text": text, "client_id": client_id(), "start": start})
        assert answer.status in (200, 201), answer.body
        return self.widget_ticket()

    def widget_ticket(self):
        return page_settings(self.get("/chat/").body)["ticket"]


class Stream:
    """A stream that a thread reads to its end."""

    def __init__(self, port, *given):
        self.browser = HTTPBrowser(port)
        query = urlencode([("ticket", ticket) for ticket in given])
        self.connection, self.answer = self.browser.open(f"{STREAM}?{query}", 90)
        self.status = self.answer.status
        self.text = ""
        self.has_ended = False
        if self.status == 200:
            self.reader = threading.Thread(target=self._read, daemon=True)
            self.reader.start()

    def _read(self):
        try:
            while line := self.answer.readline().decode():
                self.text += line
        except (OSError, ValueError):
            pass
        self.has_ended = True

    def refusal(self):
        return json.loads(self.answer.read())

    def reason(self):
        found = re.findall(r"event: end\n(?:retry: \d+\n)?data: (.*)\n", self.text)
        return json.loads(found[-1])["reason"] if found else None

    def wait_for(self, what, seconds=60.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until and what not in self.text:
            time.sleep(0.02)
        return what in self.text

    def wait_for_end(self, seconds=SECONDS):
        self.reader.join(seconds)
        return self.has_ended

    def close(self):
        self.connection.close()


def opened(port, *given):
    stream = Stream(port, *given)
    assert stream.status == 200, stream.refusal()
    assert stream.wait_for("data: ")
    return closing(stream)


def poll(port, ticket):
    return HTTPBrowser(port).get(f"{POLL}?{urlencode({'ticket': ticket})}").status


def refused(port, ticket):
    """Whether a new stream with the ticket is refused as the contract says."""
    stream = Stream(port, ticket)
    with closing(stream):
        return stream.status == 403 and stream.refusal()["bad"] == [0]


def test_an_operators_log_out_ends_that_browsers_stream_and_no_other(port):
    anna = OperatorFactory().user
    here, elsewhere = Browser(port).sign_in(anna), Browser(port)
    elsewhere.get(reverse("wagtailadmin_login"))
    elsewhere.post(reverse("wagtailadmin_login"), {"username": anna.get_username(), "password": PASSWORD})
    old, others = here.desk_ticket(), elsewhere.desk_ticket()

    with opened(port, old) as mine, opened(port, others) as second:
        here.sign_out()

        assert mine.wait_for_end()
        assert mine.reason() == "revoked"
        assert refused(port, old)
        assert poll(port, old) == 403
        conversation = ConversationFactory()
        receive(conversation)
        assert second.wait_for('"desk"')
        assert not second.has_ended
        assert poll(port, others) == 200
    here.sign_in(anna)
    with opened(port, here.desk_ticket()) as again:
        assert not again.has_ended


def no_group(user):
    user.groups.clear()


def no_permission(user):
    user.groups.get().permissions.remove(Permission.objects.get(codename="answer_conversations"))


def no_admin(user):
    user.groups.get().permissions.remove(Permission.objects.get(codename="access_admin"))


def inactive(user):
    type(user).objects.filter(pk=user.pk).update(is_active=False)  # as a script may do it, without any signal


def deleted(user):
    user.delete()


def new_password(user):
    user.set_password("battery staple")
    user.save()


HAPPENINGS = (no_group, no_permission, no_admin, inactive, deleted, new_password)


def operator(name):
    """Somebody who may answer through a group of their own."""
    # Beside the groups that the suite puts back, whose ids some databases would give out again.
    group = Group.objects.create(pk=1000 + Group.objects.count(), name=name)
    group.permissions.set(Permission.objects.filter(codename__in=["answer_conversations", "access_admin"]))
    user = UserFactory()
    user.groups.add(group)
    return user


def test_the_right_is_looked_at_again_within_five_seconds():
    assert hub.GUARD_SECONDS + hub.FEED_SECONDS <= 5


def test_whatever_takes_the_right_away_ends_the_stream(port):
    users = {happening: operator(happening.__name__) for happening in HAPPENINGS}
    stays = operator("stays")
    given = {happening: Browser(port).sign_in(user).desk_ticket() for happening, user in users.items()}
    kept = Browser(port).sign_in(stays).desk_ticket()
    streams = {happening: Stream(port, ticket) for happening, ticket in given.items()}
    untouched = Stream(port, kept)
    assert all(stream.status == 200 and stream.wait_for("data: ") for stream in (*streams.values(), untouched))

    for happening, user in users.items():
        happening(user)

    ends = {happening.__name__: (stream.wait_for_end(), stream.reason()) for happening, stream in streams.items()}
    assert ends == {happening.__name__: (True, "revoked") for happening in HAPPENINGS}
    assert {happening.__name__: refused(port, ticket) for happening, ticket in given.items()} == {
        happening.__name__: True for happening in HAPPENINGS
    }
    assert not untouched.has_ended
    assert poll(port, kept) == 200
    for stream in (*streams.values(), untouched):
        stream.close()


def test_a_customers_stream_ends_with_the_log_out_and_with_the_account(port):
    leaves, is_closed, stays = (UserFactory() for _ in range(3))
    browsers = [Browser(port).sign_in(user) for user in (leaves, is_closed, stays)]
    given = [browser.write() for browser in browsers]

    with opened(port, given[0]) as first, opened(port, given[1]) as second, opened(port, given[2]) as third:
        browsers[0].sign_out()
        inactive(is_closed)

        assert first.wait_for_end()
        assert second.wait_for_end()
        assert [stream.reason() for stream in (first, second)] == ["revoked", "revoked"]
        assert [refused(port, ticket) for ticket in given] == [True, True, False]
        assert not third.has_ended


def test_signing_in_ends_the_stream_of_the_browsers_key(port):
    browser, other = Browser(port), Browser(port)
    old, others = browser.write(), other.write("Something else")
    assert "shopchat_visitor" in browser.cookies

    with opened(port, old) as mine, opened(port, others) as strangers:
        browser.sign_in(UserFactory())
        fresh = browser.widget_ticket()

        assert mine.wait_for_end()
        assert mine.reason() == "revoked"
        assert refused(port, old)
        assert not strangers.has_ended
        with opened(port, fresh) as again:
            assert f"conversation.{Conversation.objects.order_by('pk').first().number}" in again.text


def test_sessions_in_cookies_take_new_tickets_after_a_log_out(port, tmp_path):
    process = serve(tmp_path, SHOPCHAT_SERVED_SESSIONS="django.contrib.sessions.backends.signed_cookies")
    process.start()
    try:
        user = OperatorFactory().user
        here = Browser(process.port).sign_in(user)
        elsewhere = Browser(process.port)
        elsewhere.cookies.update(here.cookies)
        old = here.desk_ticket()
        assert not any(holder.startswith("session.") for holder in tickets.read(old).holders)

        with opened(process.port, old) as mine:
            here.sign_out()
            assert mine.wait_for_end()
        assert refused(process.port, old)
        time.sleep(1.1)  # a ticket of the same second is taken for one from before
        with opened(process.port, elsewhere.desk_ticket()) as again:
            assert not again.has_ended
    finally:
        process.stop()


def test_nobody_subscribes_to_what_they_were_not_given(port):
    theirs, mine = ConversationFactory(), ConversationFactory()
    secret = hints.for_contact(theirs.number)
    good = tickets.issue([hints.for_contact(mine.number)], holders=["account.0"])
    good_alone = tickets.issue([hints.for_contact(mine.number)])
    payload, stamp, signature = good_alone.split(":")
    spliced = f"{tickets.issue([secret]).split(':')[0]}:{stamp}:{signature}"
    other_salt = signing.dumps([[secret], []], salt="shopchat.other")
    other_key = signing.dumps([[secret], []], salt=tickets.SALT, key="guessed")

    for forged in (spliced, other_salt, other_key, f"{payload}:{stamp}:", secret, good):
        assert refused(port, forged), forged
        assert poll(port, forged) == 403
    with opened(port, good_alone) as stream:
        receive(theirs)
        receive(mine)
        assert stream.wait_for('"1"')
        assert theirs.number not in stream.text


def test_a_wildcard_is_a_topic_that_nobody_moves(port):
    """Even in a ticket of ours a pattern matches nothing but itself."""
    conversation = ConversationFactory()
    patterns = ["conversation.%", "conversation.*", "conversation", "*", "%", "conversation.1,desk", "desk "]

    with ExitStack() as streams:
        told = streams.enter_context(opened(port, tickets.issue([hints.for_contact(conversation.number)])))
        quiet = [streams.enter_context(opened(port, tickets.issue([pattern]))) for pattern in patterns]
        before = [stream.text.replace(": \n\n", "") for stream in quiet]
        receive(conversation)

        assert told.wait_for('"1"')
        time.sleep(0.2)
        assert [stream.text.replace(": \n\n", "") for stream in quiet] == before
        assert not any(conversation.number in stream.text for stream in quiet)
