"""Mail: what an SMTP server's answers mean, and what cannot get into a header."""

import errno
import smtplib
from types import SimpleNamespace

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from shopchat.channels import mail as channel_module
from shopchat.channels.base import ChannelError
from shopchat.channels.known import EMAIL, channel, forget_channel, register_channel
from shopchat.channels.mail import MailChannel
from tests.channels.contract import ChannelContract
from tests.channels.smtp_server import HANG_UP, SILENCE, smtp_server


def smtp_backend(port, **options):
    """As the shop would have set it up, in whichever way its Django wants to be told."""
    options |= {"alias": "default", "username": "", "password": "", "use_tls": False, "use_ssl": False}
    return EmailBackend(host="127.0.0.1", port=port, **options)


def outgoing(**fields):
    return ChannelContract().outgoing(**fields)


class TestMail(ChannelContract):
    @pytest.fixture
    def channel(self, mailoutbox):
        return MailChannel()


@pytest.fixture
def through(monkeypatch):
    """Sends one mail to a server that answers as told; returns the server and the error."""

    def send(what=None, **answers):
        with smtp_server(**answers) as server:
            monkeypatch.setattr(channel_module, "_backend", lambda: smtp_backend(server.port))
            try:
                sent = MailChannel().send(what or outgoing())
            except ChannelError as error:
                return SimpleNamespace(server=server, error=error, sent=None)
            return SimpleNamespace(server=server, error=None, sent=sent)

    return send


def test_a_server_that_takes_it(through):
    outcome = through()

    assert outcome.sent.provider_id.startswith("<shopchat.1.0@")
    assert f"Message-ID: {outcome.sent.provider_id}" in outcome.server.taken[0]


@pytest.mark.parametrize(
    ("answers", "code", "kind"),
    [
        ({"MAIL": "550 not you"}, "refused", "permanent"),
        ({"MAIL": "451 later"}, "busy", "temporary"),
        ({"RCPT": "550 no such person"}, "bad_address", "permanent"),
        ({"RCPT": "450 come back"}, "mailbox_busy", "temporary"),
        ({"RCPT": "421 closing"}, "busy", "temporary"),
        ({"DATA": "554 no"}, "refused", "permanent"),
        ({"DATA": "421 closing"}, "busy", "temporary"),
        ({"TEXT": "550 spam"}, "refused", "permanent"),
        ({"TEXT": "452 full"}, "busy", "temporary"),
        ({"HELLO": "554 go away"}, "no_connection", "temporary"),
        ({"HELLO": HANG_UP}, "no_connection", "temporary"),
        ({"MAIL": HANG_UP}, "no_connection", "temporary"),
        ({"RCPT": HANG_UP}, "no_connection", "temporary"),
        ({"TEXT": HANG_UP}, "no_answer", "ambiguous"),
        ({"QUIT": HANG_UP}, None, None),
    ],
)
def test_what_a_servers_answer_means(through, answers, code, kind):
    error = through(**answers).error

    if code is None:
        assert error is None
        return
    assert (error.code, error.permanent, error.ambiguous) == (code, kind == "permanent", kind == "ambiguous")
    assert error.recipient_only == (code == "mailbox_busy")


@pytest.mark.parametrize(("step", "ambiguous"), [("MAIL", False), ("TEXT", True)])
def test_a_server_that_falls_silent_is_not_waited_for_for_ever(through, monkeypatch, step, ambiguous):
    monkeypatch.setattr(channel_module, "CONNECT_SECONDS", 0.3)

    error = through(**{step: SILENCE}).error

    assert (error.permanent, error.ambiguous) == (False, ambiguous)


def test_no_server_at_all_is_a_temporary_trouble(monkeypatch):
    with smtp_server() as server:
        port = server.port
    monkeypatch.setattr(channel_module, "_backend", lambda: smtp_backend(port))

    with pytest.raises(ChannelError) as failed:
        MailChannel().send(outgoing())

    assert (failed.value.permanent, failed.value.ambiguous) == (False, False)


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no"), "no_login", "temporary"),
        (smtplib.SMTPNotSupportedError("no"), "bad_address", "permanent"),
        (OSError(errno.ENOSPC, "full"), "no_connection", "temporary"),
        (ConnectionRefusedError(), "no_connection", "temporary"),
        (TimeoutError(), "no_answer", "ambiguous"),
        (RuntimeError("anna@example.test"), "no_answer", "ambiguous"),
    ],
)
def test_what_another_back_ends_error_means(monkeypatch, error, code, kind):
    class Backend(BaseEmailBackend):
        def send_messages(self, messages):
            raise error

    monkeypatch.setattr(channel_module, "_connection", Backend)

    with pytest.raises(ChannelError) as failed:
        MailChannel().send(outgoing())

    raised = failed.value
    assert (raised.code, raised.permanent, raised.ambiguous) == (code, kind == "permanent", kind == "ambiguous")
    assert raised.__suppress_context__, "its text may quote the address"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "permanent"), (401, "temporary"), (429, "temporary"), (500, "temporary"), (502, "ambiguous")],
)
def test_what_a_mail_services_status_means(monkeypatch, status, kind):
    class ServiceError(Exception):
        status_code = status

    class Backend(BaseEmailBackend):
        def send_messages(self, messages):
            raise ServiceError

    monkeypatch.setattr(channel_module, "_connection", Backend)

    with pytest.raises(ChannelError) as failed:
        MailChannel().send(outgoing())

    assert (failed.value.permanent, failed.value.ambiguous) == (kind == "permanent", kind == "ambiguous")


@pytest.mark.parametrize(
    "to",
    [
        "anna@example.test\nBcc: all@example.test",
        "anna@example.test, boris@example.test",
        "anna@example.test\r\n\r\nHello",
        "anna",
        "",
        "<anna@example.test>",
        "anna@exam\x00ple.test",
    ],
)
def test_an_address_that_is_more_than_one_goes_nowhere(mailoutbox, to):
    MailChannel().send(outgoing())
    assert len(mailoutbox) == 1

    with pytest.raises(ChannelError) as refused:
        MailChannel().send(outgoing(to=to))

    assert refused.value.permanent
    assert len(mailoutbox) == 1


def test_a_subject_of_several_lines_becomes_one(mailoutbox):
    MailChannel().send(outgoing(subject="Hello\r\nBcc: all@example.test\n\tthere"))

    assert mailoutbox[0].subject == "Hello Bcc: all@example.test there"
    assert mailoutbox[0].message()["Bcc"] is None


@pytest.mark.parametrize(("name", "value"), [("X-One", "a\nBcc: b@c.test"), ("X-One: a\nBcc", "b@c.test"), ("", "a")])
def test_a_header_that_is_more_than_one_goes_nowhere(mailoutbox, name, value):
    MailChannel().send(outgoing(headers={"List-Unsubscribe": "<https://shop.example.com/stop>"}))
    assert mailoutbox[0].message()["List-Unsubscribe"] == "<https://shop.example.com/stop>"

    with pytest.raises(ChannelError):
        MailChannel().send(outgoing(headers={name: value}))

    assert len(mailoutbox) == 1


@pytest.mark.parametrize("subject", ["Your basket", "Ваша корзина " * 12], ids=["short", "long"])
def test_the_link_to_unsubscribe_stays_whole(through, subject):
    """RFC 8058: encoded or cut, it is no link to mail services."""
    stop = f"<https://shop.example.com/chat/mail/stop/{'WzEsIjY4:1xVZUL_' * 9}/?lang=uk&about=reminders>"

    outcome = through(outgoing(subject=subject, headers={"List-Unsubscribe": stop}))

    lines = outcome.server.taken[0].splitlines()
    assert f"List-Unsubscribe: {stop}" in lines
    assert max(len(line) for line in lines if line.startswith(("Subject", " =?"))) < 90  # the others are cut as ever
    assert outcome.error is None


def test_both_texts_are_sent_and_machines_told_not_to_answer(mailoutbox):
    MailChannel().send(outgoing(text="plain", html="<p>rich</p>"))

    message = mailoutbox[0].message()
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("Shop <shop@example.com>", "example.com"), ("shop@localhost", "localhost"), ("nobody", "localhost")],
)
def test_the_same_key_is_the_same_message_id(mailoutbox, settings, sender, domain):
    settings.DEFAULT_FROM_EMAIL = sender

    ids = [MailChannel().send(outgoing(key=key)).provider_id for key in ("a.1.0", "a.1.0", "a.1.1", "a b>\n.2")]

    assert ids[0] == ids[1] == f"<a.1.0@{domain}>"
    assert ids[2] == f"<a.1.1@{domain}>"
    assert ids[3] == f"<a-b--.2@{domain}>"


@pytest.mark.parametrize(("own", "used"), [(3, 3), (None, channel_module.CONNECT_SECONDS)])
def test_a_time_limit_of_the_shops_own_is_kept(monkeypatch, own, used):
    monkeypatch.setattr(channel_module, "_backend", lambda: smtp_backend(25, timeout=own))

    assert channel_module._connection().timeout == used


def test_channels_are_known_by_name():
    assert isinstance(channel(EMAIL), MailChannel)
    register_channel("pigeon", MailChannel())
    assert channel("pigeon") is not channel(EMAIL)

    forget_channel("pigeon")

    with pytest.raises(KeyError):
        channel("pigeon")
