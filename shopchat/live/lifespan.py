"""The server's start and stop, for ourselves and for an application that may not know of them.

Django's own ASGI application answers the lifespan protocol with an exception; others need what they do at the start.
"""

from collections.abc import Awaitable, Callable
from typing import Any

Channel = Callable[..., Awaitable[Any]]


class Lifespan:
    """Passes the protocol on, and keeps it alone for an application that refuses it."""

    def __init__(
        self,
        application: Callable[..., Awaitable[None]],
        *,
        started: Callable[[], object],
        stopping: Callable[[], object],
    ):
        self._application = application
        self._started = started
        self._stopping = stopping
        self._asked = False

    async def __call__(self, scope: Any, receive: Channel, send: Channel) -> None:
        async def hear() -> Any:
            self._asked = True
            message = await receive()
            self._look_at(message)
            return message

        try:
            await self._application(scope, hear, send)
        except Exception:
            if self._asked:  # it knows the protocol and failed
                raise
            await self._alone(receive, send)

    async def _alone(self, receive: Channel, send: Channel) -> None:
        while True:
            message = await receive()
            self._look_at(message)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    def _look_at(self, message: Any) -> None:
        if message["type"] == "lifespan.startup":
            self._started()
        elif message["type"] == "lifespan.shutdown":
            self._stopping()
