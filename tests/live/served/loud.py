"""Each request moves a topic whose stamp is long, so that what a browser does not read soon fills all buffers."""

import django

django.setup()

from shopchat.asgi import with_live  # noqa: E402 settings come first
from shopchat.live import hub, running, sources  # noqa: E402

hub.BUSY_SECONDS = 2
moved = 0


def loud(topics):
    return dict.fromkeys(topics, f"{moved}:{'x' * 50000}")


sources.register_source("loud", loud, instant=True)


async def move(scope, receive, send):
    global moved  # noqa: PLW0603 a counter
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    moved += 1
    running.edge().hub.hear(["loud.1"])
    open_now = str(len(list(running.edge().hub.watches()))).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": open_now})


application = with_live(move)
