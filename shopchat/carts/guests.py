"""Addresses that guests typed at the checkout. Nobody has proven them: they are kept as keyed hashes, to recognise an order."""

from shopchat.carts.models import BasketWatch
from shopchat.carts.people import email_hash
from shopchat.stores.base import BasketRef


def note_address(ref: BasketRef, email: str) -> bool:
    """A guest began to check out with this address. One statement; nothing for baskets that are not watched."""
    return bool(BasketWatch.objects.filter(ref=ref, erased_at=None).update(email_hash=email_hash(email)))
