"""When a browser's contact turns out to be an account's: what was sent to it counts for the account."""

from shopchat.contacts.models import Contact
from shopchat.touches.models import Touch
from shopchat.touches.people import person_key


def join(old: Contact, new: Contact) -> int:
    """Move every touch of ``old`` to ``new``. Returns how many moved."""
    return Touch.objects.filter(contact=old).update(contact=new, person=person_key(contact=new))
