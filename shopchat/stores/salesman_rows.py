"""Salesman's rows turned into plain data. Asks the database nothing: ``salesman_finding`` has fetched what is looked at.

Salesman keeps one kind of basket: one that exists. What has become of it is read from the order, which carries a *mark* in
its ``extra``: the basket that it was made from and when.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.core.money import Money, format_money, total
from shopchat.stores.base import (
    BasketRef,
    BasketView,
    LineView,
    OrderLineView,
    OrderView,
    Person,
    ProductCard,
    ProductRef,
    State,
)
from shopchat.stores.lines import SnapshotLine
from shopchat.stores.salesman_products import Products, product_models

KEY = "salesman"
MARK = "shopchat"  # in an order's ``extra``
NEW = "NEW"  # an order without lines yet: its payment has begun
MOMENT = "%Y%m%d%H%M%S%f"


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the options say."""

    currency: str
    products: Products
    basket_url: str = "/"
    order_url: str = ""  # with ``{number}`` in it
    cancelled: Collection[str] = ()


@dataclass(frozen=True)
class Taken:
    """A basket that an order was made from: ``status`` is the order's, ``at`` the moment."""

    status: str
    at: datetime


def basket_ref(row: Any) -> BasketRef:
    return ref_of(row.pk, row.date_created)


def ref_of(pk: Any, created: datetime) -> BasketRef:
    """The moment belongs to it: SQLite gives the id of a basket that was rolled back to the next one."""
    return BasketRef(f"{KEY}:{pk}:{_utc(created):{MOMENT}}")


def parts_of(ref: str) -> tuple[str, datetime] | None:
    """The key of a basket's row, and when that was made; ``None`` for what is no ref of ours."""
    key, _sep, rest = ref.partition(":")
    pk, _sep, created = rest.rpartition(":")
    try:
        moment = datetime.strptime(created, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (pk, moment if settings.USE_TZ else timezone.make_naive(moment, UTC)) if key == KEY and pk else None


def mark_of(basket: Any, at: datetime) -> dict[str, str]:
    """What an order notes about the basket that it is made from."""
    return {"basket": str(basket.pk), "ref": basket_ref(basket), "at": at.isoformat()}


def marked(extra: Any) -> BasketRef | None:
    """The basket that this ``extra`` of an order names."""
    mark = extra.get(MARK) if isinstance(extra, Mapping) else None
    return BasketRef(str(mark["ref"])) if isinstance(mark, Mapping) and mark.get("ref") else None


def taken_by(extra: Any, status: str) -> Taken | None:
    at = parse_datetime(str(extra[MARK].get("at"))) if marked(extra) else None
    return Taken(status, at) if at else None


def basket_view(row: Any, shop: Shop, request: HttpRequest, taken: Taken | None, *, images: bool) -> BasketView:
    items = list(row.items.all())
    lines = tuple(_line_view(item, shop, request, images=images) for item in items)
    return BasketView(
        ref=basket_ref(row),
        state=state_of(items, taken),
        last_activity=max((item.date_updated for item in items), default=row.date_created),
        person=person_of(row.user),
        lines=lines,
        total=total(line.unit_price and line.unit_price * line.quantity for line in lines),
        url=shop.basket_url,
    )


def state_of(items: Iterable[Any], taken: Taken | None) -> State:
    """A basket that was changed after an order was made from it is somebody's basket again."""
    if taken is None or any(item.date_updated > taken.at for item in items):
        return State.OPEN
    return State.IN_PAYMENT if taken.status == NEW else State.ORDERED


def order_view(row: Any, shop: Shop) -> OrderView:
    account = person_of(row.user)
    is_theirs = bool(shop.order_url and row.user)
    return OrderView(
        number=row.ref,
        placed_at=row.date_created,
        status=row.status,
        person=Person(account.user_id, account.email or row.email),
        total=money(row.total, shop),
        lines=tuple(OrderLineView(title=item.name, quantity=item.quantity) for item in row.items.all()),
        basket=marked(row.extra),
        url=_admin_url(row),
        customer_url=shop.order_url.replace("{number}", row.ref) if is_theirs else None,
        is_cancelled=row.status in shop.cancelled,
    )


def placed_by(who: Person, row: Any) -> bool:
    """Whether this order was placed by that account or that address."""
    return who.is_same_as(person_of(row.user)) or who.is_same_as(Person(email=row.email))


def product_card(row: Any, shop: Shop, request: HttpRequest, *, images: bool) -> ProductCard:
    stock = shop.products.stock(row)
    return ProductCard(
        ref=product_ref(row),
        title=str(row.name),
        url=shop.products.url(row) or "",
        image_url=shop.products.image_url(row) if images else None,
        price=price_of(row, shop, request),
        in_stock=stock is None or stock > 0,
    )


def line_now(line: SnapshotLine, product: Any, shop: Shop, request: HttpRequest, key: str, *, images: bool) -> LineView:
    """``product`` ``None``: it is gone."""
    view = _product_line(product, line.quantity, line.unit_price, shop, request, images=images)
    return LineView(
        key=key,
        product=line.product,
        title=line.title,
        unit_price_when_added=line.unit_price,
        options=line.options,
        **view,
    )


def _line_view(item: Any, shop: Shop, request: HttpRequest, *, images: bool) -> LineView:
    product = item.product
    view = _product_line(product, item.quantity, None, shop, request, images=images)
    return LineView(
        key=str(item.pk),
        product=product_ref(product) if product else _lost_ref(item),
        title=item.ref if product is None else item.name,
        options=options_of(item),
        **view,
    )


def _product_line(
    product: Any, quantity: int, before: Money | None, shop: Shop, request: HttpRequest, *, images: bool
) -> dict[str, Any]:
    """The fields of a line that depend on what the product is now."""
    if product is None or not is_on_sale(product, shop):
        note = _("No longer on sale.")
        price = price_of(product, shop, request) if product else None
        return {"quantity": quantity, "unit_price": price, "purchasable": False, "note": note}
    purchasable, note = _verdict(shop.products.stock(product), quantity)
    price = price_of(product, shop, request)
    if purchasable and price and before and price != before:
        note = _("The price was %(price)s when it was added.") % {"price": format_money(before)}
    return {
        "quantity": quantity,
        "url": shop.products.url(product),
        "image_url": shop.products.image_url(product) if images else None,
        "unit_price": price,
        "purchasable": purchasable,
        "note": note,
    }


def _verdict(stock: int | None, quantity: int) -> tuple[bool, str]:
    if stock is None or stock >= quantity:
        return True, ""
    if stock < 1:
        return False, _("Out of stock.")
    return False, ngettext("Only %(count)s left.", "Only %(count)s left.", stock) % {"count": stock}


def is_on_sale(product: Any, shop: Shop) -> bool:
    """What was taken out of ``SALESMAN_PRODUCT_TYPES`` is sold no more."""
    return type(product) in product_models() and shop.products.is_on_sale(product)


def options_of(item: Any) -> dict[str, str]:
    """Salesman tells lines of one product apart by their reference."""
    return {"ref": item.ref, **({"extra": json.dumps(item.extra)} if item.extra else {})}


def price_of(product: Any, shop: Shop, request: HttpRequest) -> Money | None:
    """Before modifiers of the basket, which cost what a page of the shop costs."""
    return money(product.get_price(request), shop)


def money(amount: Any, shop: Shop) -> Money | None:
    return None if amount is None or not shop.currency else Money(Decimal(amount), shop.currency)


def person_of(user: Any) -> Person:
    if user is None:
        return Person()
    return Person(str(user.pk), getattr(user, user.get_email_field_name(), None))


def product_ref(product: Any) -> ProductRef:
    return ProductRef(f"{KEY}:{product._meta.label}:{product.pk}")


def _lost_ref(item: Any) -> ProductRef:
    kind = ContentType.objects.get_for_id(item.product_content_type_id)  # kept by Django for the whole process
    return ProductRef(f"{KEY}:{kind.app_label}.{kind.model}:{item.product_id}")


def _admin_url(row: Any) -> str | None:
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:  # Salesman's admin is an app of its own
        return None


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment
