"""What mails to customers say, in the language of the conversation. Nothing in them was written by anybody but us."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation


@dataclass(frozen=True)
class Letter:
    """A mail before it has an address."""

    subject: str
    text: str
    html: str


def letter(name: str, *, language: str, context: Mapping[str, Any]) -> Letter:
    """The templates ``shopchat/mail/<name>_subject.txt``, ``.txt`` and ``.html``. A shop may have its own of these names."""
    language = language or str(settings.LANGUAGE_CODE)
    with translation.override(language):
        named = {**context, "language": language, "direction": "rtl" if translation.get_language_bidi() else "ltr"}
        subject, text, html = (
            render_to_string(f"shopchat/mail/{name}{part}", named) for part in ("_subject.txt", ".txt", ".html")
        )
    return Letter(" ".join(subject.split()), text.strip() + "\n", html)
