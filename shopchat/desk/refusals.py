"""Reading what was posted, and saying no in words that can stand beside the field."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

URLENCODED = "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 64 * 1024  # 4,000 characters take at most 48 kB when they are encoded


@dataclass(frozen=True)
class Refusal(Exception):
    """What was asked for is not done. ``text`` is for the person who asked; ``retry_after`` is in seconds."""

    status: int
    text: str
    retry_after: int | None = None

    def as_response(self) -> HttpResponse:
        """The text alone, for scripts."""
        response = HttpResponse(self.text, status=self.status, content_type="text/plain; charset=utf-8")
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)
        return response


@dataclass(frozen=True)
class BadField(Exception):
    """What was entered cannot be stored; ``text`` stands beside ``field``."""

    field: str
    text: str


def read_fields(request: HttpRequest) -> dict[str, str]:
    """The posted fields. Raises :class:`Refusal` for another format, a body over 64 kB and invalid UTF-8."""
    if request.content_type != URLENCODED:
        raise Refusal(415, _("The message could not be sent. Please reload the page and try again."))
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES or len(request.body) > MAX_BODY_BYTES:
        raise Refusal(413, _("The message is far too long. Shorten it or send it in parts."))
    try:
        # Django would put replacement characters where the bytes are wrong, and store them.
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise Refusal(
            400, _("The message contains a character that cannot be stored. Please type it again.")
        ) from error


def read_seq(raw: str) -> int:
    """A place in a conversation's order. Raises :class:`Refusal` for anything but digits."""
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 15):
        raise Refusal(400, _("The page is out of date. Please reload it."))
    return int(raw)
