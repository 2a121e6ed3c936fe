"""The suite's project with what a shop sets for production: a shared cache, connections that are kept, a worker.

The driver says in ``SHOPCHAT_FAULTS`` (JSON) where things are.
"""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403 a project on the suite's own
from tests.settings import INSTALLED_APPS as _APPS

_ASKED = json.loads(os.environ["SHOPCHAT_FAULTS"])
_FOLDER = Path(_ASKED["folder"])

INSTALLED_APPS = [*_APPS, "tests.faults.site", "tests.faults.planted"]
SECRET_KEY = "only for faults, and long enough for the HMACs that are made with it"
DATABASES = {"default": _ASKED["database"] | {"ATOMIC_REQUESTS": True}}
ROOT_URLCONF = "tests.urls"

if _ASKED["redis"]:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": _ASKED["redis"],
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(_FOLDER / "cache"),
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(_FOLDER / "mail")
Q_CLUSTER = {
    "name": "faults",
    "orm": "default",
    "workers": 1,
    "poll": 1,
    "timeout": 10,
    "retry": 15,
    "max_attempts": 10,
    "catch_up": False,
}
SHOPCHAT = {
    "RATE_LIMITS": {
        "visitor_messages": "100000/minute",
        "conversation_starts": "100000/hour",
        "operator_messages": "100000/minute",
    },
    # Everybody comes from one address; and what only a heartbeat repairs must not take long to show.
    "STREAM": {"PER_ADDRESS": 500, "HEARTBEAT": 2, "ENABLED": _ASKED["streams"]},
}
if _ASKED["redis"]:
    SHOPCHAT["BUS"] = {"BACKEND": "shopchat.live.bus.redis.RedisBus", "OPTIONS": {"URL": _ASKED["redis"]}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
