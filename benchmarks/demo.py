"""The demo store as a page of a real shop: a copy of its loaded data, and the server that serves it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processes import Server, gunicorn
from example_site.prebuilt import prebuilt_database

TAG = re.compile(r'<script type="module" async src="/chat/launcher/.*?</noscript>', re.DOTALL)


@contextmanager
def folder() -> Iterator[dict[str, str]]:
    """The environment of a process that uses a fresh copy of the demo's data. The first time builds it, in minutes."""
    with TemporaryDirectory() as name:
        copied = prebuilt_database(Path(name) / "demo")
        yield {
            "SHOPCHAT_DEMO_DIR": str(copied),
            "SHOPCHAT_TEST_PAGES": "1",
            "DJANGO_SETTINGS_MODULE": "example_site.settings",
        }


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[Server]:
    """The store under gunicorn."""
    with gunicorn("example_site.wsgi", environment, threads=8) as server:
        yield server


def chromium() -> str:
    """Where Chromium is; empty where there is none."""
    named = (os.environ.get("SHOPCHAT_CHROMIUM"), "chromium", "chromium-browser")
    return next((path for name in named if name and (path := shutil.which(name))), "")
