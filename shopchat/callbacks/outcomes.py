"""What an operator says about a call, read from a form."""

import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.callbacks.models import CallAttempt
from shopchat.callbacks.results import Result

Outcome = CallAttempt.Outcome
NOTE_MAX_LENGTH = 1000


class BadOutcome(Exception):
    """What was entered about a call cannot be recorded: ``text`` says so beside ``field``, in the active language."""

    def __init__(self, field: str, text: str):
        super().__init__(field)
        self.field, self.text = field, text


@dataclass(frozen=True)
class Ended:
    """How a call ended, what came of it, and the operator's words."""

    outcome: str
    result: str
    note: str


def read(outcome: str, *, result: str, note: str) -> Ended:
    """As it may be stored. Raises :class:`BadOutcome`. A result belongs to a talk and is left out elsewhere."""
    if outcome not in Outcome.values:
        raise BadOutcome("outcome", _("Choose how the call ended."))
    note = _clean(note)
    if outcome != Outcome.TALKED:
        return Ended(outcome, "", note)
    if result not in Result.values:
        raise BadOutcome("result", _("Choose what came of the talk."))
    if result == Result.OTHER and not note:
        raise BadOutcome("note", _("Say in a few words what came of the talk."))
    return Ended(outcome, result, note)


def _clean(raw: str) -> str:
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")).strip()
    if (excess := len(text) - NOTE_MAX_LENGTH) > 0:
        sentence = ngettext(
            "The note is too long by %(count)s character. Shorten it.",
            "The note is too long by %(count)s characters. Shorten it.",
            excess,
        )
        raise BadOutcome("note", sentence % {"count": excess})
    return text
