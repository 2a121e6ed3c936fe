"""Making Oscar's rows as its own pages would, in few words."""

from decimal import Decimal
from itertools import count
from types import SimpleNamespace

from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.signing import Signer
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from oscar.apps.checkout.calculators import OrderTotalCalculator
from oscar.apps.shipping.methods import Free
from oscar.core.loading import get_class, get_model

from shopchat.stores.base import State

_numbers = count(1)
STATUSES = {
    State.OPEN: "Open",
    State.IN_PAYMENT: "Frozen",
    State.SAVED: "Saved",
    State.ORDERED: "Submitted",
    State.MERGED: "Merged",
}


def make_product(title, *, stock=5, public=True, price="19.90", currency="EUR", parent=None, **fields):
    product_class = None
    if parent is None:
        product_class, _ = get_model("catalogue", "ProductClass").objects.get_or_create(name="Things")
    product = get_model("catalogue", "Product").objects.create(
        title=title,
        is_public=public,
        parent=parent,
        product_class=product_class,
        structure="child" if parent else fields.pop("structure", "standalone"),
        **fields,
    )
    if not product.is_parent:
        partner, _ = get_model("partner", "Partner").objects.get_or_create(name="Warehouse")
        product.stockrecords.create(
            partner=partner,
            partner_sku=f"sku{next(_numbers)}",
            price=Decimal(price),
            price_currency=currency,
            num_in_stock=stock,
        )
    return product


def make_basket(*lines, owner=None, state=State.OPEN):
    basket = get_model("basket", "Basket").objects.create(owner=owner)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    for product, quantity in lines:
        record = product.stockrecords.get()
        basket.lines.create(
            line_reference=f"{product.pk}_{record.pk}",
            product=product,
            stockrecord=record,
            quantity=quantity,
            price_currency=record.price_currency,
            price_excl_tax=record.price,
            price_incl_tax=record.price,
        )
    basket.status = STATUSES[state]
    basket.save()
    return basket


def make_order(*, user=None, email="", placed_at=None, basket=None, lines=(), **fields):
    order = get_model("order", "Order").objects.create(
        number=str(100000 + next(_numbers)),
        user=user,
        guest_email=email,
        basket=basket,
        currency="EUR",
        total_incl_tax=Decimal("25.00"),
        total_excl_tax=Decimal("20.00"),
        date_placed=placed_at or timezone.now(),
        **fields,
    )
    for title, quantity in lines:
        order.lines.create(
            title=title,
            quantity=quantity,
            partner_name="Warehouse",
            partner_sku="sku",
            num_allocated=0,
            line_price_incl_tax=1,
            line_price_excl_tax=1,
            line_price_before_discounts_incl_tax=1,
            line_price_before_discounts_excl_tax=1,
        )
    return order


def cookies_for(basket, name="oscar_open_basket"):
    """As Oscar's middleware signs it."""
    return {name: Signer().sign(basket.pk)}


def submit(session, basket):
    """As the checkout does right before the payment: the session names the basket, whose cookie goes with the next page."""
    get_class("checkout.utils", "CheckoutSessionData")(SimpleNamespace(session=session)).set_submitted_basket(basket)
    session.save()


def request_of(basket=None, user=None, **headers):
    """A request as a view of the shop gets it, with its basket."""
    request = RequestFactory(headers=headers).post("/chat/")
    request.user = user or AnonymousUser()
    request.session = SessionStore()
    request._messages = FallbackStorage(request)
    request.COOKIES = cookies_for(basket) if basket else {}
    get_class("basket.middleware", "BasketMiddleware")(lambda _: HttpResponse())(request)
    return request


def place_order(basket, *, user=None, email=""):
    """As a dashboard or an API does it, with no checkout."""
    shipping, calculator = Free(), OrderTotalCalculator()
    charge = shipping.calculate(basket)
    with transaction.atomic():
        order = get_class("order.utils", "OrderCreator")().place_order(
            basket,
            calculator.calculate(basket, charge),
            shipping,
            charge,
            user=user or AnonymousUser(),
            **({"guest_email": email} if email else {}),
        )
        basket.submit()
    return order


def with_strategy(basket):
    basket.strategy = get_class("partner.strategy", "Selector")().strategy(user=basket.owner)
    return basket
