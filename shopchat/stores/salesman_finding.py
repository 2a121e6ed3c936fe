"""The questions that Salesman's database is asked, with all that ``salesman_rows`` looks at."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.core.exceptions import ValidationError
from django.db.models import CharField, F, Prefetch, Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from salesman.core.utils import get_salesman_model

from shopchat.stores.base import BasketRef, ProductRef
from shopchat.stores.salesman_products import Products, product_models
from shopchat.stores.salesman_rows import KEY, MARK, Taken, basket_ref, marked, parts_of, taken_by

CLOCKS = timedelta(hours=1)  # by so much those of servers may differ


def newest(claims: Q) -> BasketRef | None:
    if not claims:
        return None
    # Baskets of the account come first, only then that of the session.
    rows = get_salesman_model("Basket").objects.filter(claims).only("date_created")
    found = rows.order_by(F("user_id").desc(nulls_last=True), "-date_created", "-pk").first()
    return basket_ref(found) if found else None


def baskets(refs: Iterable[BasketRef], products: Products) -> Mapping[BasketRef, Any]:
    model = get_salesman_model("Basket")
    pks = {pk_of(model, parts[0]) for ref in refs if (parts := parts_of(ref))} - {None}
    fetched = GenericPrefetch("product", [products.rows(one) for one in product_models()])
    items = get_salesman_model("BasketItem").objects.prefetch_related(fetched)
    rows = model.objects.filter(pk__in=pks).select_related("user").prefetch_related(Prefetch("items", items))
    return {basket_ref(row): row for row in rows}


def pk_of(model: Any, text: str | None) -> Any:
    """``text`` as a primary key of ``model``; ``None`` if it cannot be one."""
    try:
        return model._meta.pk.clean(text, None) if text else None
    except ValidationError:
        return None


def taken(refs: Iterable[BasketRef]) -> Mapping[BasketRef, Taken]:
    """What orders were made from these baskets; of several the latest."""
    rows = made_from(refs).order_by("date_created", "pk").values_list("_extra", "status")
    return {ref: took for extra, status in rows if (ref := marked(extra)) and (took := taken_by(extra, status))}


def made_from(refs: Iterable[BasketRef]) -> Any:
    """Orders that bear the mark of these baskets. None is older than its basket, which spares reading the old ones."""
    parts = [found for ref in refs if (found := parts_of(ref))]
    if not parts:
        return get_salesman_model("Order").objects.none()
    earliest = min(created for _pk, created in parts) - CLOCKS
    return marked_orders(earliest).filter(shopchat_basket__in={pk for pk, _created in parts})


def marked_orders(since: datetime) -> Any:
    """With the row of their basket, as text, under ``shopchat_basket``."""
    rows = get_salesman_model("Order").objects.filter(date_created__gte=since)
    # As text in every database, where a part of JSON would be compared with JSON.
    basket = Cast(KeyTextTransform("basket", KeyTransform(MARK, "_extra")), CharField(max_length=64))
    return rows.annotate(shopchat_basket=basket)


def orders() -> Any:
    """Placed ones, with all that an order's view looks at."""
    return with_lines(get_salesman_model("Order").objects.all())


def with_lines(rows: Any) -> Any:
    return rows.exclude(status="NEW").select_related("user").prefetch_related("items")


def products(refs: Iterable[ProductRef], shop_products: Products) -> Mapping[ProductRef, Any]:
    """Those that exist, on sale or not. One query for each kind of product."""
    asked = set(refs)
    found: dict[ProductRef, Any] = {}
    for model in product_models():
        prefix = f"{KEY}:{model._meta.label}:"
        pks = {ref: pk_of(model, ref.removeprefix(prefix)) for ref in asked if ref.startswith(prefix)}
        wanted = set(pks.values()) - {None}
        rows = shop_products.rows(model).in_bulk(wanted) if wanted else {}
        found |= {ref: rows[pk] for ref, pk in pks.items() if pk in rows}
    return found


def search(words: Sequence[str], limit: int, shop_products: Products) -> Sequence[Any]:
    """Of each kind of product the best, in the order of ``SALESMAN_PRODUCT_TYPES``."""
    found: list[Any] = []
    for model in product_models():
        found += shop_products.search(model, words)[:limit]
    return found[:limit]
