"""Whose baskets these are, by what is proven: the account, the browser that wrote to us, never a typed address."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q

from shopchat.carts.models import BasketWatch
from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.channels.known import EMAIL
from shopchat.contacts.models import Contact
from shopchat.touches.people import person_key
from shopchat.touches.suppressing import address_hash


def contact_of(watch: BasketWatch) -> Contact | None:
    """Whoever owns the basket, if they ever wrote: the account's own, before who wrote in the browser that filled it."""
    wrote = watch.contact
    if wrote is not None and (not watch.user_id_text or str(wrote.user_id) == watch.user_id_text):
        return wrote
    owner = contacts_of([watch]).get(watch.ref)
    return owner or (wrote if wrote is not None and wrote.user_id is None else None)


def contacts_of(watches: Iterable[BasketWatch]) -> Mapping[str, Contact]:
    """The same for many baskets by their refs, in one query, without looking at ``watch.contact``."""
    watches = list(watches)
    accounts = {watch.ref: account for watch in watches if (account := account_of(watch)) is not None}
    free = [watch.ref for watch in watches if not watch.user_id_text]
    if not accounts and not free:
        return {}
    known = Contact.objects.filter(Q(user__in=accounts.values()) | Q(basket_ref__in=free)).select_related("user")
    by_account: dict[Any, Contact] = {}
    by_ref: dict[str, Contact] = {}
    for contact in known.order_by("seen_at", "pk"):  # the latest wins
        by_account[contact.user_id] = by_ref[contact.basket_ref] = contact
    return {ref: by_account[account] for ref, account in accounts.items() if account in by_account} | {
        ref: by_ref[ref] for ref in free if ref in by_ref
    }


def note_writer(watch: BasketWatch, contact: Contact) -> bool:
    """Who wrote to us about a basket of nobody that they have at hand, also when it is no longer the one that they fill."""
    nobodys = BasketWatch.objects.filter(pk=watch.pk, contact=None, user_id_text="", erased_at=None)
    return contact.user_id is None and bool(nobodys.update(contact=contact))


def person_of(watch: BasketWatch) -> str:
    """The key under which the ledger of touches knows them."""
    return person_key(contact=contact_of(watch), user_id=watch.user_id_text, ref=watch.ref)


def watches_of(contact: Contact) -> BasketWatchQuerySet:
    """All baskets of this contact that we know of."""
    mine = Q(contact=contact)
    if contact.user_id:
        mine |= Q(user_id_text=str(contact.user_id))
    if contact.basket_ref:
        # A basket that went over to an account is the account's.
        mine |= Q(ref=contact.basket_ref, user_id_text__in=["", str(contact.user_id or "")])
    return BasketWatch.objects.filter(mine)


def email_hash(email: str) -> str:
    """What is stored of an address that a guest typed; empty for none."""
    return address_hash(EMAIL, email) if email else ""


def account_of(watch: BasketWatch) -> Any:
    """The key of the account in our database; ``None`` for nobody and for shops whose accounts live elsewhere."""
    try:
        return get_user_model()._meta.pk.to_python(watch.user_id_text) if watch.user_id_text else None
    except ValidationError:
        return None
