"""Oscar's rows turned into plain data. Asks the database nothing: ``oscar`` has fetched what is looked at here.

Oscar does not note when a basket was touched: its last activity is that of its newest line, and a line that was
deleted leaves no trace.
"""

import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from oscar.core.thumbnails import get_thumbnailer

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
from shopchat.stores.reading import savepoint

logger = logging.getLogger(__name__)

KEY = "oscar"
PUNCTUATION = str.maketrans("", "", "-T:.")
STATES = {
    "Open": State.OPEN,
    "Frozen": State.IN_PAYMENT,
    "Saved": State.SAVED,
    "Submitted": State.ORDERED,
    "Merged": State.MERGED,
}


class Thumbnails:
    """Pictures of products that fit into ``size`` ("160x160"), made by the shop's own thumbnailer."""

    def __init__(self, size: str) -> None:
        self.size = size

    def url_for(self, product: Any) -> str | None:
        """Its first picture, else that of its parent. ``None`` if there is none or it cannot be drawn."""
        pictures = list(product.images.all())
        if not pictures and product.parent_id:
            pictures = list(product.parent.images.all())
        if not pictures:
            return None
        try:
            with savepoint():
                thumbnail = get_thumbnailer().generate_thumbnail(pictures[0].original, size=self.size)
                # sorl gives an address even for what it could not draw, but then it knows no size.
                return str(thumbnail.url) if getattr(thumbnail, "size", True) is not None else None
        except Exception as error:  # lost and broken files, full disks, tables that were never made
            logger.warning("No thumbnail for a product: %s", type(error).__name__)
            return None


def basket_ref(row: Any) -> BasketRef:
    return ref_of(row.pk, row.date_created)


def ref_of(pk: Any, created: datetime) -> BasketRef:
    """The moment belongs to it: SQLite gives the id of a basket that was rolled back to the next one."""
    moment = created.astimezone(UTC).replace(tzinfo=None) if created.tzinfo else created
    # Of thousands at once: ``strftime`` takes several times as long.
    return BasketRef(f"{KEY}:{pk}:{moment.isoformat(timespec='microseconds').translate(PUNCTUATION)}")


def basket_view(row: Any, thumbnails: Thumbnails | None) -> BasketView:
    """``row`` must have its strategy."""
    rows = list(row.lines.all())
    lines = tuple(_line_view(line, thumbnails) for line in rows)
    return BasketView(
        ref=basket_ref(row),
        # A status of a shop's own is none of those that mean something to us; SAVED promises least.
        state=STATES.get(row.status, State.SAVED),
        last_activity=max((line.date_updated for line in rows), default=row.date_created),
        person=person_of(row.owner),
        lines=lines,
        total=total(line.unit_price and line.unit_price * line.quantity for line in lines),
        vouchers=tuple(voucher.code for voucher in row.vouchers.all()),
        # That page shows the basket in the customer's hands, and one in payment is not.
        url=None if row.status == "Frozen" else _path("basket:summary"),
    )


def order_view(row: Any, cancelled: Collection[str]) -> OrderView:
    """``cancelled``: the words for orders that came to nothing."""
    by_voucher = [discount for discount in row.discounts.all() if discount.voucher_code]
    account = person_of(row.user)
    lines = tuple(OrderLineView(title=line.title, quantity=line.quantity) for line in row.lines.all())
    return OrderView(
        number=row.number,
        placed_at=row.date_placed,
        status=row.status,
        person=Person(account.user_id, account.email or row.guest_email),
        total=Money(row.total_incl_tax, row.currency),
        lines=lines,
        basket=basket_ref(row.basket) if row.basket else None,
        url=_path("dashboard:order-detail", number=row.number),
        # The page of a guest's order opens to whoever holds its address, so that is not handed about.
        customer_url=_path("customer:order", order_number=row.number) if row.user else None,
        is_cancelled=row.status in cancelled,
        vouchers=tuple(dict.fromkeys(discount.voucher_code for discount in by_voucher)),
        discount=total(Money(discount.amount, row.currency) for discount in by_voucher),
    )


def placed_by(who: Person, row: Any) -> bool:
    """Whether this order was placed by that account or that address."""
    return who.is_same_as(person_of(row.user)) or who.is_same_as(Person(email=row.guest_email))


def product_card(row: Any, strategy: Any, thumbnails: Thumbnails | None) -> ProductCard:
    fetch = strategy.fetch_for_parent if row.is_parent else strategy.fetch_for_product
    info = fetch(row)
    return ProductCard(
        ref=product_ref(row),
        title=row.get_title(),
        url=_url_of(row) or "",
        image_url=thumbnails.url_for(row) if thumbnails else None,
        price=price_of(info),
        in_stock=bool(info.availability.is_available_to_buy),
    )


def _line_view(line: Any, thumbnails: Thumbnails | None) -> LineView:
    product, info = line.product, line.purchase_info
    price, before = price_of(info), _price_when_added(line)
    purchasable, note = _verdict(product, info, line.quantity, before)
    return LineView(
        key=str(line.pk),
        product=product_ref(product),
        title=_title(product, line.attributes.all()),
        quantity=line.quantity,
        url=_url_of(product) if is_on_sale(product) else None,
        image_url=thumbnails.url_for(product) if thumbnails else None,
        unit_price=price,
        unit_price_when_added=before,
        purchasable=purchasable,
        note=note,
        options={value.option.code: json.dumps(value.value) for value in line.attributes.all()},
    )


def line_now(line: SnapshotLine, product: Any, strategy: Any, thumbnails: Thumbnails | None, key: str) -> LineView:
    """``product`` ``None``: it was deleted."""
    view = LineView(
        key=key,
        product=line.product,
        title=line.title,
        quantity=line.quantity,
        unit_price_when_added=line.unit_price,
        purchasable=False,
        note=_("No longer on sale."),
        options=line.options,
    )
    if product is None:
        return view
    info = strategy.fetch_for_product(product)
    purchasable, note = _verdict(product, info, line.quantity, line.unit_price)
    return replace(
        view,
        url=_url_of(product) if is_on_sale(product) else None,
        image_url=thumbnails.url_for(product) if thumbnails else None,
        unit_price=price_of(info),
        purchasable=purchasable,
        note=note,
    )


def _verdict(product: Any, info: Any, quantity: int, before: Money | None) -> tuple[bool, str]:
    if not is_on_sale(product):
        return False, _("No longer on sale.")
    permitted, reason = info.availability.is_purchase_permitted(quantity)
    price = price_of(info)
    if permitted and price and before and price != before:
        return True, _("The price was %(price)s when it was added.") % {"price": format_money(before)}
    return bool(permitted), str(reason or "")


def is_on_sale(product: Any) -> bool:
    """Oscar would still sell an unpublished product; its page is gone, though."""
    return bool(product.is_public and (product.parent is None or product.parent.is_public))


def _title(product: Any, options: Iterable[Any]) -> str:
    details = [str(value.value_as_text) for value in product.shopchat_variant]
    for option in options:
        value = option.value
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        details.append(f"{option.option.name}: {text}")
    title = str(product.get_title())
    return f"{title} ({', '.join(details)})" if details else title


def price_of(info: Any) -> Money | None:
    """Of the strategy's answer: with tax where it knows the tax."""
    price = info.price
    amount = price.incl_tax if price.is_tax_known else price.excl_tax
    return None if amount is None else Money(Decimal(amount), price.currency)


def _price_when_added(line: Any) -> Money | None:
    amount = line.price_excl_tax if line.price_incl_tax is None else line.price_incl_tax
    return None if amount is None else Money(amount, line.price_currency)


def person_of(user: Any) -> Person:
    if user is None:
        return Person()
    return Person(str(user.pk), getattr(user, user.get_email_field_name(), None))


def product_ref(product: Any) -> ProductRef:
    return ProductRef(f"{KEY}:{product.pk}")


def _url_of(product: Any) -> str | None:
    try:
        return str(product.get_absolute_url())
    except NoReverseMatch:  # a shop whose catalogue is drawn by somebody else
        return None


def _path(name: str, **kwargs: str) -> str | None:
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return None
