"""For ASGI servers: ``application = shopchat.asgi.with_live(get_asgi_application())``.

Polls are then answered, and streams served, before Django's middleware; without it browsers poll an ordinary view.

A store that runs under WSGI keeps doing so and adds one process, ``uvicorn shopchat.asgi:live``, behind the same host
name: it answers the chat's live addresses and nothing else.
"""

from functools import cache
from typing import Any

import django
from django.urls import get_script_prefix, reverse

from shopchat.live.wrapping import ASGIApplication, wrap_asgi


def with_live(application: ASGIApplication) -> ASGIApplication:
    """The application with polls and streams answered in front of it. Takes and returns an ASGI application."""
    # Found with the first request, when all URLs are loaded, and then remembered: finding them costs more than a poll.
    return wrap_asgi(
        application,
        poll_path=cache(lambda: _path("shopchat:poll")),
        stream_path=cache(lambda: _path("shopchat:stream")),
    )


async def live(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An ASGI application of its own, without the store: polls and streams, 404 for the rest."""
    if scope["type"] == "lifespan":
        try:
            _alone()
        except Exception as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            return
    await _alone()(scope, receive, send)


@cache
def _alone() -> ASGIApplication:
    django.setup()
    return with_live(_nothing_else)


async def _nothing_else(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def _path(name: str) -> str:
    """The address without the prefix under which the store may be mounted: servers tell that one with each request."""
    return "/" + reverse(name).removeprefix(get_script_prefix())
