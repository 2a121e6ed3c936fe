"""A migrated database in no time.

All migrations of Wagtail, Oscar and ours take a minute. They run once, for real; the file
that they leave is kept in `.cache/tests/`, named by a hash of everything that could make it
differ. Each process copies it. The same copy replaces the flush after a transactional test,
because a flush also empties what migrations had written: Wagtail's root page, site and
collection, our group of operators.
"""

import fcntl
import hashlib
import shutil
import sqlite3
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase

from example_site.prebuilt import migrated_store

_OWN_MIGRATIONS = ("shopchat/migrations", "example_site")
_KEPT_FILES = 6


class Baseline:
    """The state of the test database after `migrate`."""

    def __init__(self) -> None:
        self._lock = None
        self._rows = ""

    @staticmethod
    def forget() -> None:
        """Make the next process migrate from zero."""
        _template().unlink(missing_ok=True)

    def prepare(self) -> None:
        """Before the test database is made: place a copy, if somebody has made one."""
        if not _is_sqlite():
            return
        self._lock = _cache_dir().joinpath("lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # one process migrates, the others wait
        used = Path(settings.DATABASES["default"]["TEST"]["NAME"])
        if _template().exists():
            shutil.copyfile(_template(), used)
            self._unlock()
        elif settings.WITH_OSCAR:
            # The demo has the same store without us; its migrations take a minute, and run once for both.
            used.unlink(missing_ok=True)
            migrated_store(used)

    def remember(self) -> None:
        """After the test database was made: keep it for later and for other processes."""
        if not _is_sqlite():
            self._rows = connection.creation.serialize_db_to_string()
        elif self._lock:
            self._save()
            self._unlock()
        TransactionTestCase._fixture_teardown = lambda _case: self.restore()

    def restore(self) -> None:
        """What was there after `migrate`, and nothing else."""
        if not _is_sqlite():
            # Numbers go on: rows come back with theirs, and a new one must not get the same.
            call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True, reset_sequences=False)
            connection.creation.deserialize_db_from_string(self._rows)
            return
        connections.close_all()
        with (
            sqlite3.connect(_template()) as template,
            sqlite3.connect(connection.settings_dict["NAME"], timeout=20) as used,
        ):
            template.backup(used)
        template.close()
        used.close()

    def _save(self) -> None:
        unfinished = _template().with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(unfinished)])
        unfinished.rename(_template())
        files = sorted(_cache_dir().glob("*.sqlite3"), key=lambda file: file.stat().st_mtime)
        for stale in files[:-_KEPT_FILES]:
            stale.unlink(missing_ok=True)

    def _unlock(self) -> None:
        self._lock.close()
        self._lock = None


def _is_sqlite() -> bool:
    return settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")


def _cache_dir() -> Path:
    settings.CACHE_DIR.mkdir(parents=True, exist_ok=True)
    return settings.CACHE_DIR


def _template() -> Path:
    return _cache_dir() / f"{_key()}.sqlite3"


def _key() -> str:
    """Installed packages, installed apps, languages and our own migrations."""
    parts = sorted(f"{dist.name}=={dist.version}" for dist in metadata.distributions())
    parts += settings.INSTALLED_APPS
    parts.append(repr(settings.LANGUAGES))
    for root in _OWN_MIGRATIONS:
        files = sorted((settings.BASE_DIR / root).rglob("*.py"))
        parts += [f.read_text() for f in files if f.parent.name == "migrations"]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
