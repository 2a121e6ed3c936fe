"""Who the customer is: earlier conversations, basket and orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from django.utils import timezone

from shopchat.callbacks import access as callbacks
from shopchat.callbacks.models import CallbackRequest
from shopchat.carts import access as carts
from shopchat.carts.models import BasketWatch
from shopchat.contacts.models import Contact
from shopchat.conversations import access
from shopchat.conversations.models import Conversation
from shopchat.core.money import Money
from shopchat.stores.base import BasketRef, BasketView, OrderView, Person, State, Store
from shopchat.stores.reading import configured_store

PREVIOUS = 5
ORDERS = 5
COUNTED = 100
YEARS = 2
ORDERS_OF = timedelta(days=YEARS * 365)


@dataclass(frozen=True)
class Worth:
    """What a customer has bought: sums by currency of the orders that were not cancelled or returned.

    ``since`` is the moment from which orders were counted; ``is_cut`` says that only the latest hundred were.
    """

    sums: Sequence[Money]
    count: int
    cancelled: Sequence[Money]
    cancelled_count: int
    since: datetime
    is_cut: bool


@dataclass(frozen=True)
class Purchases:
    """What the store knows of a customer. ``basket`` is ``None`` when there is none with anything in it."""

    shows_baskets: bool = False
    shows_orders: bool = False
    basket: BasketView | None = None
    orders: Sequence[OrderView] = ()
    worth: Worth | None = None


def previous_conversations(user: Any, conversation: Conversation) -> list[Conversation]:
    """The customer's other conversations, the latest first."""
    theirs = access.for_operator(user).filter(contact=conversation.contact).exclude(pk=conversation.pk)
    return list(theirs.latest_first()[:PREVIOUS])


def waiting_callbacks(user: Any, contact: Contact, *, but: CallbackRequest | None = None) -> list[CallbackRequest]:
    """The calls that the customer still waits for, the next first."""
    theirs = callbacks.for_operator(user).waiting().filter(contact=contact).select_related("assignee")
    return list((theirs.exclude(pk=but.pk) if but else theirs).in_order("due_at")[:PREVIOUS])


def purchases(contact: Contact) -> Purchases:
    """Basket and recent orders, empty where the store cannot be asked: the desk goes on without it."""
    try:
        store = configured_store()
    except ImproperlyConfigured:  # the system check says so; it is no reason to lose a conversation
        return Purchases()
    ref = _basket_ref(store, contact)
    since = timezone.now() - ORDERS_OF
    orders = _orders(store, contact, ref, since) if store.shows_orders else []
    return Purchases(
        shows_baskets=store.shows_baskets,
        shows_orders=store.shows_orders,
        basket=_basket(store, ref) if ref and store.shows_baskets else None,
        orders=orders[:ORDERS],
        worth=_worth(orders, since) if orders else None,
    )


def watched(user: Any, contact: Contact, basket: BasketView | None) -> BasketWatch | None:
    """What we remember of the basket that is shown, else of the latest one of theirs that may still be ordered."""
    ref = basket.ref if basket else contact.basket_ref
    theirs = carts.for_operator(user).filter(Q(ref=ref) if basket else Q(ref=ref) | Q(contact=contact))
    found: BasketWatch | None = theirs.unfinished().in_order("-last_activity").first()
    return found


def _basket_ref(store: Store, contact: Contact) -> BasketRef | None:
    of_account = store.basket_of(Person(user_id=str(contact.user_id))) if contact.user_id else None
    return of_account or (BasketRef(contact.basket_ref) if contact.basket_ref else None)


def _basket(store: Store, ref: BasketRef) -> BasketView | None:
    basket = store.baskets([ref], images=True).get(ref)
    if basket is None or not basket.lines or basket.state in (State.ORDERED, State.MERGED, State.GONE):
        return None
    return basket


def _orders(store: Store, contact: Contact, ref: BasketRef | None, since: datetime) -> list[OrderView]:
    """Orders of the account, and the one that a visitor's own basket became. Never by an address that somebody typed."""
    found: dict[str, OrderView] = {}
    if contact.user_id:
        person = Person(user_id=str(contact.user_id))
        recent = store.recent_orders([person], since=since, limit=COUNTED)
        found |= {order.number: order for order in recent.get(person, ())}
    refs = {BasketRef(contact.basket_ref)} if contact.basket_ref else set()
    refs |= {ref} if ref else set()
    found |= {order.number: order for order in store.orders_for(sorted(refs)).values()}
    return sorted(found.values(), key=lambda order: order.placed_at, reverse=True)


def _worth(orders: Sequence[OrderView], since: datetime) -> Worth:
    kept = [order for order in orders if not order.is_cancelled]
    cancelled = [order for order in orders if order.is_cancelled]
    return Worth(
        sums=_sums(kept),
        count=len(kept),
        cancelled=_sums(cancelled),
        cancelled_count=len(cancelled),
        since=since,
        is_cut=len(orders) >= COUNTED,
    )


def _sums(orders: Sequence[OrderView]) -> list[Money]:
    """One sum for each currency, the largest first; amounts that cannot be told are left out."""
    sums: dict[str, Money] = {}
    for order in orders:
        if order.total is not None:
            before = sums.get(order.total.currency)
            sums[order.total.currency] = before + order.total if before else order.total
    return sorted(sums.values(), key=lambda one: one.amount, reverse=True)
