"""Who may reach which callback request, and who sees whole numbers. Every list, page, search and count starts here."""

from typing import Any

from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.contacts.models import Contact
from shopchat.operators.roster import may_answer

SEE_NUMBERS = "shopchat.see_phone_numbers"
SUPERVISE = "shopchat.supervise_callbacks"


def for_operator(user: Any) -> CallbackRequestQuerySet:
    """What this user may work on at the desk: everything, or nothing without the permission to answer customers."""
    return CallbackRequest.objects.all() if may_answer(user) else CallbackRequest.objects.none()


def for_contact(contact: Contact | None) -> CallbackRequestQuerySet:
    """The contact's own requests; nothing for somebody who never wrote."""
    return CallbackRequest.objects.none() if contact is None else CallbackRequest.objects.filter(contact=contact)


def sees_numbers(user: Any) -> bool:
    """Whether whole phone numbers are shown to this user; others see the last digits."""
    return bool(user.is_active and user.has_perm(SEE_NUMBERS))
