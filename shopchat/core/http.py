"""The one door to other people's services over HTTP, for short questions with short answers.

- Only to addresses of the public internet, over TLS, without redirects; ``is_private`` opens the shop's own network to one
  call, for what the shop itself runs there. The address that was judged is the address that is spoken to.
- Bounded in time and in bytes. Nothing is repeated here: who asks knows whether asking twice does harm.
- What is asked may hold secrets and telephone numbers, in the address, too. So errors carry a short word and nothing
  else, whatever raised them is left behind, and the libraries below log nothing of it.

Needs the extra ``shopchat[telephony]``.
"""

import ipaddress
import json as json_format
import logging
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.views.decorators.debug import sensitive_variables

try:
    import requests
    from requests_hardened import Config, HTTPSession
    from requests_hardened.ip_filter import InvalidIPAddress
    from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
except ImportError:  # without the extra nobody may call send(), see is_installed()
    _INSTALLED = False
else:
    _INSTALLED = True

# Together less than the time in which the outbox and a web server give up on whoever waits for this.
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
BODY_SECONDS = 5.0
MAX_BYTES = 256_000
CHUNK = 16_384
# Of the libraries below, those that log addresses.
TALKERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry", "requests_hardened.ip_filter")

# Where a cloud tells a machine its secrets, at addresses that look like the shop's own; most do at a link-local one.
METADATA = {ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")}


class NoAnswer(Exception):
    """Nothing that could be read came back.

    ``code`` is one of ``bad_url``, ``forbidden_address``, ``no_connection``, ``no_trust`` (of the certificate) and
    ``lost_answer``. ``reached``: the question may have been taken, and the answer was lost.
    """

    def __init__(self, code: str, *, reached: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.reached = reached


@dataclass(frozen=True)
class Answer:
    """What came back. A body that is too long, too slow or broken off counts as empty; the status holds."""

    status: int
    body: bytes

    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty for everything else."""
        try:
            value = json_format.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def is_installed() -> bool:
    """Whether the libraries of the extra are there."""
    return _INSTALLED


@sensitive_variables()
def send(
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | list[tuple[str, str]] | None = None,
    json: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
    is_private: bool = False,
) -> Answer:
    """Ask once. Raises :class:`NoAnswer`, and nothing else."""
    wrong = _objection(url, is_private=is_private)
    asked = {"params": query, "data": form, "json": json, "auth": login}
    result = NoAnswer(wrong) if wrong else _ask(method, url, headers or {}, asked, is_private=is_private)
    # Raised here, out of reach of what went wrong below: that names the address, and through it numbers and secrets.
    if isinstance(result, NoAnswer):
        raise result
    return result


@sensitive_variables()
def _ask(
    method: str, url: str, headers: Mapping[str, str], asked: Mapping[str, Any], *, is_private: bool
) -> Answer | NoAnswer:
    try:
        with _silently(), _session(is_private=is_private) as session:
            # Compressed answers can be far larger than they look.
            plain = {"User-Agent": "shopchat", "Accept-Encoding": "identity", **headers}
            with session.request(method, url, headers=plain, stream=True, **asked) as response:
                return Answer(response.status_code, _body(response.raw))
    except InvalidIPAddress:
        return NoAnswer("forbidden_address")
    except requests.exceptions.ConnectTimeout:
        return NoAnswer("no_connection")
    except requests.ConnectionError as error:
        return _judge(error.args[0] if error.args else None)
    except ValueError:  # what cannot be written as a request; some of it is a RequestException, too
        return NoAnswer("bad_url")
    except Exception:  # whatever it is: a report of it would show the frames below, and what they hold
        return NoAnswer("lost_answer", reached=True)


def _session(*, is_private: bool) -> "HTTPSession":
    session = HTTPSession(
        Config(
            ip_filter_enable=not is_private,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
        )
    )
    # Neither a proxy, which would resolve the name again, nor a log-in from somebody's .netrc.
    session.trust_env = False
    return session


def _body(raw: Any) -> bytes:
    """Piece by piece as they come: a service that sends a byte a second would keep a single ``read`` for hours."""
    until = monotonic() + BODY_SECONDS
    body = b""
    try:
        while chunk := raw.read1(CHUNK, decode_content=False):
            body += chunk
            if len(body) > MAX_BYTES or monotonic() > until:
                return b""
    except (HTTPError, OSError):
        return b""
    return body


def _judge(reason: object) -> NoAnswer:
    if isinstance(reason, str):  # the filter of addresses could not resolve the name
        return NoAnswer("no_connection")
    cause = reason.reason if isinstance(reason, MaxRetryError) else reason
    if isinstance(cause, NewConnectionError):
        return NoAnswer("no_connection")
    if isinstance(cause, Exception) and any(isinstance(arg, ssl.SSLCertVerificationError) for arg in cause.args):
        return NoAnswer("no_trust")
    return NoAnswer("lost_answer", reached=True)


def _objection(url: str, *, is_private: bool) -> str:
    """Why this address is not spoken to, as a code; empty if it is."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and not parts.username and not parts.password and parts.port != 0
    except ValueError:
        return "bad_url"
    if not is_whole or parts.scheme not in (("https", "http") if is_private else ("https",)):
        return "bad_url"
    return "forbidden_address" if is_private and _is_odd(parts) else ""


def _is_odd(parts: SplitResult) -> bool:
    """Even the shop's own network has addresses at which no service of its own is: a cloud's metadata, for one."""
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError:
        return False  # the connection will say so
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    plain = [getattr(address, "ipv4_mapped", None) or address for address in addresses]
    return any(one.is_link_local or one.is_multicast or one.is_unspecified or one in METADATA for one in plain)


class _Silence(logging.Filter):
    """Drops what this thread logs while it is in here; other users of the same libraries keep their logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_here, "asking", False)


_here = threading.local()
for _name in TALKERS:
    logging.getLogger(_name).addFilter(_Silence())


@contextmanager
def _silently() -> Iterator[None]:
    _here.asking = True
    try:
        yield
    finally:
        _here.asking = False
