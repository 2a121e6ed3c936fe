"""What stands in front of Django: polls and streams are answered before its middleware is entered.

Used by ``shopchat.wsgi`` and ``shopchat.asgi``. Everything else passes through untouched.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from shopchat.live import running, transport
from shopchat.live.lifespan import Lifespan
from shopchat.live.polling import answer

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ASGIApplication = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


# No ticket of ours is as long, and what anybody may send is not kept at any length.
REMEMBERED_LENGTH = 2_048


def wrap_wsgi(application: WSGIApplication, *, path: Callable[[], str]) -> WSGIApplication:
    """``application`` with polls at ``path()`` answered in front of it."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        here = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") != "GET" or here != path():
            return application(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        ticket = _ticket_of(query) if len(query) <= REMEMBERED_LENGTH else ""
        result = answer(ticket, environ.get("HTTP_IF_NONE_MATCH", ""))
        start_response(_line_of(result.status), list(result.headers))
        return [result.body]

    return wrapped


def wrap_asgi(
    application: ASGIApplication, *, poll_path: Callable[[], str], stream_path: Callable[[], str]
) -> ASGIApplication:
    """``application`` with polls and streams answered in front of it. Paths are without the script's prefix."""

    async def wrapped(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await Lifespan(application, started=running.edge, stopping=running.stop)(scope, receive, send)
            return
        transport.serving()
        path = scope.get("path", "")
        prefix = scope.get("root_path", "").rstrip("/")
        if prefix and path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
        if kind == "http" and path == poll_path() and scope["method"] == "GET":
            await running.edge().polls.answer(scope, send)
        elif kind == "http" and path == stream_path():
            await running.edge().stream(scope, receive, send)
        else:
            await application(scope, receive, send)

    return wrapped


@lru_cache(maxsize=4096)
def _ticket_of(query: str) -> str:
    """Remembered, like what the ticket says: a page asks with the same one every few seconds."""
    return parse_qs(query).get("ticket", [""])[0]


@cache
def _line_of(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
