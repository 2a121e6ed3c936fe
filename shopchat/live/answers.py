"""Whole answers, in a form that scripts read: those to a poll, and refusals, which say what to do instead."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

MARKER = ("X-Shopchat", "1")  # tells our answers from those of a captive portal
# Eight tickets and more than anybody asks; a longer one is not taken apart.
QUERY_MAX_LENGTH = 16_384
HEADERS = (MARKER, ("Cache-Control", "no-store"))


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer: status code, header lines, body."""

    status: int
    headers: tuple[tuple[str, str], ...] = HEADERS
    body: bytes = b""

    def head(self) -> dict[str, Any]:
        """Its beginning, as ASGI sends it."""
        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers]
        if self.status != 204:
            headers.append((b"content-length", str(len(self.body)).encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


def nothing_new(etag: str) -> Answer:
    """For whoever polls and knows all stamps."""
    return Answer(204, (*HEADERS, ("ETag", etag)))


def news(stamps: Mapping[str, str], etag: str) -> Answer:
    """All stamps, for whoever polls and does not know them."""
    headers = (*HEADERS, ("ETag", etag), ("Content-Type", "application/json"))
    return Answer(200, headers, json.dumps({"topics": stamps}).encode())


def refusal(status: int, error: str, *, retry_after: int | None = None, **more: object) -> Answer:
    """An answer that is none: ``error`` is for whoever reads the log of a browser."""
    later = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Answer(
        status, (*HEADERS, ("Content-Type", "application/json"), *later), json.dumps({"error": error, **more}).encode()
    )


def fingerprint(stamps: Mapping[str, str]) -> str:
    """The ``ETag`` of stamps."""
    return f'"{hashlib.blake2b(json.dumps(stamps).encode(), digest_size=12).hexdigest()}"'


async def respond(answer: Answer, send: Callable[[Any], Awaitable[None]]) -> None:
    """Send it over ASGI."""
    await send(answer.head())
    await send({"type": "http.response.body", "body": answer.body})
