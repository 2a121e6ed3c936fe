"""Lines put into the customer's own basket of Oscar, as its own pages would: with its strategy and its limits.

Lines are copied. The basket that they come from is never looked at, so that one in payment stays as its payment found it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from oscar.core.loading import get_model

from shopchat.stores.base import ProductRef
from shopchat.stores.lines import LineResult, Refusal, Restoration, RestoreMode, SnapshotLine
from shopchat.stores.oscar_finding import products
from shopchat.stores.oscar_rows import basket_ref, is_on_sale, price_of


def restore(request: HttpRequest, lines: Sequence[SnapshotLine], mode: RestoreMode) -> Restoration:
    with transaction.atomic():
        basket = _locked_basket(request)
        if mode is RestoreMode.REPLACE and lines and basket.pk:
            basket.flush()
            basket.reset_offer_applications()
        results = _fill(basket, lines)
    ref = basket_ref(basket) if basket.pk else None
    return Restoration(basket=ref, lines=tuple(results), url=reverse("basket:summary"))


def put_in_basket(
    request: HttpRequest, product: ProductRef, quantity: int, options: Mapping[str, str] | None
) -> LineResult:
    with transaction.atomic():
        basket = _locked_basket(request)
        wish = SnapshotLine(product=product, title="", quantity=quantity, options=dict(options or {}))
        return _fill(basket, [wish], on_top=True)[0]


def set_quantity(request: HttpRequest, key: str, quantity: int) -> LineResult:
    with transaction.atomic():
        basket = _locked_basket(request)
        line = next((one for one in basket.all_lines() if str(one.pk) == key), None) if basket.pk else None
        if line is None:
            return LineResult(title="", wanted=quantity, present=0, refusal=Refusal.GONE)
        title, before = str(line.product.get_title()), line.quantity
        result = LineResult(title=title, wanted=max(quantity, 0), present=0, price_now=price_of(line.purchase_info))
        if quantity < 1:
            line.delete()
        elif quantity <= before:
            result = replace(result, present=_changed(line, quantity))
        else:
            more, refusal, note = _room(basket, line.purchase_info, line.stockrecord, quantity - before)
            present = _changed(line, before + more) if more else before
            result = replace(result, present=present, refusal=refusal, note=note)
        basket.reset_offer_applications()
        return result


def _locked_basket(request: HttpRequest) -> Any:
    """The customer's, which nobody else changes until the transaction ends: of two clicks at once the second adds nothing."""
    basket = request.basket  # type: ignore[attr-defined]
    if basket.pk:
        get_model("basket", "Basket").objects.select_for_update().filter(pk=basket.pk).first()
        basket.reset_offer_applications()  # forgets the lines as they were before the lock
    return basket


def _fill(basket: Any, lines: Sequence[SnapshotLine], *, on_top: bool = False) -> list[LineResult]:
    found = products([line.product for line in lines], images=False)
    codes = {code for line in lines for code in line.options}
    known = {option.code: option for option in get_model("catalogue", "Option").objects.filter(code__in=codes)}
    results = []
    for line in lines:
        product = found.get(line.product)
        if product is None or not is_on_sale(product) or not known.keys() >= line.options.keys():
            result = LineResult(title=line.title, wanted=line.quantity, present=0, refusal=Refusal.GONE)
            results.append(replace(result, price_then=line.unit_price))
        else:
            options = [{"option": known[code], "value": json.loads(text)} for code, text in line.options.items()]
            results.append(_raise(basket, line, product, options, on_top=on_top))
    return results


def _raise(basket: Any, line: SnapshotLine, product: Any, options: list[dict[str, Any]], *, on_top: bool) -> LineResult:
    """To the quantity of ``line``, or by it; never less than there is."""
    info = basket.get_stock_info(product, options)
    held = _held(basket, product, options)
    wanted = line.quantity + (held if on_top else 0)
    result = LineResult(
        title=line.title or str(product.get_title()),
        wanted=wanted,
        present=held,
        price_then=line.unit_price,
        price_now=price_of(info),
    )
    if held >= wanted:
        return result
    if not info.price.exists or info.stockrecord is None:
        return replace(result, refusal=Refusal.OUT_OF_STOCK)
    if basket.pk and basket.currency and basket.currency != info.price.currency:
        return replace(result, refusal=Refusal.CURRENCY)
    more, refusal, note = _room(basket, info, info.stockrecord, wanted - held)
    if not more:
        return replace(result, refusal=refusal, note=note)
    try:
        with transaction.atomic():
            basket.add_product(product, more, options)
    except (ValueError, PermissionDenied):  # by rules of the shop's own
        return replace(result, refusal=Refusal.REFUSED)
    return replace(result, present=held + more, refusal=refusal, note=note)


def _held(basket: Any, product: Any, options: list[dict[str, Any]]) -> int:
    """How many the basket holds of this very choice."""
    if not basket.pk:
        return 0
    choice = {option["option"].pk: option["value"] for option in options}
    return sum(
        line.quantity
        for line in basket.all_lines()
        if line.product_id == product.pk and {one.option_id: one.value for one in line.attributes.all()} == choice
    )


def _room(basket: Any, info: Any, record: Any, wanted: int) -> tuple[int, Refusal, str]:
    """How many more the stock and the basket allow, and what stops the rest."""
    others = [line.quantity for line in basket.all_lines() if line.stockrecord_id == record.pk] if basket.pk else []

    def in_stock(more: int) -> tuple[bool, Any]:
        permitted, reason = info.availability.is_purchase_permitted(sum(others) + more)
        return bool(permitted), reason

    stock, why_stock = _most(in_stock, wanted)
    limit, why_limit = _most(basket.is_quantity_allowed, stock)
    if limit < stock:
        return limit, Refusal.LIMIT, str(why_limit or "")
    return stock, Refusal.OUT_OF_STOCK if stock < wanted else Refusal.NONE, str(why_stock or "")


def _most(allows: Callable[[int], tuple[bool, Any]], wanted: int) -> tuple[int, Any]:
    """The largest number up to ``wanted`` that is allowed, and the reason against ``wanted``."""
    allowed, reason = allows(wanted)
    if allowed or wanted < 1:
        return max(wanted, 0), ""
    low, high = 0, wanted
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if allows(middle)[0] else (low, middle)
    return low, reason


def _changed(line: Any, quantity: int) -> int:
    line.quantity = quantity
    line.save()
    return quantity
