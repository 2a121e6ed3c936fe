"""What this machine can run: a browser, service databases, Redis, nginx, gettext, a shop on Salesman."""

import os
import shutil
import socket
from functools import cache
from importlib.util import find_spec

NAMES = ("browser", "services", "redis", "nginx", "gettext", "salesman")


@cache
def has(name: str) -> bool:
    """Whether the machine has what tests call `name`; KeyError for an unknown word."""
    programs = {"redis": _redis, "nginx": _nginx, "gettext": _gettext, "salesman": _salesman}
    return {"browser": _browser, "services": _services, **programs}[name]()


@cache
def chromium() -> str | None:
    """The path of Chromium: SHOPCHAT_CHROMIUM, else the first one on the PATH."""
    candidates = (os.environ.get("SHOPCHAT_CHROMIUM"), "chromium", "chromium-browser")
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


@cache
def nginx() -> str | None:
    """The path of nginx, which Debian keeps out of the PATH of ordinary users."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _browser() -> bool:
    return bool(chromium() and find_spec("playwright"))


def _services() -> bool:
    return bool(
        _redis()
        and find_spec("psycopg")
        and find_spec("MySQLdb")
        and _listens(os.environ.get("PGHOST", "127.0.0.1"), os.environ.get("PGPORT", "5432"))
        and _listens(os.environ.get("MYSQL_HOST", "127.0.0.1"), os.environ.get("MYSQL_TCP_PORT", "3306"))
    )


def _redis() -> bool:
    """The program: tests start a server of their own, because they kill it."""
    return bool(find_spec("redis") and shutil.which("redis-server"))


def _nginx() -> bool:
    return bool(nginx() and all(map(find_spec, ("granian", "gunicorn", "uvicorn"))))


def _gettext() -> bool:
    return bool(shutil.which("msgfmt") and shutil.which("xgettext"))


def _salesman() -> bool:
    """Which wants a Django below 6, so that it is installed with Python 3.11 only."""
    return bool(find_spec("salesman"))


def _listens(host: str, port: str) -> bool:
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return True
    except OSError:
        return False
