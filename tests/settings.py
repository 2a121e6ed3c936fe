"""One Django + Wagtail + Oscar project for the whole suite.

SQLite by default; `SHOPCHAT_TEST_DB=postgres` or `mariadb` moves it to the services on
loopback. `SHOPCHAT_TEST_OSCAR=0` leaves the store out, as on a site without one, and Salesman with it, which
`SHOPCHAT_TEST_SALESMAN=1` brings back.
"""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
CACHE_DIR = BASE_DIR / ".cache" / "tests"
SCRATCH = Path(tempfile.mkdtemp(prefix="shopchat-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

_OSCAR = os.environ.get("SHOPCHAT_TEST_OSCAR", "1")
WITH_OSCAR = _OSCAR != "0" and bool(find_spec("oscar"))
WITH_SALESMAN = os.environ.get("SHOPCHAT_TEST_SALESMAN", _OSCAR) != "0" and bool(find_spec("salesman"))

SECRET_KEY = "only for tests, long enough for the HMACs that are made with it"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "[::1]"]
SITE_ID = 1
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

OURS = [app for app in ("shopchat_widget", "shopchat") if find_spec(app)]

INSTALLED_APPS = [
    *OURS,
    "wagtail.contrib.settings",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_htmx",
    "django_q",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

CONTEXT_PROCESSORS = [
    "django.template.context_processors.debug",
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

if WITH_OSCAR:
    from oscar.defaults import *  # noqa: F403 the way Oscar is configured

    INSTALLED_APPS += [
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
        "django.contrib.flatpages",
        "widget_tweaks",
        "haystack",
        "treebeard",
        "django_tables2",
        "sorl.thumbnail",
    ]
    MIDDLEWARE += ["oscar.apps.basket.middleware.BasketMiddleware"]
    CONTEXT_PROCESSORS += [
        "oscar.apps.search.context_processors.search_form",
        "oscar.apps.checkout.context_processors.checkout",
        "oscar.apps.communication.notifications.context_processors.notifications",
        "oscar.core.context_processors.metadata",
    ]
    AUTHENTICATION_BACKENDS = [
        "oscar.apps.customer.auth_backends.EmailBackend",
        *AUTHENTICATION_BACKENDS,
    ]
    HAYSTACK_CONNECTIONS = {
        "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"},
    }
    OSCAR_ALLOW_ANON_CHECKOUT = True
    # Oscar removes the file at once, also when the transaction is rolled back after it.
    OSCAR_DELETE_IMAGE_FILES = False

if WITH_SALESMAN:
    # Beside Oscar, whose tables are others. Only its own tests name it as the store.
    INSTALLED_APPS += [
        "salesman.core",
        "salesman.basket",
        "salesman.checkout",
        "salesman.orders",
        "tests.salesman_shop",
    ]
    SALESMAN_PRODUCT_TYPES = {
        "salesman_shop.Thing": "tests.salesman_shop.serializers.ThingSerializer",
        "salesman_shop.Course": "tests.salesman_shop.serializers.CourseSerializer",
    }
    # Its defaults. Django looks for these settings itself when it compares migrations with models.
    SALESMAN_BASKET_MODEL = "salesmanbasket.Basket"
    SALESMAN_BASKET_ITEM_MODEL = "salesmanbasket.BasketItem"
    SALESMAN_ORDER_MODEL = "salesmanorders.Order"
    SALESMAN_PAYMENT_METHODS = ["tests.salesman_shop.rules.Invoice", "tests.salesman_shop.rules.Card"]
    SALESMAN_ORDER_REFERENCE_GENERATOR = "tests.salesman_shop.rules.next_ref"
    SALESMAN_BASKET_ITEM_VALIDATOR = "tests.salesman_shop.rules.validate_item"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "tests" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
    },
]

# Oscar recommends ATOMIC_REQUESTS; it is the harder case for us.
DATABASES = {
    "sqlite": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(SCRATCH / "unused.sqlite3"),
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
        # A file, because threads of a live server and of races cannot share one in memory.
        "TEST": {"NAME": str(SCRATCH / "test.sqlite3")},
    },
    "postgres": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("SHOPCHAT_TEST_DB_NAME", "shopchat"),
        "USER": os.environ.get("PGUSER", "root"),
        "PASSWORD": os.environ.get("PGPASSWORD", ""),
        "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        "PORT": os.environ.get("PGPORT", "5432"),
        "ATOMIC_REQUESTS": True,
    },
    "mariadb": {
        "ENGINE": "django.db.backends.mysql",
        "NAME": os.environ.get("SHOPCHAT_TEST_DB_NAME", "shopchat"),
        "USER": os.environ.get("MYSQL_USER", "root"),
        "PASSWORD": os.environ.get("MYSQL_PWD", ""),
        "HOST": os.environ.get("MYSQL_HOST", "127.0.0.1"),
        "PORT": os.environ.get("MYSQL_TCP_PORT", "3306"),
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"charset": "utf8mb4"},
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_general_ci"},
    },
}
DATABASES = {"default": DATABASES[os.environ.get("SHOPCHAT_TEST_DB", "sqlite")]}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "tests",
    },
    # Shared by processes.
    "files": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(SCRATCH / "cache"),
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("uk", "Українська")]
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Kyiv"

STATIC_URL = "/static/"
STATIC_ROOT = str(SCRATCH / "static")
MEDIA_URL = "/media/"
MEDIA_ROOT = str(SCRATCH / "media")

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

WAGTAIL_SITE_NAME = "Shop"
WAGTAILADMIN_BASE_URL = "http://testserver"

# From Django 6.1 on mail without this is announced to end; before, nobody reads it.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
WAGTAIL_ENABLE_UPDATE_CHECK = False

Q_CLUSTER = {"name": "tests", "orm": "default", "timeout": 60, "retry": 120, "max_attempts": 3, "catch_up": False}

SHOPCHAT = {}
if WITH_OSCAR:
    SHOPCHAT["STORE"] = {"BACKEND": "shopchat.stores.oscar.OscarStore"}
