"""What can be wrong with a site on which OscarStore is named."""

from collections.abc import Collection

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string
from oscar.core.thumbnails import get_thumbnailer

APPS = ("basket", "catalogue", "checkout", "offer", "order", "partner", "voucher")
MIDDLEWARE = "oscar.apps.basket.middleware.BasketMiddleware"


def problems(cancelled: Collection[str]) -> list[checks.CheckMessage]:
    missing = [label for label in APPS if label not in apps.app_configs]
    if missing:
        return [
            checks.Error(
                f"OscarStore needs apps of Oscar that are not installed: {', '.join(missing)}.",
                hint='Add them to INSTALLED_APPS, or name another store in SHOPCHAT["STORE"].',
                id="shopchat.E101",
            )
        ]
    return [*_thumbnailer(), *_middleware(), *_cancelled(cancelled)]


def _thumbnailer() -> list[checks.CheckMessage]:
    try:
        get_thumbnailer()
    except Exception as error:  # whatever a thumbnailer of the shop's own raises
        return [
            checks.Warning(
                f"Operators will see no pictures of products: {error}",
                hint="Install sorl.thumbnail, or set OSCAR_THUMBNAILER to what the shop uses.",
                id="shopchat.W101",
            )
        ]
    return []


def _middleware() -> list[checks.CheckMessage]:
    if any(_makes_baskets(path) for path in settings.MIDDLEWARE):
        return []
    return [
        checks.Warning(
            "No middleware gives requests their basket, so that links cannot restore one.",
            hint=f"Add {MIDDLEWARE!r}, or your subclass of it, to MIDDLEWARE after AuthenticationMiddleware.",
            id="shopchat.W102",
        )
    ]


def _makes_baskets(path: str) -> bool:
    try:
        middleware = import_string(path)
    except ImportError:  # Django says so itself
        return False
    return isinstance(middleware, type) and issubclass(middleware, import_string(MIDDLEWARE))


def _cancelled(words: Collection[str]) -> list[checks.CheckMessage]:
    pipeline = getattr(settings, "OSCAR_ORDER_STATUS_PIPELINE", {})
    known = {*pipeline, *(status for following in pipeline.values() for status in following)}
    if not isinstance(words, str) and (not known or known.intersection(words)):
        return []
    return [
        checks.Warning(
            "No order of this shop will count as cancelled: CANCELLED of OscarStore names no status of its pipeline.",
            hint=f"Name one or more of: {', '.join(sorted(known)) or 'your statuses'}, as a tuple.",
            id="shopchat.W103",
        )
    ]
