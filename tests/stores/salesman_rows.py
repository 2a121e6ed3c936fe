"""Making Salesman's rows as its own API would, in few words."""

from decimal import Decimal

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from salesman.core.utils import get_salesman_model

from shopchat.stores.base import State
from shopchat.stores.salesman import SESSION_KEY
from shopchat.stores.salesman_requests import asking
from tests.salesman_shop.models import Thing
from tests.salesman_shop.rules import next_ref

OPTIONS = {
    "CURRENCY": "EUR",
    "PRODUCTS": "tests.salesman_shop.rules.Things",
    "BASKET_URL": "/basket/",
    "ORDER_URL": "/orders/{number}/",
}
Basket, Item, Order, OrderItem = map(get_salesman_model, ("Basket", "BasketItem", "Order", "OrderItem"))


def make_product(title, *, stock=5, public=True, price="19.90"):
    return Thing.objects.create(name=title, in_stock=stock, is_public=public, price=Decimal(price))


def make_basket(*lines, user=None, state=State.OPEN):
    basket = Basket.objects.create(user=user)
    for product, quantity in lines:
        basket.add(product, quantity)
    if state is State.IN_PAYMENT:
        begin_payment(basket)
    elif state is State.ORDERED:
        place_order(basket)
    elif state is not State.OPEN:
        raise ValueError("Salesman has no such baskets.")
    return Basket.objects.get(pk=basket.pk)


def begin_payment(basket):
    """As a way to pay does whose money is taken elsewhere."""
    request = request_of(basket)
    with asking(request):
        held = Basket.objects.get(pk=basket.pk)
        return Order.objects.create_from_request(request, user=held.user)


def place_order(basket, **order):
    return Order.objects.create_from_basket(basket, request_of(basket), **{"status": "HOLD", **order})


def make_order(*, user=None, email="", placed_at=None, basket=None, lines=()):
    order = Order(user=user, email=email, status="HOLD", total=Decimal("25.00"), ref=next_ref(None))
    if basket:
        order.extra = basket.extra  # as Salesman does
    order.save()
    for title, quantity in lines:
        data = {"name": title, "code": ""}
        OrderItem.objects.create(
            order=order, product_type="", product_data=data, unit_price=1, subtotal=1, total=1, quantity=quantity
        )
    if placed_at:
        Order.objects.filter(pk=order.pk).update(date_created=placed_at)
    return order


def session_of(basket):
    session = SessionStore()
    session[SESSION_KEY] = basket.pk
    session.create()
    return session


def request_of(basket=None, user=None):
    """A request as a view of the shop gets it."""
    request = RequestFactory().post("/api/")
    request.user = user or (basket and basket.user) or AnonymousUser()
    request.session = session_of(basket) if basket and not basket.user_id else SessionStore()
    return request


def account(email="olena@example.test", **fields):
    return get_user_model().objects.create_user(email, email, **fields)
