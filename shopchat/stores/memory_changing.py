"""What customers of a shop in memory do: put lines into their basket, and use vouchers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string

from shopchat.core.money import Money
from shopchat.stores.abilities import ChangesLines, IssuesVouchers, Restores
from shopchat.stores.base import BasketRef, BasketView, LineView, Person, ProductRef, State, user_id_of
from shopchat.stores.lines import (
    LineResult,
    Refusal,
    Restoration,
    RestoreMode,
    SnapshotLine,
    Voucher,
    VoucherPolicy,
    VoucherState,
)
from shopchat.stores.memory_filling import NOWHERE, Filling
from shopchat.stores.memory_shelf import COOKIE_NAME, Issued, signer

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another


class Changing(Filling, Restores, ChangesLines, IssuesVouchers):
    """The abilities that write."""

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        raise NotImplementedError

    def lines_now(
        self, lines: Sequence[SnapshotLine], *, request: HttpRequest | None = None, images: bool = False
    ) -> Sequence[LineView]:
        return [self._line_now(line, images=images) for line in lines]

    def restore(self, request: HttpRequest, lines: Sequence[SnapshotLine], *, mode: RestoreMode) -> Restoration:
        ref = self._basket_for(request)
        if mode is RestoreMode.REPLACE and lines:
            self._shelf.put(self._shelf.baskets[ref], ())
        results = tuple(self._fill(ref, line, line.quantity) for line in lines)
        if any(result.present for result in results):
            self._moved(ref)
        return Restoration(basket=ref, lines=results, url="/basket/")

    def put_in_basket(
        self, request: HttpRequest, product: ProductRef, *, quantity: int = 1, options: Mapping[str, str] | None = None
    ) -> LineResult:
        ref = self._basket_for(request)
        card = self._shelf.product(product)
        wish = SnapshotLine(
            product=product, title=card.title if card else "", quantity=quantity, options=dict(options or {})
        )
        held = _held(self._shelf.baskets[ref], wish)
        result = self._fill(ref, wish, (held.quantity if held else 0) + quantity)
        self._moved(ref)
        return result

    def set_quantity(self, request: HttpRequest, line: str, quantity: int) -> LineResult:
        ref = self.current_basket(request)
        view = self._shelf.baskets[ref] if ref else None
        held = next((one for one in view.lines if one.key == line), None) if view else None
        if not ref or not view or not held:
            return LineResult(title="", wanted=quantity, present=0, refusal=Refusal.GONE)
        if quantity > 0:
            wish = SnapshotLine(product=held.product, title=held.title, quantity=quantity, options=held.options)
            if quantity < held.quantity:
                self._shelf.put(view, _with(view, replace(held, quantity=quantity)))
            result = self._fill(ref, wish, quantity)
        else:
            self._shelf.put(view, tuple(one for one in view.lines if one.key != line))
            result = LineResult(title=held.title, wanted=0, present=0)
        self._moved(ref)
        return result

    def issue_voucher(self, policy: VoucherPolicy, person: Person) -> Voucher:
        code = get_random_string(10, LETTERS)
        self._shelf.vouchers[code] = Issued(policy, person)
        return Voucher(code, policy.expires_at, for_account=person.user_id is not None)

    def voucher_states(self, codes: Sequence[str]) -> Mapping[str, VoucherState]:
        return {code: self._voucher_state(code) for code in codes}

    def withdraw_vouchers(self, codes: Sequence[str]) -> int:
        unused = [code for code in codes if code in self._shelf.vouchers and not self._shelf.vouchers[code].is_used]
        for code in unused:
            del self._shelf.vouchers[code]
            for view in list(self._shelf.baskets.values()):
                if view.state is not State.ORDERED:
                    kept = tuple(one for one in view.vouchers if one != code)
                    self._shelf.baskets[view.ref] = replace(view, vouchers=kept)
        return len(unused)

    def apply_voucher(self, request: HttpRequest, code: str) -> bool:
        ref = self.current_basket(request)
        if not ref or self._voucher_state(code) is not VoucherState.USABLE:
            return False
        view, issued = self._shelf.baskets[ref], self._shelf.vouchers[code]
        if issued.person.user_id and issued.person.user_id != user_id_of(request):
            return False
        if not view.total or not _is_enough(view.total, issued.policy.minimum):
            return False
        self._shelf.baskets[ref] = replace(view, vouchers=tuple(dict.fromkeys((*view.vouchers, code))))
        return True

    def _basket_for(self, request: HttpRequest) -> BasketRef:
        ref = self.current_basket(request)
        if ref is None:
            user_id = user_id_of(request)
            ref = self.add_basket(user_id=user_id)
            if not user_id:
                request.COOKIES[COOKIE_NAME] = signer().sign(ref)  # whoever answers has to hand it out
        return ref

    def _line_now(self, line: SnapshotLine, *, images: bool) -> LineView:
        card = self._shelf.product(line.product)
        available = self._available(line.product)
        fits = card is not None and (available is None or available >= line.quantity)
        return LineView(
            key=str(line.product),
            product=line.product,
            title=card.title if card else line.title,
            quantity=line.quantity,
            url=card.url if card else None,
            image_url=card.image_url if card and images else None,
            unit_price=card.price if card else None,
            unit_price_when_added=line.unit_price,
            purchasable=fits,
            note="" if fits else "out of stock" if card else "no longer on sale",
            options=line.options,
        )

    def _available(self, product: ProductRef) -> int | None:
        """How many can be bought; ``None``: any number."""
        card = self._shelf.product(product)
        if card is None or not card.in_stock:
            return 0
        return self._shelf.stock.get(product)

    def _fill(self, ref: BasketRef, wish: SnapshotLine, wanted: int) -> LineResult:
        """Raise the line's quantity to ``wanted``, or to what there is; never lower it."""
        view, card = self._shelf.baskets[ref], self._shelf.product(wish.product)
        held = _held(view, wish)
        before = held.quantity if held else 0
        result = LineResult(title=wish.title, wanted=wanted, present=before, price_then=wish.unit_price)
        if card is None:
            return replace(result, refusal=Refusal.GONE)
        result = replace(result, title=card.title, price_now=card.price)
        currencies = {line.unit_price.currency for line in view.lines if line.unit_price}
        if card.price and currencies - {card.price.currency}:
            return replace(result, refusal=Refusal.CURRENCY)
        available = self._available(wish.product)
        present = max(before, wanted if available is None else min(wanted, available))
        if present > before:
            line = replace(held, quantity=present) if held else self.line(card, present, options=wish.options)
            self._shelf.put(view, _with(view, line))
        return replace(result, present=present, refusal=Refusal.OUT_OF_STOCK if present < wanted else Refusal.NONE)

    def _moved(self, ref: BasketRef) -> None:
        self._shelf.baskets[ref] = replace(self._shelf.baskets[ref], last_activity=timezone.now())
        self._touched(ref, replace(NOWHERE, by_hand=True))

    def _voucher_state(self, code: str) -> VoucherState:
        issued = self._shelf.vouchers.get(code)
        if issued is None:
            return VoucherState.GONE
        if issued.is_used:
            return VoucherState.USED
        return VoucherState.USABLE if issued.policy.expires_at > timezone.now() else VoucherState.EXPIRED


def _held(view: BasketView, wish: SnapshotLine) -> LineView | None:
    same = (line for line in view.lines if line.product == wish.product and dict(line.options) == dict(wish.options))
    return next(same, None)


def _with(view: BasketView, line: LineView) -> tuple[LineView, ...]:
    if any(one.key == line.key for one in view.lines):
        return tuple(line if one.key == line.key else one for one in view.lines)
    return (*view.lines, line)


def _is_enough(amount: Money, minimum: Money | None) -> bool:
    return minimum is None or (amount.currency == minimum.currency and amount.amount >= minimum.amount)
