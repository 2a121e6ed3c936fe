"""The whole product beside each other as it is installed: a shop on gunicorn, the edge on uvicorn, one database."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import services
from benchmarks.live.servers import Process, uvicorn
from benchmarks.processes import ROOT, gunicorn

# All the browsers of a load client have one address.
STREAM = {"ENABLED": True, "PER_ADDRESS": 20_000}
POSTGRES_BUS = {"BACKEND": "shopchat.live.bus.postgres.PostgresBus"}
DATABASE_BUS = {"BACKEND": "shopchat.live.bus.database.DatabaseBus"}
SILENT_BUS = {"BACKEND": "benchmarks.live.silence.SilentBus"}
SHOP = "shopchat-shop"


@dataclass(frozen=True)
class Shop:
    """A shop that takes messages on ``port``."""

    port: int
    environment: dict[str, str]
    database: dict[str, Any]

    def plan(self, edge: Process, count: int) -> dict[str, Any]:
        """Streams at this edge for the first ``count`` customers, with fresh tickets."""
        made = _manage(self.environment, "benchmarks.live.crowd", "entries", str(count))
        return {"stream_port": edge.port, "post_port": self.port, "entries": json.loads(made)}

    @contextmanager
    def edge(self, bus: dict[str, Any] | None = None) -> Iterator[Process]:
        """``uvicorn shopchat.asgi:live``, with the shop's own settings or another bus."""
        environment = self.environment | ({"SHOPCHAT_BENCHMARK_SHOPCHAT": _shopchat(bus)} if bus else {})
        with uvicorn("shopchat.asgi:live", environment) as process:
            yield process


@contextmanager
def shop(database: dict[str, Any], bus: dict[str, Any], folder: Path, *, customers: int) -> Iterator[Shop]:
    """A shop with that many customers, who have written ten messages each."""
    folder.mkdir(exist_ok=True)
    environment = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.shop.settings",
        "SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database),
        "SHOPCHAT_BENCHMARK_DIR": str(folder),
        "SHOPCHAT_BENCHMARK_CACHE": "memory",
        "SHOPCHAT_BENCHMARK_SHOPCHAT": _shopchat(bus),
    }
    _manage(environment, "benchmarks.shop.manage", "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0")
    _manage(environment, "benchmarks.live.crowd", "make", str(customers))
    with gunicorn("benchmarks.shop.wsgi", environment | {"PGAPPNAME": SHOP}, threads=4) as server:
        yield Shop(server.port, environment, database)


@contextmanager
def sqlite(folder: Path) -> Iterator[dict[str, Any]]:
    """Settings of a database in this folder."""
    folder.mkdir(exist_ok=True)
    yield {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "shop.sqlite3")}


@contextmanager
def postgres() -> Iterator[dict[str, Any]]:
    """Settings of a database of our own, dropped with the block."""
    name = f"shopchat_benchmark_{os.getpid()}"
    with ExitStack() as stack:
        server = stack.enter_context(closing(administration()))
        server.execute(f'CREATE DATABASE "{name}"')
        stack.callback(server.execute, f'DROP DATABASE "{name}" WITH (FORCE)')
        yield services.postgres(name)


def administration() -> Any:
    """A connection to PostgreSQL's own database, which our counts therefore leave out."""
    import psycopg  # noqa: PLC0415 optional, like PostgreSQL itself

    settings: dict[str, Any] = {**services.postgres("postgres")}
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return psycopg.connect(**{name: settings[key] for name, key in names.items()}, autocommit=True)


def connections(database: dict[str, Any]) -> int:
    """How many connections there are to the database beside the shop's own: the edge's."""
    with closing(administration()) as server:
        wanted = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name <> %s"
        return int(server.execute(wanted, [database["NAME"], SHOP]).fetchone()[0])


def transactions(database: dict[str, Any]) -> int:
    """How many have ended in this database; outside ``atomic()`` each query is one. Waits until all are counted."""
    time.sleep(2.5)  # PostgreSQL's processes report once a second
    with closing(administration()) as server:
        wanted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        return int(server.execute(wanted, [database["NAME"]]).fetchone()[0])


def _shopchat(bus: dict[str, Any]) -> str:
    return json.dumps({"BUS": bus, "STREAM": STREAM})


def _manage(environment: dict[str, str], module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
