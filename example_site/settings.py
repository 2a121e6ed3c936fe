"""Settings of the demo store. For a demo on this machine only: passwords are known, hosts are loopback."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _
from oscar.defaults import *  # noqa: F403  (the way Oscar's documentation asks for)

from example_site import paths

BASE_DIR = Path(__file__).resolve().parent
DEMO_DIR = paths.demo_dir()
paths.prepare(DEMO_DIR)

PORT = paths.port(DEMO_DIR)
# The store alone: its migrations take a minute and hardly ever change, so `prebuilt` keeps their result.
WITHOUT_CHAT = os.environ.get("SHOPCHAT_DEMO_WITHOUT_CHAT") == "1"
TEST_PAGES = os.environ.get("SHOPCHAT_TEST_PAGES") == "1"


def _secret_key(path: Path) -> str:
    """One key per demo folder, kept between runs; several processes may start at once."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(secrets.token_urlsafe(50))
        draft.chmod(0o600)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


SECRET_KEY = _secret_key(DEMO_DIR / "secret-key")
DEBUG = os.environ.get("SHOPCHAT_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
SITE_ID = 1

INSTALLED_APPS = [
    # First, so that our templates win over Oscar's.
    "example_site.demo",
    "example_site.pages",
    "shopchat",
    "shopchat_widget",
    "wagtail.users",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.embeds",
    "wagtail.search",
    "wagtail.contrib.settings",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",
    "django_htmx",
    "django_q",
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks",
    "haystack",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
]

if WITHOUT_CHAT:
    INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith(("shopchat", "example_site"))]

if TEST_PAGES:
    INSTALLED_APPS.append("example_site.hostpages")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
]

ROOT_URLCONF = "example_site.urls"
WSGI_APPLICATION = "example_site.wsgi.application"
ASGI_APPLICATION = "example_site.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ],
        },
    }
]


def _database() -> dict[str, Any]:
    """SQLite in the demo folder, or whatever ``SHOPCHAT_DB_*`` names (for instance PostgreSQL)."""
    engine = os.environ.get("SHOPCHAT_DB_ENGINE", "sqlite3")
    if "." not in engine:
        engine = f"django.db.backends.{engine}"
    if not engine.endswith(".sqlite3"):
        names = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
        return {"ENGINE": engine} | {name: os.environ.get(f"SHOPCHAT_DB_{name}", "") for name in names}
    return {
        "ENGINE": engine,
        "NAME": os.environ.get("SHOPCHAT_DB_NAME") or DEMO_DIR / "shop.sqlite3",
        "OPTIONS": {
            # A request that reads first and writes later would otherwise fail at once with
            # "database is locked" when somebody wrote in between; this way it waits its turn.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;"
            ),
        },
    }


DATABASES = {"default": _database() | {"ATOMIC_REQUESTS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# On disk, so that all processes of the demo share it without a service.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DEMO_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, str]] = []  # the password is "demo"
LOGIN_URL = "customer:login"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("uk", "Українська")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Kyiv"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Straight from the packages: nothing to collect, and the same under every server.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_URL = "/media/"
MEDIA_ROOT = DEMO_DIR / "media"

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
# Each mail is a file; whoever counts them puts them into a folder of their own.
EMAIL_FILE_PATH = os.environ.get("SHOPCHAT_DEMO_MAIL_DIR") or DEMO_DIR / "mail"
DEFAULT_FROM_EMAIL = "Trail & Co. <shop@demo.test>"
SERVER_EMAIL = "shop@demo.test"

HAYSTACK_CONNECTIONS = {
    "default": {
        "ENGINE": "haystack.backends.whoosh_backend.WhooshEngine",
        "PATH": DEMO_DIR / "search",
    }
}

# Whoosh cannot count by price range and warns on every page when asked to.
OSCAR_SEARCH_FACETS: dict[str, dict[str, Any]] = {"fields": {}, "queries": {}}

OSCAR_SHOP_NAME = "Trail & Co."
OSCAR_SHOP_TAGLINE = _("A demo shop for the outdoors")
OSCAR_DEFAULT_CURRENCY = "EUR"
OSCAR_FROM_EMAIL = "shop@demo.test"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_HIDDEN_FEATURES: list[str] = []
OSCAR_IMAGE_FOLDER = "products/"
OSCAR_THUMBNAILER = "oscar.core.thumbnails.SorlThumbnail"
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = OSCAR_LINE_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Shipped", "Cancelled"),
    "Shipped": ("Complete",),
    "Complete": (),
    "Cancelled": (),
}

WAGTAIL_SITE_NAME = "Trail & Co."
WAGTAILADMIN_BASE_URL = f"http://127.0.0.1:{PORT}"
WAGTAIL_GRAVATAR_PROVIDER_URL = None  # no request leaves this machine
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES

# One worker on the store's own database; it looks for jobs every five seconds, which a demo does not notice.
Q_CLUSTER = {
    "name": "demo",
    "orm": "default",
    "workers": 1,
    "poll": 5,
    "timeout": 60,
    "retry": 120,
    "max_attempts": 3,
    "catch_up": False,
    "save_limit": 20,
}

SHOPCHAT: dict[str, Any] = {"STORE": {"BACKEND": "shopchat.stores.oscar.OscarStore"}}
if TEST_PAGES:
    # All customers of the browser tests share one address.
    SHOPCHAT["RATE_LIMITS"] = {
        "conversation_starts": "10000/hour",
        "callback_sources": "10000/hour",
        "callback_captcha_after": "100/hour",
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
