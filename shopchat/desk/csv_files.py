"""A file for a spreadsheet, sent while it is read."""

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.formats import get_format

from shopchat.core.csv_cells import lines

LINES_AT_ONCE = 200


def csv_file(request: HttpRequest, rows: Iterable[Iterable[Any]], *, name: str) -> StreamingHttpResponse:
    """The rows as a file to be kept under this name, which is ours and of plain letters."""
    pieces = _pieces(lines(rows, separator=separator()))
    return StreamingHttpResponse(
        _aside(pieces) if isinstance(request, ASGIRequest) else pieces,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def separator() -> str:
    """What spreadsheets expect in the active language: where the comma is in numbers, it does not part cells."""
    return ";" if get_format("DECIMAL_SEPARATOR") == "," else ","


def _pieces(each: Iterator[str]) -> Iterator[str]:
    while piece := "".join(islice(each, LINES_AT_ONCE)):
        yield piece


async def _aside(pieces: Iterator[str]) -> AsyncIterator[str]:
    """The same where the server is asynchronous: the database is read in the thread that belongs to the request."""
    read = sync_to_async(_next)
    while piece := await read(pieces):
        yield piece


def _next(pieces: Iterator[str]) -> str:
    return next(pieces, "")
