"""When a browser's contact turns out to be an account's: its conversations move over, visibly to operators."""

from django.db import transaction
from django.utils import timezone

from shopchat.contacts.models import Contact
from shopchat.conversations import events
from shopchat.conversations.models import Conversation


def join(old: Contact, new: Contact) -> int:
    """Move every conversation of ``old`` to ``new``. Returns how many moved.

    The basket does not go along: what the browser held may be somebody else's, and the account's own is noted anew.
    """
    now = timezone.now()
    with transaction.atomic():
        conversations = list(Conversation.objects.filter(contact=old))
        for conversation in conversations:
            events.record(conversation, events.JOINED, at=now, contact=new)
    return len(conversations)
