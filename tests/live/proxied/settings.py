"""The suite's project as a shop would run it behind one nginx, with times that a test can wait for.

``SHOPCHAT_PROXIED`` (JSON) says where things are.
"""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403 a project on the suite's own

_GIVEN = json.loads(os.environ["SHOPCHAT_PROXIED"])

DATABASES = {"default": {**_GIVEN["database"], "ATOMIC_REQUESTS": True}}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(Path(_GIVEN["folder"]) / "cache"),
    }
}
SHOPCHAT = {
    "STREAM": {"ENABLED": True, "HEARTBEAT": 1, "PER_ADDRESS": 3},
    "TRUSTED_PROXIES": 1,
    **({"BUS": _GIVEN["bus"]} if _GIVEN["bus"] else {}),
}
