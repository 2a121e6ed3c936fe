"""Saying something: nothing is lost and nothing is stored twice.

A sender gives each message an id of its own and repeats it until it is answered. The insert comes first and the database's
unique constraint decides; only when it objects do we look at what is stored.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from shopchat.conversations.log import advance
from shopchat.conversations.models import Conversation, Message
from shopchat.operators.models import Operator
from shopchat.signals import message_posted

Kind = Message.Kind


class ClientIdReused(Exception):
    """The sender used the id of a stored message for another text."""


@dataclass(frozen=True)
class Posted:
    """A stored message; ``created`` is false when it was a repetition."""

    message: Message
    created: bool


def receive(conversation: Conversation, *, text: str, client_id: str, page: str = "") -> Posted:
    """The contact says ``text`` (cleaned). A closed conversation opens again. Raises :class:`ClientIdReused`."""
    now = timezone.now()
    changes = {
        "waiting_since": Coalesce("waiting_since", now),
        "last_message_at": now,
        "state": Conversation.State.OPEN,
    }
    changes |= {"closed_at": None, "last_inbound_seq": F("last_seq") + 1, **({"page": page} if page else {})}
    return _post(
        conversation, now, kind=Kind.INBOUND, author="visitor", text=text, client_id=client_id, changes=changes
    )


def reply(conversation: Conversation, *, operator: Operator, text: str, client_id: str) -> Posted:
    """An operator answers the contact; an unassigned conversation becomes theirs. Raises :class:`ClientIdReused`."""
    now = timezone.now()
    changes: dict[str, Any] = {
        "waiting_since": None,
        "last_message_at": now,
        "assignee": Coalesce("assignee", operator.pk),
    }
    changes |= {"state": Conversation.State.OPEN, "closed_at": None}
    return _post(
        conversation,
        now,
        kind=Kind.REPLY,
        author="operator",
        operator=operator,
        text=text,
        client_id=client_id,
        changes=changes,
    )


def note(conversation: Conversation, *, operator: Operator, text: str, client_id: str) -> Posted:
    """An operator writes something that only operators see. Raises :class:`ClientIdReused`."""
    return _post(
        conversation,
        timezone.now(),
        kind=Kind.NOTE,
        author="operator",
        operator=operator,
        text=text,
        client_id=client_id,
    )


def _post(
    conversation: Conversation,
    now: datetime,
    *,
    kind: Kind,
    author: str,
    text: str,
    client_id: str,
    operator: Operator | None = None,
    changes: dict[str, Any] | None = None,
) -> Posted:
    private = kind == Kind.NOTE
    try:
        with transaction.atomic():
            message = Message.objects.create(
                conversation=conversation,
                seq=advance(conversation, at=now, private=private, **(changes or {})),
                kind=kind,
                author=author,
                operator=operator,
                client_id=client_id,
                text=text,
                is_private=private,
                created_at=now,
            )
    except IntegrityError:
        conversation.refresh_from_db()  # what was taken over from the row was rolled back
        return _repeated(conversation, kind=kind, author=author, text=text, client_id=client_id)
    transaction.on_commit(lambda: message_posted.send_robust(sender=Message, message=message), robust=True)
    return Posted(message, created=True)


def _repeated(conversation: Conversation, *, kind: Kind, author: str, text: str, client_id: str) -> Posted:
    stored = Message.objects.get(conversation=conversation, author=author, client_id=client_id)
    if (stored.kind, stored.text) != (kind, text):
        raise ClientIdReused
    return Posted(stored, created=False)
