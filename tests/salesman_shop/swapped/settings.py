SECRET_KEY = "only for tests"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "salesman.core",
    "salesman.basket",
    "salesman.checkout",
    "salesman.orders",
    "tests.salesman_shop.swapped",
]
ROOT_URLCONF = "tests.stores.no_urls"
MIDDLEWARE = ["shopchat.stores.salesman_requests.remember_request"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = False
SALESMAN_PRODUCT_TYPES = {"swapped.Mug": "tests.salesman_shop.swapped.serializers.MugSerializer"}
SALESMAN_BASKET_MODEL = "swapped.Trolley"
SALESMAN_BASKET_ITEM_MODEL = "swapped.TrolleyItem"
SALESMAN_ORDER_MODEL = "swapped.Purchase"
SALESMAN_ORDER_ITEM_MODEL = "swapped.PurchaseItem"
SALESMAN_ORDER_PAYMENT_MODEL = "swapped.PurchasePayment"
SALESMAN_ORDER_NOTE_MODEL = "swapped.PurchaseNote"
