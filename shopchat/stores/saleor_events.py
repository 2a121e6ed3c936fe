"""What Saleor's webhooks say, told to those who are connected.

Saleor repeats, and tells in any order. What counts is a checkout's ``updatedAt``: an earlier one than is known changes
nothing. The kind of event is read from the body, which is signed; the header is not.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.db import transaction

from shopchat.stores.base import BasketRef, BasketView
from shopchat.stores.moving import Placed, StoreEvents, Surroundings
from shopchat.stores.saleor_rows import basket_view, order_view

CHANGES = {"CheckoutCreated", "CheckoutUpdated", "CheckoutMetadataUpdated", "CheckoutFullyPaid"}
ORDERS = {"OrderCreated", "OrderConfirmed", "OrderPaid", "OrderFullyPaid"}

KnownUntil = Callable[[BasketRef], datetime | None]

listeners: list[StoreEvents] = []
_told: ContextVar[BasketView | None] = ContextVar("shopchat_saleor_told", default=None)


def told(ref: BasketRef) -> BasketView | None:
    """The basket as the event that is being told has it, so that whoever asks while listening need not ask Saleor."""
    view = _told.get()
    return view if view is not None and view.ref == ref else None


def tell(event: Mapping[str, Any], *, known_until: KnownUntil, product_url: str = "") -> None:
    """Tell of one event, in a transaction of its own. Raises ``Unreadable`` for what cannot be read."""
    kind = event.get("__typename")
    if kind in ORDERS:
        _tell_of_order(event.get("order") or {})
    elif kind in CHANGES:
        _tell_of_basket(event.get("checkout") or {}, known_until, product_url)


def _tell_of_order(row: Mapping[str, Any]) -> None:
    order = order_view(row)
    placed = Placed(
        number=order.number, placed_at=order.placed_at, basket=order.basket, person=order.person, total=order.total
    )
    with transaction.atomic():
        for listener in listeners:
            listener.order_placed(placed)


def _tell_of_basket(row: Mapping[str, Any], known_until: KnownUntil, product_url: str) -> None:
    view = basket_view(row, product_url)
    with _telling(view), transaction.atomic():
        known = known_until(view.ref)
        if known is not None and known >= view.last_activity:
            return
        for listener in listeners:
            _tell(listener, view, row)


def _tell(listener: StoreEvents, view: BasketView, row: Mapping[str, Any]) -> None:
    listener.basket_touched(view.ref, at=view.last_activity, person=view.person, where=_surroundings(row))
    if row.get("email") and view.person.user_id is None:
        listener.contact_seen(view.ref, str(row["email"]))
    if row.get("chargeStatus") not in (None, "NONE") or row.get("authorizeStatus") not in (None, "NONE"):
        listener.payment_started(view.ref, at=view.last_activity)


def _surroundings(row: Mapping[str, Any]) -> Surroundings:
    channel = row.get("channel") or {}
    language = str(row.get("languageCode") or "").lower().replace("_", "-")
    # A robot makes no checkout: that takes two requests with a body of their own.
    return Surroundings(language=language, currency=str(channel.get("currencyCode") or ""), by_hand=True)


@contextmanager
def _telling(view: BasketView) -> Iterator[None]:
    token = _told.set(view)
    try:
        yield
    finally:
        _told.reset(token)
