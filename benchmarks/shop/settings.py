"""What ``SHOPCHAT_BENCHMARK_*`` names: a database, a cache, a folder for files. Tables are made without migrations."""

import json
import os
import tempfile
from typing import Any

FOLDER = os.environ.get("SHOPCHAT_BENCHMARK_DIR") or tempfile.gettempdir()
REDIS = os.environ.get("SHOPCHAT_BENCHMARK_REDIS", "")
CACHE = os.environ.get("SHOPCHAT_BENCHMARK_CACHE", "redis" if REDIS else "files")

SECRET_KEY = "only for measuring, as long as a real one would be"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "benchmarks.shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
MEDIA_ROOT = f"{FOLDER}/media"
WAGTAIL_SITE_NAME = "Shop"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1"
WAGTAIL_ENABLE_UPDATE_CHECK = False

INSTALLED_APPS = [
    "benchmarks.shop",
    "shopchat_widget",
    "shopchat",
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
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]


class _NoMigrations:
    """Every app's tables are made from its models, in seconds."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


MIGRATION_MODULES = _NoMigrations()

# What `startproject` writes: the stack that a real shop's request passes at least.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": json.loads(os.environ.get("SHOPCHAT_BENCHMARK_DATABASE", "null"))
    or {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER}/shop.sqlite3"}
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # As the installation guide recommends: writers wait for each other instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "ATOMIC_REQUESTS": True}

CACHES = {
    "default": {
        "redis": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS},
        "files": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": f"{FOLDER}/cache"},
        "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    }[CACHE]
}

EMAIL_BACKEND = os.environ.get("SHOPCHAT_BENCHMARK_MAIL", "django.core.mail.backends.dummy.EmailBackend")
Q_CLUSTER: dict[str, Any] = json.loads(os.environ.get("SHOPCHAT_BENCHMARK_QUEUE", "null")) or {
    "name": "benchmarks",
    "orm": "default",
    "workers": 1,
    "timeout": 60,
    "retry": 120,
    "max_attempts": 3,
    "catch_up": False,
}

# A load client writes faster than anybody.
NO_LIMIT = "1000000000/minute"
SHOPCHAT: dict[str, Any] = {
    "RATE_LIMITS": dict.fromkeys(("visitor_messages", "conversation_starts", "operator_messages"), NO_LIMIT),
    **({"LIVE": {"BACKEND": "shopchat.live.redis_stamps.RedisStamps", "OPTIONS": {"URL": REDIS}}} if REDIS else {}),
    **(json.loads(os.environ.get("SHOPCHAT_BENCHMARK_SHOPCHAT", "null")) or {}),
}
