"""The edge of this process. It begins with the first request or the server's start, whichever comes first."""

import asyncio

from shopchat.live.edge import Edge
from shopchat.live.stopping import on_stop

_edge: Edge | None = None


def edge() -> Edge:
    """The one that belongs to the event loop that runs."""
    global _edge  # noqa: PLW0603 one for each process, and a new one for a new loop
    loop = asyncio.get_running_loop()
    if _edge is None or _edge.loop is not loop:
        _edge = Edge()
        on_stop(loop, _edge.drain)
    return _edge


def stop() -> None:
    """The server says that it stops."""
    global _edge  # noqa: PLW0603
    if _edge is not None:
        _edge.stop()
        _edge = None
