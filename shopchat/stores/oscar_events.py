"""What happens to Oscar's baskets and orders, told to whoever connected.

The only complete source is the saving of rows: Oscar's own signals know neither changed quantities nor removed lines nor
merged baskets nor orders of its dashboard. What was touched is told once for each transaction and basket, after the commit.
No receiver raises, and only those about baskets that did change ask the database.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from threading import local
from typing import Any

from django.core.signals import request_finished
from django.db import transaction
from django.db.models.signals import post_delete, post_init, post_save
from django.utils import timezone
from django.utils.translation import get_language
from oscar.apps.checkout.signals import start_checkout
from oscar.core.loading import get_class, get_model

from shopchat.core.money import Money
from shopchat.stores.base import Person
from shopchat.stores.moving import Placed, StoreEvents, Surroundings
from shopchat.stores.oscar_rows import basket_ref, person_of
from shopchat.stores.reading import swallowing
from shopchat.stores.surroundings import surroundings_of
from shopchat.stores.turns import Touch, tell_after_commit

Tell = Callable[[StoreEvents], None]

MANY = 100

listeners: list[StoreEvents] = []
_moving = local()  # of this thread: where lines went, until their basket says that it was merged


def connect(events: StoreEvents) -> None:
    if events in listeners:
        return
    listeners.append(events)
    line, basket, order = (get_model(*name) for name in (("basket", "Line"), ("basket", "Basket"), ("order", "Order")))
    _receive(post_init, line_loaded, line)
    _receive(post_save, line_saved, line)
    _receive(post_delete, line_deleted, line)
    _receive(post_init, basket_loaded, basket)
    _receive(post_save, basket_saved, basket)
    _receive(post_save, order_saved, order)
    _receive(get_class("order.signals", "order_placed"), order_signalled)
    _receive(start_checkout, checkout_started)
    _receive(request_finished, request_over)


def disconnect(events: StoreEvents) -> None:
    """For tests: the receivers stay, and tell ``events`` nothing more."""
    listeners.remove(events)


def _receive(signal: Any, receiver: Callable[..., None], sender: Any = None) -> None:
    signal.connect(receiver, sender=sender, weak=False, dispatch_uid=f"shopchat.stores.{receiver.__name__}")


def quietly(receiver: Callable[..., None]) -> Callable[..., None]:
    @wraps(receiver)
    def received(*args: Any, **kwargs: Any) -> None:
        if listeners:
            with swallowing(f"Store oscar, {receiver.__name__}"):
                receiver(*args, **kwargs)

    return received


@quietly
def line_loaded(instance: Any, **kwargs: Any) -> None:
    # Not through the attribute, which would fetch what was deferred.
    vars(instance)["_shopchat_basket"] = vars(instance).get("basket_id")


@quietly
def line_saved(instance: Any, created: bool, raw: bool, using: str, **kwargs: Any) -> None:
    if raw:
        return
    before = vars(instance).get("_shopchat_basket")
    if not created and before not in (None, instance.basket_id):
        _went_over(before, instance.basket)
        _touched(before, instance, using)
    vars(instance)["_shopchat_basket"] = instance.basket_id
    _moving.saved = instance
    _touched(instance.basket_id, instance, using)


@quietly
def line_deleted(instance: Any, using: str, origin: Any = None, **kwargs: Any) -> None:
    # With its product or its basket a line goes without anybody's doing.
    if not isinstance(instance, origin.model if hasattr(origin, "model") else type(origin)):
        return
    # A basket that is merged raises the quantity of the other's line and deletes its own right after it.
    twin = vars(_moving).pop("saved", None)
    if twin is not None and twin.basket_id != instance.basket_id and twin.line_reference == instance.line_reference:
        _went_over(instance.basket_id, twin.basket)
    _touched(instance.basket_id, instance, using)


@quietly
def basket_loaded(instance: Any, **kwargs: Any) -> None:
    vars(instance)["_shopchat_status"] = vars(instance).get("status")


@quietly
def basket_saved(instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
    before, now = vars(instance).get("_shopchat_status"), instance.status
    vars(instance)["_shopchat_status"] = now
    if raw or now == before:
        return
    ref, at = basket_ref(instance), timezone.now()
    if now == "Frozen":
        _tell_later(using, lambda events: events.payment_started(ref, at=at))
    elif now == "Open" and before == "Frozen":
        _tell_later(using, lambda events: events.payment_failed(ref, at=at))
    elif now == "Merged" and (winner := vars(_moving).get("destinations", {}).pop(instance.pk, None)):
        new = basket_ref(winner)
        _tell_later(using, lambda events: events.basket_merged(ref, new))


@quietly
def order_saved(instance: Any, created: bool, raw: bool, **kwargs: Any) -> None:
    """``order_placed`` comes after the commit of Oscar's own transaction, and not from every path."""
    if created and not raw:
        _placed(instance)


@quietly
def order_signalled(order: Any, **kwargs: Any) -> None:
    """For orders that a shop makes in bulk and announces."""
    _placed(order)


@quietly
def checkout_started(request: Any, email: str = "", **kwargs: Any) -> None:
    basket = getattr(request, "basket", None)
    if email and basket and basket.pk:
        ref = basket_ref(basket)
        _tell_later("default", lambda events: events.contact_seen(ref, email))


def request_over(**kwargs: Any) -> None:
    vars(_moving).clear()


def _placed(order: Any) -> None:
    if vars(order).get("_shopchat_told"):
        return
    vars(order)["_shopchat_told"] = True
    placed = Placed(
        number=str(order.number),  # Oscar's generator gives a whole number
        placed_at=order.date_placed,
        basket=basket_ref(order.basket) if order.basket_id else None,  # one query, where a shop gave the id alone
        person=_orderer(order),
        total=Money(order.total_incl_tax, order.currency),
    )
    for events in listeners:
        with swallowing("Store oscar, order_placed"), transaction.atomic():
            events.order_placed(placed)


def _orderer(order: Any) -> Person:
    is_loaded = order._meta.get_field("user").is_cached(order)
    account = person_of(order.user) if is_loaded else Person(str(order.user_id or ""))
    return Person(account.user_id, account.email or order.guest_email)


def _tell_touch(pk: Any, touch: Touch) -> None:
    with swallowing("Store oscar, basket_touched"):
        _tell_touch_of(pk, touch)


def _tell_touch_of(pk: Any, touch: Touch) -> None:
    row = get_model("basket", "Basket").objects.select_related("owner").filter(pk=pk).first()
    if row is None or row.status in ("Merged", "Submitted"):
        return
    is_staff = touch.where.is_staff or bool(getattr(row.owner, "is_staff", False))
    ref, person, where = basket_ref(row), person_of(row.owner), replace(touch.where, is_staff=is_staff)
    _tell(lambda events: events.basket_touched(ref, at=touch.at, person=person, where=where))


def _tell(news: Tell) -> None:
    for events in listeners:
        with swallowing("Store oscar, news"):
            news(events)


def _tell_later(using: str, news: Tell) -> None:
    transaction.on_commit(partial(_tell, news), using=using)


def _touched(pk: Any, line: Any, using: str) -> None:
    # Of a basket that nobody has fetched nothing is known but what its line says.
    request = getattr(getattr(_loaded_basket(line), "_strategy", None), "request", None)
    if request is None:
        where = Surroundings(language=get_language() or "", currency=line.price_currency)
    else:
        where = surroundings_of(request, currency=line.price_currency)
    tell_after_commit(pk, where, using=using, tell=_tell_touch)


def _loaded_basket(line: Any) -> Any:
    return line._meta.get_field("basket").get_cached_value(line, default=None)


def _went_over(old: Any, new: Any) -> None:
    destinations = vars(_moving).setdefault("destinations", {})
    if len(destinations) >= MANY:
        destinations.clear()
    destinations[old] = new
