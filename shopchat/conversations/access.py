"""Who may reach which conversation. Every list, page, fragment, search and count starts here."""

from typing import Any

from shopchat.contacts.models import Contact
from shopchat.conversations.models import Conversation, Delivery
from shopchat.conversations.querysets import ConversationQuerySet, DeliveryQuerySet
from shopchat.operators.roster import may_answer


def for_operator(user: Any) -> ConversationQuerySet:
    """What this user may work on at the desk: everything, or nothing without the permission."""
    return Conversation.objects.all() if may_answer(user) else Conversation.objects.none()


def deliveries_for_operator(user: Any) -> DeliveryQuerySet:
    """What left, or did not leave, on account of conversations that this user may work on."""
    return Delivery.objects.all() if may_answer(user) else Delivery.objects.none()


def for_contact(contact: Contact | None) -> ConversationQuerySet:
    """The contact's own conversations; nothing for somebody who never wrote."""
    return Conversation.objects.none() if contact is None else Conversation.objects.filter(contact=contact)
