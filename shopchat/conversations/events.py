"""System lines: what happened, told in each reader's own language."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from shopchat.conversations.log import advance
from shopchat.conversations.models import Conversation, Message
from shopchat.operators.models import Operator

TAKEN = "taken"
RELEASED = "released"
CLOSED = "closed"
REOPENED = "reopened"
JOINED = "joined"
RESENT = "resent"

Words = Callable[[Message], str]

_private = {RELEASED, JOINED, RESENT}
_words: dict[str, Words] = {}


def register_event(name: str, words: Words, *, private: bool = False) -> None:
    """Teach the log an event of a package above: at most 16 characters, and its line's words in the active language.

    ``private`` ones are for operators only. Registering a name again replaces it.
    """
    _words[name] = words
    (_private.add if private else _private.discard)(name)


def record(
    conversation: Conversation,
    event: str,
    *,
    at: datetime,
    operator: Operator | None = None,
    details: Mapping[str, Any] | None = None,
    client_id: str = "",
    **changes: Any,
) -> Message:
    """Write a system line and apply ``changes`` to the conversation with it. Call it inside a transaction.

    ``details`` are what its words are made from later: plain JSON, nothing that a customer wrote. With a ``client_id`` the
    database takes the line once.
    """
    private = event in _private
    return Message.objects.create(
        conversation=conversation,
        seq=advance(conversation, at=at, private=private, **changes),
        kind=Message.Kind.SYSTEM,
        author=Message.Author.SYSTEM,
        operator=operator,
        client_id=client_id or secrets.token_urlsafe(16),
        event=event,
        details=dict(details or {}),
        is_private=private,
        created_at=at,
    )


def describe(message: Message) -> str:
    """The line's words in the active language."""
    if (words := _words.get(message.event)) is not None:
        return words(message)
    name = message.operator.public_name if message.operator else _("An operator")
    sentences = {
        TAKEN: _("%(name)s joined the conversation"),
        RELEASED: _("%(name)s returned the conversation to the queue"),
        CLOSED: _("%(name)s closed the conversation"),
        REOPENED: _("%(name)s reopened the conversation"),
        JOINED: _("The customer signed in: this conversation now belongs to the account"),
        RESENT: _("%(name)s had a delivery sent again"),
    }
    return sentences.get(message.event, "") % {"name": name}
