"""The site under faults: its processes, its database, and the network between them, in our hands."""

import random
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.faults.databases import KINDS, Database, Sqlite, site_environment
from tests.faults.processes import Process, free_port
from tests.faults.proxy import Front, Network, Wire

LAYOUTS = ("uvicorn", "gunicorn", "gunicorn-edge")


@dataclass(frozen=True)
class Wanted:
    """What is to be run. ``seed`` decides what happens when, ``habit`` what people do more often than they would."""

    database: str = "sqlite"
    layout: str = "uvicorn"
    redis: bool = False
    plant: str = ""
    seed: int = 1
    habit: str = ""
    worker: bool = True


class Site:
    """A context manager: everything runs inside, and nothing is left of it outside but ``folder`` when ``keep`` is set."""

    def __init__(self, wanted: Wanted, *, keep: bool = False):
        self.wanted, self.keep = wanted, keep
        self.folder = Path(tempfile.mkdtemp(prefix="shopchat-faults-"))
        self.database: Database = KINDS[wanted.database](self.folder / "database")
        self.network = Network()
        self.db_wire: Wire | None = None
        self.redis: Process | None = None
        self.redis_wire: Wire | None = None
        self.edge: Process | None = None
        self.web = self.worker = self.clock = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _start(self) -> None:
        self.database.prepare()
        if self.database.server:
            self.db_wire = self._wire(self.database.port)
        if self.wanted.redis:
            self._start_redis()
        environment = site_environment(self._asked(), self.folder)
        self.web = Process("web", *self._web(), environment=environment)
        if self.wanted.layout == "gunicorn-edge":
            port = free_port()
            command = _uvicorn("shopchat.asgi:live", port)
            self.edge = Process("edge", command, self.folder / "edge.log", port, environment)
            self.edge.start()
        worker = [sys.executable, "-m", "django", "qcluster"]
        self.worker = Process("worker", worker, self.folder / "worker.log", environment=environment)
        clock = [sys.executable, "-m", "tests.faults.site.clock"]
        self.clock = Process("clock", clock, self.folder / "clock.log", environment=environment)
        if self.wanted.worker:
            self.worker.start()
            self.clock.start()
        self.web.start()
        self.front = Front(self.network, route=self._route, rng=random.Random(f"{self.wanted.seed}/front"))
        self.front.open()

    def close(self) -> None:
        """End everything, the database last. Nobody needs it any more, so nothing is asked to end well."""
        self.network.close()
        for process in (self.web, self.worker, self.clock, self.edge, self.redis):
            if process:
                process.end()
        if self.database.server:
            self.database.server.end()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> dict[str, Process]:
        """Those that may be killed, by name."""
        found = {
            "web": self.web,
            "worker": self.worker if self.wanted.worker else None,
            "edge": self.edge,
            "redis": self.redis,
        }
        return {name: process for name, process in found.items() if process}

    def keep_worker_running(self) -> bool:
        """Start it again if it ended, as a shop's supervisor does. django-q2 ends when it has no database while it starts."""
        if not self.wanted.worker or self.worker.is_alive():
            return False
        self.worker.start()
        return True

    def forget_hints(self) -> bool:
        """Empty the shared cache, as an eviction or a restart of its server would."""
        if self.redis:
            with socket.create_connection(("127.0.0.1", self.redis.port), timeout=5) as connection:
                connection.sendall(b"FLUSHALL\r\n")
                return connection.recv(64).startswith(b"+OK")
        files = [*(self.folder / "cache").glob("*")]
        for file in files:
            file.unlink(missing_ok=True)
        return bool(files)

    def lock_database(self, seconds: float) -> bool:
        """Hold SQLite's write lock, as a backup or a long migration would."""
        if not isinstance(self.database, Sqlite):
            return False
        other = sqlite3.connect(self.database.file, timeout=20, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        finally:
            other.close()
        return True

    @property
    def mail_folder(self) -> Path:
        """Where every mail of the site is written to."""
        return self.folder / "mail"

    def _wire(self, port: int) -> Wire:
        wire = Wire(self.network, to=port)
        wire.open()
        return wire

    def _start_redis(self) -> None:
        port = free_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.redis = Process("redis", [*command, "--dir", str(self.folder)], self.folder / "redis.log", port)
        self.redis.start()
        self.redis_wire = self._wire(port)

    def _asked(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "database": self.database.settings(self.db_wire.port if self.db_wire else 0),
            "redis": f"redis://127.0.0.1:{self.redis_wire.port}/0" if self.redis_wire else "",
            "plant": self.wanted.plant,
            "streams": self.wanted.layout != "gunicorn",
        }

    def _web(self) -> tuple[list[str], Path, int]:
        port = free_port()
        if self.wanted.layout == "uvicorn":
            return _uvicorn("tests.faults.site.asgi:application", port), self.folder / "web.log", port
        command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", "3", "--threads", "4"]
        # Loaded before it listens, so that the moment when it listens is the moment when it is back.
        command += ["--preload", "-b", f"127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket"]
        return [*command, "tests.faults.site.wsgi"], self.folder / "web.log", port

    def _route(self, path: str) -> int:
        """As a reverse proxy is set up: the live part goes to the edge, where there is one."""
        return self.edge.port if self.edge and path.startswith("/chat/live/") else self.web.port


def _uvicorn(application: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "uvicorn", application, "--lifespan", "off", "--host", "127.0.0.1"]
    return [
        *command,
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
        "--timeout-graceful-shutdown",
        "3",
    ]
