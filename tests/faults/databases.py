"""The databases of a run: a file, or a server of our own that may be killed at any moment.

Migrating takes longer than a whole run, so what it leaves is kept in ``.cache/faults`` and copied.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.faults.processes import ROOT, NotStarted, Process, free_port

CACHE = ROOT / ".cache" / "faults"
NAMES = ("sqlite", "postgres", "mariadb")
_DECIDING = ("shopchat/migrations", "tests/faults/site", "tests/settings.py", "tests/faults/databases.py")
_PG = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def can_run(name: str) -> bool:
    """Whether this machine has the programs of that server, the drivers for it, and those that serve the site."""
    if not all(map(find_spec, ("uvicorn", "gunicorn", "django_q"))):
        return False
    if name == "redis":
        return bool(shutil.which("redis-server") and find_spec("redis"))
    if name == "postgres":
        return bool(_PG and find_spec("psycopg"))
    return name != "mariadb" or bool(
        find_spec("MySQLdb") and shutil.which("mariadbd", path=_PATH) and shutil.which("mariadb-install-db")
    )


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


class Database(ABC):
    """``folder`` holds everything; ``server`` is its process, ``None`` where there is none."""

    name: str
    server: Process | None = None

    def __init__(self, folder: Path):
        self.folder = folder
        self.data = folder / "data"

    @abstractmethod
    def settings(self, port: int) -> dict[str, Any]:
        """What Django connects with; ``port`` is that of the server or of a proxy before it."""

    def make(self) -> None:
        """An empty database in ``data``."""
        self.data.mkdir(parents=True)

    def prepare(self) -> None:
        """Fill ``folder`` with a migrated database with operators in it, and start the server."""
        kept = CACHE / f"{self.name}-{_fingerprint()}"
        with _alone(self.name):
            if not kept.exists():
                self._build(kept)
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(kept), str(self.data)], check=True)
        self.start()

    def start(self) -> None:  # noqa: B027 a file needs none
        """Start the server, if there is one."""

    def _build(self, kept: Path) -> None:
        place = Path(tempfile.mkdtemp(prefix="shopchat-faults-"))
        draft = type(self)(place / "draft")
        draft.folder.mkdir(parents=True)
        try:
            draft.make()
            draft.start()
            draft.fill()
            if draft.server:
                draft.server.stop()
            for old in CACHE.glob(f"{self.name}-*"):
                shutil.rmtree(old, ignore_errors=True)
            half = kept.with_name(f"half-{kept.name}")
            subprocess.run(["cp", "-a", str(draft.data), str(half)], check=True)
            half.rename(kept)
        finally:
            if draft.server:
                draft.server.stop()
            shutil.rmtree(place, ignore_errors=True)

    def fill(self) -> None:
        """Migrate, and make the operators."""
        asked = {
            "folder": str(self.folder),
            "database": self.settings(self.port),
            "redis": "",
            "plant": "",
            "streams": False,
        }
        environment = site_environment(asked, self.folder)
        for command in (["django", "migrate", "--skip-checks", "-v0"], ["tests.faults.site.people"]):
            subprocess.run([sys.executable, "-m", *command], env=environment, cwd=ROOT, check=True)

    @property
    def port(self) -> int:
        return self.server.port if self.server else 0


class Sqlite(Database):
    name = "sqlite"

    @property
    def file(self) -> Path:
        return self.data / "shop.sqlite3"

    def settings(self, port: int) -> dict[str, Any]:
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.file), "OPTIONS": options}


class Postgres(Database):
    name = "postgres"

    def settings(self, port: int) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "shop",
            "HOST": "127.0.0.1",
            "PORT": port,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"connect_timeout": 3},
        }

    def make(self) -> None:
        _own(self.folder, _postgres_user())
        command = [_PG[-1].with_name("initdb"), "-D", self.data, "-U", "shop", "-A", "trust", "-E", "UTF8", "--no-sync"]
        _run_as(_postgres_user(), [*map(str, command), "--locale=C.UTF-8"], self.folder / "initdb.log")

    def start(self) -> None:
        _own(self.folder, _postgres_user())
        port = self.port or free_port()
        if self.server is None:
            settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
            settings |= {"fsync": "on", "shared_buffers": "32MB", "max_connections": 200}
            command = [str(_PG[-1]), "-D", str(self.data)]
            for key, value in settings.items():
                command += ["-c", f"{key}={value}"]
            log = self.folder / "postgres.log"
            self.server = Process("postgres", command, log, port=port, user=_postgres_user())
        for attempt in range(5):
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed
            try:
                self.server.start()
                break
            except NotStarted:  # what was killed may take a moment to be gone
                if attempt == 4:
                    raise
                time.sleep(1)


class MariaDB(Database):
    name = "mariadb"

    def settings(self, port: int) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "shop",
            "USER": "shop",
            "PASSWORD": "shop",
            "HOST": "127.0.0.1",
            "PORT": port,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"charset": "utf8mb4", "connect_timeout": 3},
        }

    def make(self) -> None:
        command = [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={self.data}",
            "--auth-root-authentication-method=normal",
        ]
        more = ["--user=root"] if os.geteuid() == 0 else []
        _run_as(None, [*command, *more, "--skip-test-db"], self.folder / "install.log")
        (self.folder / "first.sql").write_text(
            "CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;"
            "\nCREATE USER IF NOT EXISTS shop@'127.0.0.1' IDENTIFIED BY 'shop';"
            "\nGRANT ALL ON shop.* TO shop@'127.0.0.1';\n"
        )

    def start(self) -> None:
        port = self.port or free_port()
        if self.server is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            program = shutil.which("mariadbd", path=_PATH) or "mariadbd"
            command = [program, "--no-defaults", f"--datadir={self.data}", f"--port={port}", "--bind-address=127.0.0.1"]
            command += [f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid", "--skip-log-bin"]
            command += ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M", "--skip-name-resolve"]
            command += ["--user=root"] if os.geteuid() == 0 else []
            first = self.folder / "first.sql"
            command += [f"--init-file={first}"] if first.exists() else []
            self.server = Process("mariadb", command, self.folder / "mariadb.log", port=port)
        self.server.start()


KINDS: dict[str, type[Database]] = {kind.name: kind for kind in (Sqlite, Postgres, MariaDB)}


def site_environment(asked: dict[str, Any], folder: Path) -> dict[str, str]:
    """The environment of every process of the site."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SHOPCHAT_", "COV_"))}
    return kept | {
        "SHOPCHAT_FAULTS": json.dumps(asked),
        "SHOPCHAT_TEST_OSCAR": "0",
        "DJANGO_SETTINGS_MODULE": "tests.faults.site.settings",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary),
    }


def _postgres_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _own(folder: Path, user: str | None) -> None:
    if not user:
        return
    folder.parent.chmod(0o711)  # the run's own folder, made for its owner alone
    subprocess.run(["chown", "-R", user, str(folder)], check=True)


def _run_as(user: str | None, command: list[str], log: Path) -> None:
    more: dict[str, Any] = {"user": user, "group": user, "extra_groups": [], "cwd": "/"} if user else {}
    done = subprocess.run(command, capture_output=True, text=True, **more)
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2000:]}")


def _fingerprint() -> str:
    parts = sorted(f"{dist.name}=={dist.version}" for dist in metadata.distributions())
    for place in map(ROOT.joinpath, _DECIDING):
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        parts += [file.read_text() for file in files]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextmanager
def _alone(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
