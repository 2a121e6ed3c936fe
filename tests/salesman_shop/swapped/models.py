from decimal import Decimal

from django.db import models
from salesman.basket.models import BaseBasket, BaseBasketItem
from salesman.orders.models import BaseOrder, BaseOrderItem, BaseOrderNote, BaseOrderPayment


class Mug(models.Model):
    name = models.CharField(max_length=100)
    code = models.CharField(max_length=100)

    def __str__(self):
        return self.name

    def get_price(self, request):
        return Decimal("7.00")


class Trolley(BaseBasket):
    pass


class TrolleyItem(BaseBasketItem):
    pass


class Purchase(BaseOrder):
    pass


class PurchaseItem(BaseOrderItem):
    pass


class PurchasePayment(BaseOrderPayment):
    pass


class PurchaseNote(BaseOrderNote):
    pass
