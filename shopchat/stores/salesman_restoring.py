"""Lines put into the customer's own basket of Salesman, as its API would: with the shop's own validators.

Lines are copied. An account has one basket in Salesman, also while it pays for it, and what is paid in the end is what the
basket holds then: one in payment is not changed from here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework import exceptions
from salesman.conf import app_settings
from salesman.core.utils import get_salesman_model

from shopchat.stores.base import ProductRef, State
from shopchat.stores.lines import LineResult, Refusal, Restoration, RestoreMode, SnapshotLine
from shopchat.stores.salesman_finding import products, taken
from shopchat.stores.salesman_rows import NEW, Shop, basket_ref, is_on_sale, price_of, state_of


def restore(request: HttpRequest, lines: Sequence[SnapshotLine], mode: RestoreMode, shop: Shop) -> Restoration:
    with transaction.atomic():
        trolley = _trolley(request, shop)
        if mode is RestoreMode.REPLACE and lines and not trolley.is_paid_for:
            trolley.row.clear()
            trolley.items.clear()
        results = _fill(trolley, lines)
    return Restoration(basket=basket_ref(trolley.row), lines=tuple(results), url=shop.basket_url)


def put_in_basket(
    request: HttpRequest, product: ProductRef, quantity: int, options: Mapping[str, str] | None, shop: Shop
) -> LineResult:
    with transaction.atomic():
        wish = SnapshotLine(product=product, title="", quantity=quantity, options=dict(options or {}))
        return _fill(_trolley(request, shop), [wish], on_top=True)[0]


def set_quantity(request: HttpRequest, key: str, quantity: int, shop: Shop) -> LineResult:
    with transaction.atomic():
        trolley = _trolley(request, shop)
        item = next((one for one in trolley.items.values() if str(one.pk) == key), None)
        if item is None:
            return LineResult(title="", wanted=quantity, present=0, refusal=Refusal.GONE)
        result = LineResult(title=item.name, wanted=max(quantity, 0), present=item.quantity)
        if trolley.is_paid_for:
            return _not_now(result)
        if quantity < 1:
            item.delete()
            return replace(result, present=0)
        if item.product is None:
            return replace(result, refusal=Refusal.GONE)
        result = replace(result, price_now=price_of(item.product, shop, request))
        if quantity <= item.quantity:
            return replace(result, present=trolley.change(item, quantity))
        return trolley.raise_to(quantity, Choice(item.product, item.ref, item.extra), result)


@dataclass(frozen=True)
class Choice:
    """What exactly was chosen. Items of one basket differ in their ``ref``."""

    product: Any
    ref: str
    extra: dict[str, Any]


class Trolley:
    """The customer's basket, locked."""

    def __init__(self, row: Any, request: HttpRequest, shop: Shop, *, is_paid_for: bool) -> None:
        self.row, self.request, self.shop, self.is_paid_for = row, request, shop, is_paid_for
        self.items = {item.ref: item for item in row.get_items()}

    def raise_to(self, wanted: int, choice: Choice, result: LineResult) -> LineResult:
        """As many as are wanted, or as the stock and the shop's rules allow; never fewer than there are."""
        held = result.present
        room = self._stock_for(choice)
        stocked = wanted if room is None else max(held, min(wanted, room))
        allowed, why_not = _most(lambda quantity: self._objection(choice, quantity), held, stocked)
        if allowed > held:
            self._put(choice, allowed)
        if allowed < stocked:
            return replace(result, present=allowed, refusal=Refusal.REFUSED, note=why_not)
        return replace(result, present=allowed, refusal=Refusal.OUT_OF_STOCK if allowed < wanted else Refusal.NONE)

    def change(self, item: Any, quantity: int) -> int:
        item.quantity = quantity
        item.save(update_fields=["quantity", "date_updated"])
        return quantity

    def _put(self, choice: Choice, quantity: int) -> None:
        if item := self.items.get(choice.ref):
            self.change(item, quantity)
        else:
            extra = choice.extra or None
            self.items[choice.ref] = self.row.add(choice.product, quantity, ref=choice.ref, extra=extra)

    def _stock_for(self, choice: Choice) -> int | None:
        stock = self.shop.products.stock(choice.product)
        others = (item for item in self.items.values() if item.product == choice.product and item.ref != choice.ref)
        return None if stock is None else stock - sum(item.quantity for item in others)

    def _objection(self, choice: Choice, quantity: int) -> str | None:
        """What the shop's validator says against this quantity, asked as Salesman's API asks it."""
        item = self.items.get(choice.ref)
        context = {"request": self.request, "basket": self.row, "basket_item": item}
        attrs = {"quantity": quantity, "extra": choice.extra}
        if item is None:
            kind = choice.product._meta.label
            attrs |= {"product": choice.product, "product_type": kind, "product_id": choice.product.pk}
        try:
            if item is None:
                attrs["extra"] = app_settings.SALESMAN_EXTRA_VALIDATOR(choice.extra, context=context)
            app_settings.SALESMAN_BASKET_ITEM_VALIDATOR(attrs, context=context)
        except (ValidationError, exceptions.ValidationError) as error:
            return _words_of(error)
        return None


def _trolley(request: HttpRequest, shop: Shop) -> Trolley:
    """Nobody else changes it until the transaction ends: of two clicks at once the second adds nothing."""
    baskets = get_salesman_model("Basket").objects
    row, _is_new = baskets.get_or_create_from_request(request)
    row = baskets.select_for_update().get(pk=row.pk)
    took = taken([ref := basket_ref(row)]).get(ref)
    payable = {NEW, *app_settings.SALESMAN_ORDER_STATUS.get_payable()}
    is_open = took is None or took.status not in payable or state_of(row.get_items(), took) is State.OPEN
    return Trolley(row, request, shop, is_paid_for=not is_open and bool(row.get_items()))


def _fill(trolley: Trolley, lines: Sequence[SnapshotLine], *, on_top: bool = False) -> list[LineResult]:
    found = products([line.product for line in lines], trolley.shop.products)
    return [_raise(trolley, line, found.get(line.product), on_top=on_top) for line in lines]


def _raise(trolley: Trolley, line: SnapshotLine, product: Any, *, on_top: bool) -> LineResult:
    """To the quantity of ``line``, or by it; never less than there is."""
    gone = LineResult(
        title=line.title, wanted=line.quantity, present=0, refusal=Refusal.GONE, price_then=line.unit_price
    )
    if product is None or not is_on_sale(product, trolley.shop):
        return gone
    ref = line.options.get("ref") or get_salesman_model("BasketItem").get_product_ref(product)
    choice = Choice(product, ref, json.loads(line.options.get("extra", "{}")))
    item = trolley.items.get(ref)
    held = item.quantity if item else 0
    result = replace(
        gone,
        title=line.title or str(product.name),
        wanted=line.quantity + (held if on_top else 0),
        present=held,
        refusal=Refusal.NONE,
        price_now=price_of(product, trolley.shop, trolley.request),
    )
    if item and item.product != product:  # the shop has given its name to something else
        return replace(result, present=0, refusal=Refusal.REFUSED)
    if held >= result.wanted:
        return result
    return _not_now(result) if trolley.is_paid_for else trolley.raise_to(result.wanted, choice, result)


def _not_now(result: LineResult) -> LineResult:
    return replace(result, refusal=Refusal.REFUSED, note=_("This basket is being paid for."))


def _most(objection: Callable[[int], str | None], held: int, wanted: int) -> tuple[int, str]:
    """The largest number from ``held`` to ``wanted`` that nobody objects to, and what is said against ``wanted``."""
    why_not = objection(wanted) if wanted > held else None
    if why_not is None:
        return wanted, ""
    low, high = held, wanted
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if objection(middle) is not None else (middle, high)
    return low, why_not


def _words_of(error: Any) -> str:
    """The first thing that was said, however deep it lies."""
    said = error.messages if isinstance(error, ValidationError) else error.detail
    while isinstance(said, (list, dict)) and said:
        said = next(iter(said.values())) if isinstance(said, dict) else said[0]
    return str(said) if said else ""
