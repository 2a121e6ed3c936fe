"""Whether a basket was bought after all, by any way: asked of the shop itself, not of what we were told."""

from collections.abc import Callable
from datetime import datetime

from shopchat.carts.basis import agreed_address
from shopchat.carts.models import BasketWatch
from shopchat.carts.people import contact_of
from shopchat.stores.base import BasketRef, OrderView, Person, Store
from shopchat.stores.reading import able

# A basket that went over to another more often than this was made by a program.
GENERATIONS = 10
Question = Callable[[tuple[BasketRef, ...], tuple[Person, ...], datetime], OrderView | None]


def order_since(watch: BasketWatch, ask: Question | None = None) -> OrderView | None:
    """The order that this basket or one that it came from became, else the last one that its person placed since it began.

    ``ask``: :func:`ask_shop`, or what remembers its answers. Raises what the shop raises: without its answer nobody may be
    reminded.
    """
    # The sweep may have found it, and begun its row, long after its last change.
    since = min(watch.created_at, watch.last_activity)
    return (ask or ask_shop)(tuple(map(BasketRef, lineage(watch))), tuple(_people_of(watch)), since)


def ask_shop(refs: tuple[BasketRef, ...], people: tuple[Person, ...], since: datetime) -> OrderView | None:
    """The order that one of these baskets became, else the last one of these people since then."""
    store = able(Store)
    if store is None:
        return None
    became = store.orders_for(refs)
    if became:
        return next(iter(became.values()))
    placed = store.recent_orders(people, since=since) if people else {}
    orders = [order for theirs in placed.values() for order in theirs if not order.is_cancelled]
    return max(orders, key=lambda order: order.placed_at, default=None)


def lineage(watch: BasketWatch) -> list[str]:
    """The references of this basket, of those whose lines went over to it, and of those into which our links put its lines."""
    refs, newest = [watch.ref], [watch.ref]
    for _generation in range(GENERATIONS):
        older = BasketWatch.objects.filter(merged_into__in=newest).exclude(ref__in=refs)
        newest = list(older.values_list("ref", flat=True))
        if not newest:
            break
        refs += newest
    restored = watch.links.exclude(restored_into="").values_list("restored_into", flat=True)
    return list(dict.fromkeys([*refs, *restored]))


def _people_of(watch: BasketWatch) -> list[Person]:
    """The account, and each address to which a reminder may go: their own, if nobody has proven it, too.

    Whoever orders under the address of somebody else brings them silence, and nothing worse.
    """
    contact = contact_of(watch)
    identity = agreed_address(contact) if contact else None
    user_id = watch.user_id_text or (str(contact.user_id) if contact and contact.user_id else "")
    addresses = {identity.value if identity else None, (contact and contact.email) or None}
    people = {Person(user_id=user_id, email=email) for email in addresses}
    return sorted(people - {Person()}, key=repr)
