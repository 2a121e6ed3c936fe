"""Polls that are answered from memory: whoever has polled lately is told of news like a stream, and asks in vain for nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote

from shopchat.conf import settings
from shopchat.live import polling
from shopchat.live.answers import QUERY_MAX_LENGTH, Answer, refusal, respond
from shopchat.live.hub import FRESH_SECONDS, Hub
from shopchat.live.polled import Polled
from shopchat.live.tickets import BadTicket, Ticket, read

Send = Callable[[Any], Awaitable[None]]
NOTHING = {"type": "http.response.body", "body": b""}


class Polls:
    """Those who poll, by the query string that they repeat: it is neither parsed nor verified again."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: dict[bytes, Polled] = {}

    async def answer(self, scope: Mapping[str, Any], send: Send) -> None:
        """The answer that ``polling.answer`` would give."""
        query = scope["query_string"]
        etag = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        polled = self._known.get(query)
        if polled is None:
            found = await self._first(query, etag)
            if isinstance(found, Answer):
                await respond(found, send)
                return
            polled = found
        polled.asked_at = time.monotonic()
        if not polled.is_good():
            await respond(Answer(403), send)
        elif polled.current() == etag:
            await send(polled.nothing_new)
            await send(NOTHING)
        else:
            await respond(polled.news(), send)

    async def _first(self, query: bytes, etag: bytes) -> Polled | Answer:
        """Remember who polls; or, where that cannot be, an answer that is read for this time."""
        if len(query) > QUERY_MAX_LENGTH:
            return Answer(414)
        given = parse_qs(query.decode("latin-1")).get("ticket", [""])[0]
        try:
            ticket = read(given, again=False)
        except BadTicket:
            return Answer(403)
        # In one of two spellings, so that one ticket cannot fill the memory with what else stands in a query.
        plain, quoted = b"ticket=" + given.encode(), b"ticket=" + quote(given, safe="").encode()
        if query not in (plain, quoted):
            query = quoted
            if (known := self._known.get(query)) is not None:
                return known
        if len(self._known) < settings.STREAM["MAX"] and (polled := await self._remember(query, ticket)) is not None:
            return polled
        try:
            async with asyncio.timeout(FRESH_SECONDS):
                found: Answer = await self._hub.reader.ask(lambda: polling.answer(given, etag.decode("latin-1")))
        except Exception:  # whatever the clients of database and cache raise
            return refusal(503, "the database does not answer", retry_after=10)
        return found

    async def _remember(self, query: bytes, ticket: Ticket) -> Polled | None:
        polled = Polled(issued_at=ticket.issued_at, forget=lambda: self._known.pop(query, None))
        self._hub.add(polled, [ticket])
        try:
            await self._hub.fresh(polled)
        except Exception:  # as above
            self._hub.remove(polled)
            return None
        if (known := self._known.get(query)) is not None:  # asked twice at once
            self._hub.remove(polled)
            return known
        polled.opening = False
        polled.revoked = polled.is_dead()
        self._known[query] = polled
        return polled
