"""What the shop's settings name."""

from itertools import count

from django.core.exceptions import ValidationError
from salesman.checkout.payment import PaymentMethod
from salesman.core.utils import get_salesman_model

from shopchat.stores.salesman_products import Products
from tests.salesman_shop.models import Thing

AT_ONCE = 50
_numbers = count(1)


def next_ref(request):
    """Salesman's own looks at the date of the last order, which tests move about."""
    return f"S{next(_numbers):06d}"


def validate_item(attrs, context):
    if attrs["quantity"] > AT_ONCE:
        raise ValidationError(f"No more than {AT_ONCE} at once.")
    return attrs


class Things(Products):
    def on_sale(self, rows):
        return rows.filter(is_public=True) if rows.model is Thing else super().on_sale(rows)

    def is_on_sale(self, product):
        return getattr(product, "is_public", super().is_on_sale(product))

    def stock(self, product):
        return getattr(product, "in_stock", None)

    def image_url(self, product):
        return f"/media/{product.pk}.webp"


class Invoice(PaymentMethod):
    """Goes out at once; the basket is deleted."""

    identifier, label = "invoice", "Invoice"

    def basket_payment(self, basket, request):
        order = get_salesman_model("Order").objects.create_from_basket(basket, request, status="HOLD")
        basket.delete()
        return f"/thanks/?token={order.token}"


class Card(PaymentMethod):
    """Another site takes the money, and calls back when it has it. The basket lives until then."""

    identifier, label = "card", "Card"

    def basket_payment(self, basket, request):
        order = get_salesman_model("Order").objects.create_from_request(request, user=basket.user)
        return f"https://pay.example.test/{order.pk}/{basket.pk}/"


def card_paid(order_pk, basket_pk, request):
    """What Card's site calls, in a request of its own."""
    order = get_salesman_model("Order").objects.get(pk=order_pk)
    basket = get_salesman_model("Basket").objects.get(pk=basket_pk)
    order.populate_from_basket(basket, request)
    order.pay(amount=order.total, transaction_id="1", payment_method="card")
    order.status = "PROCESSING"
    order.save()
    basket.delete()
    return order
