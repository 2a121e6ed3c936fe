"""What people may write into a request: plain text. See :mod:`shopchat.conversations.texts` for messages."""

import unicodedata

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Embeddings and overrides of direction can make a text read as something else. Isolates, which some keyboards produce,
# may stay in a text of several lines; a line that stands beside others in a list has no use for them.
_DECEIVING = frozenset("\u202a\u202b\u202c\u202d\u202e")
_ISOLATES = frozenset("\u2066\u2067\u2068\u2069")


class Unfit(ValueError):
    """The text cannot be stored. The message is for whoever wrote it, in the active language."""


def clean_text(raw: str, *, most: int) -> str:
    """As it is stored: line ends become ``\\n``, what nobody sees is left out. Raises :class:`Unfit`."""
    if "\x00" in raw:
        raise Unfit(_("This contains a character that cannot be stored. Please type it again."))
    text = "".join(filter(_is_seen, raw.replace("\r\n", "\n").replace("\r", "\n"))).strip()
    if (excess := len(text) - most) > 0:
        raise Unfit(
            ngettext("Shorten this by %(count)s character.", "Shorten this by %(count)s characters.", excess)
            % {"count": excess}
        )
    return text


def clean_line(raw: str, *, most: int) -> str:
    """The same as one line: it stands in lists and subjects. Raises :class:`Unfit`."""
    lines = clean_text(raw, most=max(most, len(raw)))
    return clean_text(" ".join("".join(char for char in lines if char not in _ISOLATES).split()), most=most)


def cut_line(raw: str, *, most: int) -> str:
    """One line of what the page filled in and nobody typed: what does not fit is cut off, what cannot be stored too."""
    return clean_line(raw.replace("\x00", ""), most=max(most, len(raw)))[:most].strip()


def clean_path(raw: str, *, most: int) -> str:
    """A path of this site, else nothing. Queries and fragments are dropped: they may hold what is not ours to know."""
    # Browsers pass over tabs and line ends in an address, so what nobody sees goes first and the shape is judged after it.
    path = "".join(filter(str.isprintable, raw)).partition("#")[0].partition("?")[0]
    return path[:most] if path.startswith("/") and not path.startswith(("//", "/\\")) else ""


def _is_seen(char: str) -> bool:
    return char in "\n\t" or (char not in _DECEIVING and unicodedata.category(char) not in {"Cc", "Cs"})
