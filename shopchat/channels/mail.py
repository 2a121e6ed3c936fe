"""E-mail through whatever back end the shop has given Django.

What an SMTP server's answers mean to us:

- 5xx to the sender, the recipient or the text: permanent; the next attempt would hear the same.
- 4xx, and everything that goes wrong before the text was handed over (no connection, no login, TLS): temporary. A wrong
  password is temporary, too: somebody will correct it, and the mail should leave then.
- The connection ends, or no answer comes, after the text was handed over: ambiguous. The server may have taken it.
"""

import errno
import re
import smtplib
from collections.abc import Callable
from contextlib import suppress
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import EmailPolicy, Policy
from email.utils import parseaddr
from typing import Any

from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from shopchat.channels.base import CONNECT_SECONDS, Channel, ChannelError, Outgoing, Sent

# What a machine sends is not to be answered by a machine (RFC 3834).
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
LINK = "List-Unsubscribe"
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
# RFC 5321: 4xx may pass, 5xx does not; 421 says that the whole service is going away.
TRANSIENT, PERMANENT, SERVICE_CLOSING = 400, 500, 421
# Written to a file that is not there, not allowed or full: nothing has left.
LOCAL_TROUBLE = {errno.ENOSPC, errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.EROFS, errno.EDQUOT, errno.EPERM}


class MailChannel(Channel):
    """Mail with a Message-ID of our own, made of the message's key, so that a repetition can be recognised as one."""

    def send(self, outgoing: Outgoing) -> Sent:
        message = _message(outgoing)
        connection = _connection()
        began: list[bool] = []
        try:
            _open(connection, began)
            connection.send_messages([message])
        except ChannelError:
            raise
        except Exception as error:
            raise _judge(error, handed_over=bool(began)) from None  # its text may quote the address
        finally:
            _close(connection)
        return Sent(provider_id=message.extra_headers["Message-ID"])


class _OnOneLine(UnstructuredHeader, BaseHeader):
    """A header that is written as it is, however long."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Message(EmailMultiAlternatives):
    """Mail whose link to unsubscribe stays whole.

    Python cuts headers after 78 characters: where it can do so only inside of a word it encodes the whole as ``=?utf-8?q?…``,
    in which mail services find no link, and then they show no button.
    """

    def message(self, **options: Any) -> Any:
        made = super().message(**options)
        if not isinstance(made.policy, EmailPolicy):  # before Django 6, which has encoded by now what has to be
            made.policy = made.policy.clone(max_line_length=None)
        elif LINK in made:
            link = made[LINK]
            del made[LINK]
            made.policy = made.policy.clone(header_factory=_headers_whole())
            made[LINK] = str(link)  # as a header it would stay of its kind
        return made


def _headers_whole() -> HeaderRegistry:
    known = HeaderRegistry()
    known.map_to_type(LINK, _OnOneLine)
    return known


def _message(outgoing: Outgoing) -> EmailMultiAlternatives:
    try:
        validate_email(outgoing.to)
        message = _Message(
            subject=" ".join(outgoing.subject.split()), body=outgoing.text, to=[outgoing.to], headers=_headers(outgoing)
        )
        message.extra_headers["Message-ID"] = _message_id(outgoing.key, message.from_email)
        if outgoing.html:
            message.attach_alternative(outgoing.html, "text/html")
        message.message()  # raises for what cannot be written
    except (ValidationError, ValueError, UnicodeError):
        raise ChannelError("bad_address", permanent=True) from None
    return message


def _headers(outgoing: Outgoing) -> dict[str, str]:
    headers = {**HEADERS, **outgoing.headers}
    if not all(HEADER_NAME.fullmatch(name) and value.isprintable() for name, value in headers.items()):
        raise ValueError("a header that would be more than one")
    return headers


def _message_id(key: str, sender: str) -> str:
    domain = parseaddr(sender)[1].partition("@")[2]
    safe = re.sub(r"[^A-Za-z0-9.-]", "-", key)
    return f"<{safe}@{domain if re.fullmatch(r'[A-Za-z0-9.-]+', domain) else 'localhost'}>"


def _backend() -> Any:
    mailers = getattr(mail, "mailers", None)  # Django 6.1 and later
    return mail.get_connection() if mailers is None else mailers.default


def _connection() -> Any:
    connection = _backend()
    if getattr(connection, "timeout", CONNECT_SECONDS) is None:
        connection.timeout = CONNECT_SECONDS  # Django's own default waits for ever
    return connection


def _open(connection: Any, began: list[bool]) -> None:
    """Connect before anything is handed over, and learn from an SMTP connection when that begins."""
    connection.open()
    server = getattr(connection, "connection", None)
    if isinstance(server, smtplib.SMTP):
        server.data = _watched(server.data, began)  # type: ignore[method-assign]
    else:
        began.append(True)  # another back end: it does not say how far it came


def _watched(data: Callable[..., Any], began: list[bool]) -> Callable[..., Any]:
    def watched(message: Any) -> Any:
        began.append(True)
        return data(message)

    return watched


def _close(connection: Any) -> None:
    # The message has left or it has not; a failed good-bye changes neither.
    with suppress(Exception):
        connection.close()


def _judge(error: Exception, *, handed_over: bool) -> ChannelError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in error.recipients.values()]
        code = max(codes, default=550)
        # One mailbox that takes nothing now says nothing of the others.
        if TRANSIENT <= code < PERMANENT and code != SERVICE_CLOSING:
            return ChannelError("mailbox_busy", recipient_only=True)
        return _answered(code, "bad_address")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return ChannelError("no_login")
    if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return ChannelError("no_connection")
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, "refused")
    if isinstance(error, smtplib.SMTPNotSupportedError | ValueError | UnicodeError):
        return ChannelError("bad_address", permanent=True)
    status = getattr(error, "status_code", None)  # mail services spoken to over HTTP
    if isinstance(status, int) and status not in (502, 504):
        return _answered(429 if status in (401, 403, 408) else status, "refused", permanent=range(400, 500))
    if isinstance(error, ConnectionRefusedError) or getattr(error, "errno", None) in LOCAL_TROUBLE:
        return ChannelError("no_connection")
    return ChannelError("no_answer", ambiguous=True) if handed_over else ChannelError("no_connection")


def _answered(code: int, word: str, *, permanent: range = range(500, 600)) -> ChannelError:
    if code in permanent and code != 429:
        return ChannelError(word, permanent=True)
    return ChannelError("busy")
