"""Vouchers of Oscar's own kind, one for each code: usable in one order, and gone without a trace when nobody used them.

One that is made for an account is good for that account alone: see :mod:`shopchat.stores.oscar_owners`. A guest has nothing
that would be the same in the next browser, so whoever knows the code of a guest's may use it, once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string
from oscar.apps.basket.signals import voucher_addition
from oscar.core.loading import get_class, get_model

from shopchat.stores.base import Person
from shopchat.stores.lines import Voucher, VoucherPolicy, VoucherState
from shopchat.stores.oscar_owners import LETTERS, condition_from, new_code

LENGTH = 10
EVERYTHING = "Everything (chat)"  # the range of all our offers
SMALLEST = Decimal("0.01")
# A payment that began before a voucher ended is over by then. Some baskets stay in payment for ever.
PAYMENT = timedelta(days=1)


def issue(policy: VoucherPolicy, person: Person) -> Voucher:
    code = new_code(person.user_id) if person.user_id else get_random_string(LENGTH, LETTERS)
    name = f"{policy.name} {code}".strip()[-128:]  # unique, and customers see it in their basket
    with transaction.atomic():
        everything = _everything()
        benefit = get_model("offer", "Benefit").objects.create(
            type="Percentage", value=policy.percent, range=everything
        )
        amount = policy.minimum.amount if policy.minimum else SMALLEST
        condition = (
            condition_from(amount, everything)
            if person.user_id
            else get_model("offer", "Condition").objects.create(type="Value", value=amount, range=everything)
        )
        offer = get_model("offer", "ConditionalOffer").objects.create(
            name=name, offer_type="Voucher", benefit=benefit, condition=condition, max_basket_applications=1
        )
        row = get_model("voucher", "Voucher").objects.create(
            name=name,
            code=code,
            usage="Single use",
            start_datetime=timezone.now(),
            end_datetime=policy.expires_at,
        )
        row.offers.add(offer)
    return Voucher(row.code, policy.expires_at, for_account=bool(person.user_id))


def states(codes: Sequence[str], now: datetime) -> Mapping[str, VoucherState]:
    open_offers = get_model("offer", "ConditionalOffer").objects.filter(vouchers=OuterRef("pk"), status="Open")
    rows = {row.code: row for row in _vouchers(codes).annotate(shopchat_open=Exists(open_offers))}
    return {code: _state(rows.get(code.upper()), now) for code in codes}


def withdraw(codes: Sequence[str], now: datetime) -> int:
    """Not yet those of a basket in payment: its total stands, until they have been over for a day."""
    in_payment = get_model("basket", "Basket").objects.filter(vouchers=OuterRef("pk"), status="Frozen")
    free = Q(end_datetime__lte=now - PAYMENT) | ~Exists(in_payment)
    with transaction.atomic():
        # Placing an order locks them, too.
        locked = list(_vouchers(codes).filter(free).select_for_update())
        unused = [row for row in _vouchers([row.code for row in locked]) if not row.shopchat_used]
        for row in unused:
            _remove(row)
    return len(unused)


def apply(request: HttpRequest, code: str) -> bool:
    """With offers worked out anew first: Oscar would refuse a voucher whose products an offer has consumed before."""
    basket, user = request.basket, request.user  # type: ignore[attr-defined]
    row = _vouchers([code]).first() if basket.pk else None
    if row is None or not row.is_active() or not row.is_available_to_user(user)[0]:
        return False
    if basket.contains_voucher(row.code):
        return True
    basket.vouchers.add(row)
    voucher_addition.send(sender=apply, basket=basket, voucher=row)
    if _discounts(basket, user, request, row):
        return True
    basket.vouchers.remove(row)
    _discounts(basket, user, request, row)
    return False


def _everything() -> Any:
    row, _ = get_model("offer", "Range").objects.get_or_create(
        name=EVERYTHING, defaults={"includes_all_products": True}
    )
    return row


def _vouchers(codes: Sequence[str]) -> Any:
    uses = get_model("voucher", "VoucherApplication").objects.filter(voucher=OuterRef("pk"))
    vouchers = get_model("voucher", "Voucher").objects.filter(code__in=[code.upper() for code in codes])
    return vouchers.annotate(shopchat_used=Exists(uses))


def _state(row: Any, now: datetime) -> VoucherState:
    if row is None:
        return VoucherState.GONE
    if row.shopchat_used:
        return VoucherState.USED
    if row.end_datetime <= now:
        return VoucherState.EXPIRED
    # Staff may have suspended its offer.
    return VoucherState.USABLE if row.shopchat_open else VoucherState.GONE


def _remove(row: Any) -> None:
    """With its offer, benefit and condition, where they are its own."""
    for offer in row.offers.filter(name=row.name):
        benefit, condition = offer.benefit, offer.condition
        offer.delete()
        benefit.delete()
        if not condition.proxy_class:  # that of accounts is everybody's
            condition.delete()
    row.delete()


def _discounts(basket: Any, user: Any, request: HttpRequest, row: Any) -> bool:
    basket.reset_offer_applications()
    get_class("offer.applicator", "Applicator")().apply(basket, user, request)
    return any(found["voucher"] == row and found["discount"] > 0 for found in basket.offer_applications)
