"""The conversation into which a contact's next message goes."""

import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone

from shopchat.contacts.models import Contact
from shopchat.conversations.models import Conversation
from shopchat.inboxes.models import Inbox
from shopchat.signals import conversation_started


def current(contact: Contact | None, inbox: Inbox) -> Conversation | None:
    """The contact's open conversation in this inbox, else their latest one, else ``None``."""
    if contact is None:
        return None
    theirs = Conversation.objects.filter(contact=contact, inbox=inbox).select_related("assignee", "contact__user")
    return theirs.open().latest_first().first() or theirs.latest_first().first()


def start(contact: Contact, inbox: Inbox, *, language: str = "", page: str = "") -> Conversation:
    """The current conversation, or a new one. Two first messages at once get the same conversation."""
    with transaction.atomic():
        # A write on the contact's row lines up whoever else is starting for the same contact, on every database.
        Contact.objects.filter(pk=contact.pk).update(seen_at=timezone.now())
        if (existing := current(contact, inbox)) is not None:
            return existing
        conversation = _create(contact, inbox, language=language, page=page)
    transaction.on_commit(
        lambda: conversation_started.send_robust(sender=Conversation, conversation=conversation), robust=True
    )
    return conversation


def _create(contact: Contact, inbox: Inbox, *, language: str, page: str) -> Conversation:
    now = timezone.now()
    for _attempt in range(5):
        try:
            with transaction.atomic():
                return Conversation.objects.create(
                    number=new_number(),
                    contact=contact,
                    inbox=inbox,
                    language=language,
                    page=page,
                    last_message_at=now,
                    updated_at=now,
                )
        except IntegrityError:  # the number is taken: one in ninety million for each conversation there is
            continue
    raise RuntimeError("No free conversation number was found in five attempts.")


def new_number() -> str:
    """Eight random digits, the first not zero: easy to read out, telling nothing about how many there are."""
    return str(10_000_000 + secrets.randbelow(90_000_000))
