"""What may be a message: plain text of at most 4,000 characters."""

import re
import unicodedata

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.conversations.models import CLIENT_ID_MAX_LENGTH, TEXT_MAX_LENGTH

# Embeddings and overrides can make a text, and a link in it, read as something else. Marks and isolates, which keyboards
# and phones do produce, stay; the page isolates each bubble anyway.
_DECEIVING = re.compile("[\u202a-\u202e]")


class InvalidMessage(Exception):
    """The text or its id cannot be stored. The message is for the person who wrote it, in the active language."""


def clean_text(raw: str) -> str:
    """The text as it is stored. Line ends become ``\\n``, control characters that nobody sees are left out.

    Raises :class:`InvalidMessage` for an empty, too long or unstorable text.
    """
    if "\x00" in raw:
        raise InvalidMessage(_("The message contains a character that cannot be stored. Please type it again."))
    text = _DECEIVING.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")).strip()
    if not text:
        raise InvalidMessage(_("Write a message first."))
    if (excess := len(text) - TEXT_MAX_LENGTH) > 0:
        raise InvalidMessage(
            ngettext(
                "The message is too long by %(count)s character. Shorten it or send it in parts.",
                "The message is too long by %(count)s characters. Shorten it or send it in parts.",
                excess,
            )
            % {"count": excess}
        )
    return text


def clean_client_id(raw: str) -> str:
    """The id under which a browser sends, and repeats, one message. Raises :class:`InvalidMessage`."""
    if not re.fullmatch(rf"[A-Za-z0-9_-]{{8,{CLIENT_ID_MAX_LENGTH}}}", raw):
        raise InvalidMessage(_("The message could not be sent. Please reload the page and try again."))
    return raw
