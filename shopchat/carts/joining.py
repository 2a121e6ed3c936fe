"""When a browser's contact turns out to be an account's: the vouchers that it was given count for the account."""

from shopchat.carts.models import IssuedVoucher
from shopchat.contacts.models import Contact
from shopchat.touches.people import person_key


def join(old: Contact, new: Contact) -> int:
    """Returns how many vouchers count for ``new`` from now on."""
    return IssuedVoucher.objects.filter(person=person_key(contact=old)).update(person=person_key(contact=new))
