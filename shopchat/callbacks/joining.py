"""When a browser's contact turns out to be an account's: its requests move over with its conversations."""

from shopchat.callbacks.models import CallbackRequest
from shopchat.contacts.models import Contact


def join(old: Contact, new: Contact) -> int:
    """Move every request of ``old`` to ``new``. Returns how many moved.

    Call it beside :func:`shopchat.conversations.joining.join`, in the same transaction: that writes the line about it.
    """
    return CallbackRequest.objects.filter(contact=old).update(contact=new)
