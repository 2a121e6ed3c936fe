"""The contact of a signed-in user."""

from typing import Any

from shopchat.contacts.models import Contact


def contact_for(user: Any) -> Contact:
    """The contact of this account, made when the customer first writes."""
    return Contact.objects.get_or_create(user=user)[0]
