"""Telling an open desk that a basket moved, so that the card of its customer is drawn anew.

Like typing these topics have no rows: a hint that is lost costs the half minute until the card looks again by itself.
They name a basket or an account by a digest, because a ticket, which a browser holds, names its topics.
"""

from functools import partial

from django.db import transaction

from shopchat.carts.models import BasketWatch
from shopchat.contacts.models import Contact
from shopchat.conversations.hints import DESK
from shopchat.core.tokens import digest
from shopchat.live.moving import flash, move

SECONDS = 6
_LENGTH = 24


def topics_of(contact: Contact) -> list[str]:
    """The topics that move with this contact's baskets. No query."""
    return _topics(contact.basket_ref, str(contact.user_id or ""))


def announce(watch: BasketWatch) -> None:
    """The basket changed. Call it inside the transaction; desks are told when it commits. No query."""
    for topic in _topics(watch.ref, watch.user_id_text):
        transaction.on_commit(partial(flash, topic, seconds=SECONDS), robust=True)


def announce_task(watch: BasketWatch) -> None:
    """Somebody has to help with the basket, or no longer: all desks count anew. Call it inside the transaction."""
    announce(watch)
    move([DESK])


def _topics(ref: str, user_id: str) -> list[str]:
    named = [("ref", ref), ("user", user_id)]
    return [f"basket.{digest(f'{kind}:{value}')[:_LENGTH]}" for kind, value in named if value]
