from decimal import Decimal

from django.db import models


class Thing(models.Model):
    name = models.CharField(max_length=100)
    code = models.CharField(max_length=100, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("19.90"))
    in_stock = models.PositiveIntegerField(default=5)
    is_public = models.BooleanField(default=True)

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return f"/things/{self.pk}/"

    def get_price(self, request):
        """Members pay less."""
        return self.price * Decimal("0.5") if request.user.is_superuser else self.price


class Course(models.Model):
    """Another kind of product, with a title as pages have it."""

    title = models.CharField(max_length=100)
    live = models.BooleanField(default=True)

    code = "course"

    def __str__(self):
        return self.title

    @property
    def name(self):
        return self.title

    def get_price(self, request):
        return Decimal("90.00")
