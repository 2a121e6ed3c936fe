"""What Salesman leaves open about products: where they are shown, how many there are, whether they are on sale.

    class MyProducts(Products):
        def stock(self, product): return product.in_stock

Name your class in the option ``PRODUCTS`` of ``SalesmanStore``.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import Case, Q, Value, When
from django.http import HttpRequest
from django.urls import NoReverseMatch
from salesman.conf import app_settings

MAX_WORDS = 8  # of a search: each costs a condition


class Products:
    """By the habits of Django and Wagtail. ``product`` is a row of one of ``SALESMAN_PRODUCT_TYPES``.

    The methods for one product are called for each line and each card: fetch in :meth:`rows` what they look at.
    """

    search_fields: Sequence[str] = ("name", "title", "code")
    """The columns that a search looks at; a model without one of them is asked for the others."""

    def rows(self, model: Any) -> Any:
        """All products of a model, as a queryset."""
        return model._default_manager.all()

    def on_sale(self, rows: Any) -> Any:
        """Those of :meth:`rows` that a search may find."""
        return rows.filter(live=True) if _has_column(rows.model, "live") else rows

    def is_on_sale(self, product: Any) -> bool:
        return bool(getattr(product, "live", True))

    def stock(self, product: Any) -> int | None:
        """How many can be sold; ``None``: any number."""
        return None

    def url(self, product: Any) -> str | None:
        """A path on this host; ``None``: it has no page here."""
        try:
            found = (
                product.get_absolute_url() if hasattr(product, "get_absolute_url") else getattr(product, "url", None)
            )
        except NoReverseMatch:  # drawn by somebody else
            return None
        return str(found) if found else None

    def image_url(self, product: Any) -> str | None:
        return None

    def search(self, model: Any, words: Sequence[str]) -> Any:
        """Those on sale with all of these words, the best first."""
        columns = self.searched(model)
        rows = self.on_sale(self.rows(model))
        if not columns:
            return rows.none()
        for word in words:
            rows = rows.filter(_any(columns, "icontains", _spellings(word)))
        phrase = [" ".join(words)]
        rank = Case(
            When(_any(columns, "iexact", phrase), then=Value(0)),
            When(_any(columns, "istartswith", phrase), then=Value(1)),
            default=Value(2),
        )
        return rows.order_by(rank, columns[0], "pk")

    def searched(self, model: Any) -> Sequence[str]:
        """Those of :attr:`search_fields` that the model has."""
        return [name for name in self.search_fields if _has_column(model, name)]


def product_models() -> list[Any]:
    return [apps.get_model(label) for label in app_settings.SALESMAN_PRODUCT_TYPES]


def request_of(user: Any) -> HttpRequest:
    """For prices outside a customer's request: such as a page would have, with this user or nobody."""
    request = HttpRequest()
    request.method, request.user = "GET", user or AnonymousUser()
    request.session = {}  # type: ignore[assignment]
    return request


def _has_column(model: Any, name: str) -> bool:
    try:
        return bool(model._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False


def _any(columns: Iterable[str], lookup: str, texts: Iterable[str]) -> Q:
    return reduce(or_, (Q(**{f"{column}__{lookup}": text}) for column in columns for text in texts))


def _spellings(word: str) -> set[str]:
    """SQLite folds the case of ASCII letters only; "палатка" would not find "Палатка" there."""
    if connection.vendor != "sqlite" or word.isascii():
        return {word}
    return {word, word.lower(), word.upper(), word.capitalize()}
