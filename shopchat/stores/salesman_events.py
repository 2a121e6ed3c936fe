"""What happens to Salesman's baskets and orders, told to whoever connected.

Salesman has a signal for the status of orders and none for baskets, so that the source is the saving of rows. It keeps no
pointer between an order and the basket that it was made from, which is mostly deleted right after: a new order gets a mark
in its ``extra`` before it is saved, in the same statement. What was touched is told once for each transaction and basket,
after the commit. No receiver raises.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from threading import local
from typing import Any
from weakref import WeakValueDictionary

from django.core.signals import request_finished
from django.db import transaction
from django.db.models.signals import post_delete, post_init, post_save, pre_save
from django.utils import timezone
from django.utils.translation import get_language
from salesman.core.utils import get_salesman_model

from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Placed, StoreEvents, Surroundings
from shopchat.stores.reading import swallowing
from shopchat.stores.salesman_requests import asking_now
from shopchat.stores.salesman_rows import MARK, NEW, Shop, basket_ref, mark_of, marked, money, person_of
from shopchat.stores.surroundings import surroundings_of
from shopchat.stores.turns import Touch, tell_after_commit

Tell = Callable[[StoreEvents], None]

FAILED = "FAILED"
MANY = 100

listeners: list[tuple[StoreEvents, Shop]] = []


class Moving(local):
    """Of this thread: what Salesman does in several steps, of which no row tells the whole."""

    def __init__(self) -> None:
        self.destinations: dict[Any, Any] = {}  # where items of a basket went
        self.raised: dict[str, Any] = {}  # items whose quantity was raised, by their reference
        self.baskets: WeakValueDictionary[int, Any] = WeakValueDictionary()  # those that somebody holds

    def clear(self) -> None:
        self.destinations.clear()
        self.raised.clear()
        self.baskets.clear()


_moving = Moving()


def connect(events: StoreEvents, shop: Shop) -> None:
    if any(events is known for known, _shop in listeners):
        return
    listeners.append((events, shop))
    basket, item, order = (get_salesman_model(name) for name in ("Basket", "BasketItem", "Order"))
    _receive(post_init, item_loaded, item)
    _receive(post_save, item_saved, item)
    _receive(post_delete, item_deleted, item)
    _receive(post_init, basket_loaded, basket)
    _receive(post_save, basket_saved, basket)
    _receive(post_delete, basket_deleted, basket)
    _receive(post_init, order_loaded, order)
    _receive(pre_save, order_marked, order)
    _receive(post_save, order_saved, order)
    _receive(request_finished, request_over)


def disconnect(events: StoreEvents) -> None:
    """For tests: the receivers stay, and tell ``events`` nothing more."""
    listeners[:] = [(known, shop) for known, shop in listeners if known is not events]


def _receive(signal: Any, receiver: Callable[..., None], sender: Any = None) -> None:
    signal.connect(receiver, sender=sender, weak=False, dispatch_uid=f"shopchat.stores.salesman.{receiver.__name__}")


def quietly(receiver: Callable[..., None]) -> Callable[..., None]:
    @wraps(receiver)
    def received(*args: Any, **kwargs: Any) -> None:
        if listeners:
            with swallowing(f"Store salesman, {receiver.__name__}"):
                receiver(*args, **kwargs)

    return received


@quietly
def item_loaded(instance: Any, **kwargs: Any) -> None:
    # Not through the attribute, which would fetch what was deferred.
    vars(instance)["_shopchat_basket"] = vars(instance).get("basket_id")


@quietly
def item_saved(instance: Any, created: bool, raw: bool, using: str, update_fields: Any = None, **kwargs: Any) -> None:
    if raw:
        return
    before = vars(instance).get("_shopchat_basket")
    if not created and before not in (None, instance.basket_id):
        _keep(_moving.destinations, before, instance.basket)
    vars(instance)["_shopchat_basket"] = instance.basket_id
    # Only a merge saves the quantity alone; it deletes the other basket with its own item right after it.
    if update_fields == {"quantity"}:
        _keep(_moving.raised, instance.ref, instance)
        transaction.on_commit(_moving.raised.clear, using=using)
    _touched(instance.basket_id, using)


@quietly
def item_deleted(instance: Any, using: str, origin: Any = None, **kwargs: Any) -> None:
    twin = _moving.raised.get(instance.ref)
    if twin is not None and twin.basket_id != instance.basket_id:
        _keep(_moving.destinations, instance.basket_id, twin.basket)
    # With its basket an item goes without anybody's doing.
    if isinstance(instance, origin.model if hasattr(origin, "model") else type(origin)):
        _touched(instance.basket_id, using)


@quietly
def basket_loaded(instance: Any, **kwargs: Any) -> None:
    vars(instance)["_shopchat_email"] = _email_of(instance)
    _moving.baskets[id(instance)] = instance
    _met(instance)


@quietly
def basket_saved(instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
    _met(instance)
    email, before = _email_of(instance), vars(instance).get("_shopchat_email")
    vars(instance)["_shopchat_email"] = email
    if email and email != before and not raw and instance.user_id is None:
        ref = basket_ref(instance)
        _tell_later(using, lambda events: events.contact_seen(ref, email))


@quietly
def basket_deleted(instance: Any, using: str, **kwargs: Any) -> None:
    if winner := _moving.destinations.pop(instance.pk, None):
        old, new = basket_ref(instance), basket_ref(winner)
        _tell_later(using, lambda events: events.basket_merged(old, new))


@quietly
def order_loaded(instance: Any, **kwargs: Any) -> None:
    known = vars(instance)
    known["_shopchat_status"], known["_shopchat_mark"] = known.get("status"), (known.get("_extra") or {}).get(MARK)


@quietly
def order_marked(instance: Any, raw: bool, **kwargs: Any) -> None:
    """Whatever else claims to be a mark is none: customers may write into the ``extra`` of their basket."""
    if raw:
        return
    known = vars(instance)
    if instance._state.adding:  # noqa: SLF001 Django documents it
        known["_shopchat_status"], known["_shopchat_mark"] = None, None
    before = known.get("_shopchat_status")
    if before in (None, NEW) and instance.status != before and (basket := _basket_of(instance)):
        known["_shopchat_mark"] = mark_of(basket, timezone.now())
    mark = {MARK: known["_shopchat_mark"]} if known.get("_shopchat_mark") else {}
    instance.extra = {**_without_mark(instance.extra), **mark}
    instance._extra = {**_without_mark(instance._extra), **mark}  # noqa: SLF001 Salesman's column


@quietly
def order_saved(instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
    before, now = vars(instance).get("_shopchat_status"), instance.status
    vars(instance)["_shopchat_status"] = now
    if raw or now == before or before not in (None, NEW):
        return
    ref, at = marked(instance.extra), timezone.now()
    if now == NEW:
        if ref:
            _tell_later(using, lambda events: events.payment_started(ref, at=at))
    elif before == NEW and (now == FAILED or any(now in shop.cancelled for _events, shop in listeners)):
        if ref:
            _tell_later(using, lambda events: events.payment_failed(ref, at=at))
    else:
        _placed(instance, ref)


def request_over(**kwargs: Any) -> None:
    _moving.clear()


def _placed(order: Any, ref: BasketRef | None) -> None:
    for events, shop in listeners:
        placed = Placed(
            number=str(order.ref),
            placed_at=order.date_created,
            basket=ref,
            person=_orderer(order),
            total=money(order.total, shop),
        )
        with swallowing("Store salesman, order_placed"), transaction.atomic():
            events.order_placed(placed)


def _orderer(order: Any) -> Person:
    is_loaded = order._meta.get_field("user").is_cached(order)
    account = person_of(order.user) if is_loaded else Person(str(order.user_id or ""))
    return Person(account.user_id, account.email or order.email)


def _basket_of(order: Any) -> Any:
    """The one whose ``extra`` the order has taken over; else the only one that this request has to do with."""
    for basket in list(_moving.baskets.values()):
        if vars(basket).get("extra") is order.extra is not None:
            return basket
    asking = asking_now()
    # One that was merged has lost its key.
    near = [basket for basket in asking.baskets.values() if basket.pk] if asking else []
    return near[0] if len(near) == 1 else None


def _met(basket: Any) -> None:
    if asking := asking_now():
        asking.meet(basket)


def _without_mark(extra: Any) -> dict[str, Any]:
    return {name: value for name, value in (extra or {}).items() if name != MARK}


def _email_of(basket: Any) -> str:
    extra = vars(basket).get("extra")
    return str(extra.get("email") or "") if isinstance(extra, dict) else ""


def _touched(pk: Any, using: str) -> None:
    asking = asking_now()
    where = surroundings_of(asking.request) if asking else Surroundings(language=get_language() or "")
    tell_after_commit(pk, where, using=using, tell=_tell_touch)


def _tell_touch(pk: Any, touch: Touch) -> None:
    with swallowing("Store salesman, basket_touched"):
        row = get_salesman_model("Basket").objects.select_related("user").filter(pk=pk).first()
        if row is None:  # merged or ordered meanwhile
            return
        is_staff = touch.where.is_staff or bool(getattr(row.user, "is_staff", False))
        ref, person = basket_ref(row), person_of(row.user)
        for events, shop in listeners:
            where = replace(touch.where, is_staff=is_staff, currency=shop.currency)
            _tell_one(partial(_touch, ref, touch, person, where), events)


def _touch(ref: BasketRef, touch: Touch, person: Person, where: Surroundings, events: StoreEvents) -> None:
    events.basket_touched(ref, at=touch.at, person=person, where=where)


def _tell(news: Tell) -> None:
    for events, _shop in listeners:
        _tell_one(news, events)


def _tell_one(news: Tell, events: StoreEvents) -> None:
    with swallowing("Store salesman, news"):
        news(events)


def _tell_later(using: str, news: Tell) -> None:
    transaction.on_commit(partial(_tell, news), using=using)


def _keep(places: dict[Any, Any], key: Any, value: Any) -> None:
    if len(places) >= MANY:
        places.clear()
    places[key] = value
