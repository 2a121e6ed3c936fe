"""Addresses that guests typed at the checkout. Nobody has proven them: they are kept as keyed hashes, to recognise an order."""

from collections.abc import Iterable

from django.db.models import Q

from shopchat.carts.models import BasketWatch
from shopchat.carts.people import email_hash
from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.channels.known import EMAIL
from shopchat.stores.base import BasketRef
from shopchat.touches.suppressing import address_hashes


def note_address(ref: BasketRef, email: str) -> bool:
    """A guest began to check out with this address. One statement; nothing for baskets that are not watched."""
    return bool(BasketWatch.objects.filter(ref=ref, erased_at=None).update(email_hash=email_hash(email)))


def watches_of_guests(emails: Iterable[str]) -> BasketWatchQuerySet:
    """Baskets for which one of these addresses was typed, and which are no account's.

    Who typed it nobody knows: they may be forgotten for whoever owns the address, and not be shown to them.
    """
    hashes = [hashed for email in emails if email for hashed in address_hashes(EMAIL, email)]
    nobodys = Q(contact=None) | Q(contact__user=None)
    return BasketWatch.objects.filter(nobodys, email_hash__in=hashes, user_id_text="")
