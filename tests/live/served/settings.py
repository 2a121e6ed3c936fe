"""The suite's settings for a process beside it."""

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, SHOPCHAT

DATABASES["default"]["NAME"] = os.environ["SHOPCHAT_SERVED_DATABASE"]
SESSION_ENGINE = os.environ.get("SHOPCHAT_SERVED_SESSIONS", "django.contrib.sessions.backends.db")
ROOT_URLCONF = "tests.live.served.urls"

if stream := os.environ.get("SHOPCHAT_SERVED_STREAM"):
    SHOPCHAT = {**SHOPCHAT, "STREAM": json.loads(stream)}
