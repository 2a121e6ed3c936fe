"""What can be wrong with a site on which SalesmanStore is named."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from salesman.conf import app_settings
from salesman.core.utils import get_salesman_model

from shopchat.stores.salesman_products import product_models
from shopchat.stores.salesman_rows import Shop

APPS = ("salesman.core", "salesman.basket", "salesman.checkout", "salesman.orders")
MODELS = ("Basket", "BasketItem", "Order", "OrderItem")
MIDDLEWARE = "shopchat.stores.salesman_requests.remember_request"


def problems(shop: Shop) -> list[checks.CheckMessage]:
    """Those that keep the adapter from working come alone."""
    return [*_apps(), *_currency(shop)] or [*_middleware(), *_products(shop), *_cancelled(shop), *_basket_url(shop)]


def _apps() -> list[checks.CheckMessage]:
    missing = [name for name in APPS if not apps.is_installed(name)]
    if missing:
        return [
            checks.Error(
                f"SalesmanStore needs apps of Salesman that are not installed: {', '.join(missing)}.",
                hint='Add them to INSTALLED_APPS, or name another store in SHOPCHAT["STORE"].',
                id="shopchat.E104",
            )
        ]
    try:
        for name in MODELS:
            get_salesman_model(name)
        product_models()
    except (LookupError, ValueError, ImproperlyConfigured) as error:
        return [
            checks.Error(
                f"Salesman itself is not set up: {error}",
                hint="Correct the SALESMAN_… setting that the message is about.",
                id="shopchat.E104",
            )
        ]
    return []


def _currency(shop: Shop) -> list[checks.CheckMessage]:
    if len(shop.currency) == 3 and shop.currency.isascii() and shop.currency.isalpha():
        return []
    return [
        checks.Error(
            "SalesmanStore does not know in which currency the shop's prices are; Salesman's tables do not say.",
            hint='Set "CURRENCY" in the OPTIONS of SHOPCHAT["STORE"] to an ISO 4217 code, for example "EUR".',
            id="shopchat.E105",
        )
    ]


def _middleware() -> list[checks.CheckMessage]:
    if MIDDLEWARE in settings.MIDDLEWARE:
        return []
    return [
        checks.Warning(
            "Nobody tells SalesmanStore which request changes a basket, so that those of customers without an account "
            "are not followed when they are left.",
            hint=f"Add {MIDDLEWARE!r} to MIDDLEWARE after AuthenticationMiddleware.",
            id="shopchat.W104",
        )
    ]


def _products(shop: Shop) -> list[checks.CheckMessage]:
    mute = [_label(model) for model in product_models() if not shop.products.searched(model)]
    if not mute:
        return []
    return [
        checks.Warning(
            f"Operators will not find products of these kinds by words: {', '.join(mute)}.",
            hint="They have none of the columns of search_fields. Name your columns in a subclass of "
            'shopchat.stores.salesman_products.Products, and that in the option "PRODUCTS".',
            id="shopchat.W105",
        )
    ]


def _cancelled(shop: Shop) -> list[checks.CheckMessage]:
    known = set(app_settings.SALESMAN_ORDER_STATUS.values)
    if not isinstance(shop.cancelled, str) and known.intersection(shop.cancelled):
        return []
    return [
        checks.Warning(
            "No order of this shop will count as cancelled: CANCELLED of SalesmanStore names no status of orders.",
            hint=f"Name one or more of: {', '.join(sorted(known))}, as a tuple.",
            id="shopchat.W106",
        )
    ]


def _basket_url(shop: Shop) -> list[checks.CheckMessage]:
    if shop.basket_url.startswith("/") and not shop.basket_url.startswith("//"):
        return []
    return [
        checks.Warning(
            "BASKET_URL of SalesmanStore is no path of this site, so that links to a basket lead nowhere.",
            hint='Write it as "/basket/".',
            id="shopchat.W107",
        )
    ]


def _label(model: Any) -> str:
    return str(model._meta.label)
