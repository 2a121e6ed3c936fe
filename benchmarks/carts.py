"""The sweep over a million baskets, beside the bare SQL that finds a thousand newly idle ones; what an order costs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import services, volumes
from benchmarks.processes import ROOT
from benchmarks.report import Report

SMALL, BIG = 10_000, int(os.environ.get("SHOPCHAT_BENCHMARK_BASKETS") or 1_000_000)
IDLE = 1_000
TIMES = 15
# What a round measures, in its order.
WRITES, SWEEP, FINDS = 0, 1, 2
MOST_OF_BARE, MOST_OF_SMALL, MOST_QUERIES = 3, 1.5, 3


def run(*, quick: bool) -> Report:
    """On PostgreSQL. A short run sweeps one small SQLite file; it shows the form."""
    report = Report("carts")
    if not find_spec("oscar"):
        report.not_run("the sweep", "django-oscar is not installed")
        return report
    if quick:
        with TemporaryDirectory() as folder:
            (found,) = _measured([({"SHOPCHAT_DEMO_DIR": folder}, 200)], 50, 1)
        _against_bare(report, found, 200, 50, quick=True)
        return report
    if reason := services.why_no_postgres():
        report.not_run("the sweep on PostgreSQL", reason)
        return report
    with ExitStack() as stack:
        shops = [(stack.enter_context(_postgres(size)), size) for size in (SMALL, BIG)]
        small, big = _measured(shops, IDLE, TIMES)
    _against_bare(report, small, SMALL, IDLE, quick=False)
    _against_bare(report, big, BIG, IDLE, quick=False)
    report.compare(
        f"sweep over {BIG:,} baskets",
        "ms",
        _milliseconds(big, SWEEP),
        f"ms over {SMALL:,}",
        _milliseconds(small, SWEEP),
        most=MOST_OF_SMALL,
    )
    return report


def _against_bare(report: Report, found: dict[str, Any], baskets: int, idle: int, *, quick: bool) -> None:
    for written, sweep, bare in found["rounds"]:
        if not written["done"] == sweep["done"] == bare["done"] == idle:
            told = f"{sweep['done']} were swept, {bare['done']} found, {written['done']} written"
            report.fault(f"{baskets:,}: {told}, of {idle}")
    report.compare(
        f"sweep over {baskets:,} baskets, {idle:,} of them newly idle",
        "ms",
        _milliseconds(found, SWEEP),
        "ms of the bare SQL that finds them",
        _milliseconds(found, FINDS),
        most=None if quick else MOST_OF_BARE,
    )
    report.compare(
        f"sweep over {baskets:,} baskets, {idle:,} of them newly idle",
        "ms",
        _milliseconds(found, SWEEP),
        "ms of the bare SQL that finds them and writes what the sweep writes",
        _milliseconds(found, WRITES),
    )
    without, with_many = found["orders"]
    report.measure(
        f"{baskets:,}: an order adds to a checkout",
        "queries",
        with_many,
        most=MOST_QUERIES,
        to="without anything planned",
        reference=without,
    )
    report.measure(f"{baskets:,}: queries to our tables on a page of the catalogue", "queries", found["page"], most=0)


def _milliseconds(found: dict[str, Any], side: int) -> list[float]:
    return [each[side]["milliseconds"] for each in found["rounds"]]


def _measured(shops: list[tuple[dict[str, str], int]], idle: int, times: int) -> list[dict[str, Any]]:
    """What the shops say, each a process with a database of its own, that have been filled and swept in turns."""
    with ExitStack() as stack:
        running = [stack.enter_context(_shop(environment, baskets, idle)) for environment, baskets in shops]
        rounds = [[_asked(shop) for shop in running] for _ in range(times)]
        return [
            {"rounds": list(its), **json.loads(shop.communicate()[0])}
            for shop, its in zip(running, zip(*rounds, strict=True), strict=True)
        ]


@contextmanager
def _shop(environment: dict[str, str], baskets: int, idle: int) -> Iterator[subprocess.Popen[str]]:
    """A process that has filled its database."""
    command = [sys.executable, "-m", "benchmarks.shop.baskets", str(baskets), str(idle)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env={**os.environ, **environment}, cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    ) as shop:
        try:
            _answer(shop)
            yield shop
        finally:
            shop.kill()


def _asked(shop: subprocess.Popen[str]) -> Any:
    assert shop.stdin
    shop.stdin.write("\n")
    shop.stdin.flush()
    return _answer(shop)


def _answer(shop: subprocess.Popen[str]) -> Any:
    assert shop.stdout
    line = shop.stdout.readline()
    if not line:
        raise subprocess.CalledProcessError(shop.wait(), shop.args)
    return json.loads(line)


@contextmanager
def _postgres(baskets: int) -> Iterator[dict[str, str]]:
    """A database and a folder for the length of the block."""
    name = f"shopchat_benchmark_baskets_{baskets}"
    settings = services.postgres(name)
    with closing(volumes.administration()) as connection, TemporaryDirectory() as folder:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            values = {key: settings[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
            yield {f"SHOPCHAT_DB_{key}": str(value) for key, value in values.items()} | {
                "SHOPCHAT_DB_ENGINE": "postgresql",
                "SHOPCHAT_DEMO_DIR": folder,
            }
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
