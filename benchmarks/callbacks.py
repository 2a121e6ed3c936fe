"""The queue of callbacks and its badge with 100,000 requests, beside the same pages with 100."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import services, volumes
from benchmarks.processes import ROOT
from benchmarks.report import Report
from benchmarks.scale import Asker

SMALL, BIG = 100, 100_000
WAITING = 5_000
# Short turns, so that whatever else the machine does falls on both sides.
ROUNDS, TIMES = 15, 3
MOST = 1.5
# What a hundred finished requests are the reference for; for the rest a hundred that wait.
OF_FINISHED = {"finished"}
# A hundred have no such page, or one with fewer rows; a part of a name is looked for in all of them.
ALONE = {"finished_page_in_the_middle", "mine", "search_by_name"}


def run(*, quick: bool) -> Report:
    """Each page as a whole: session, permissions, queries, template. A short run compares two small SQLite files."""
    report = Report("callbacks")
    big, waiting = (2_000, 400) if quick else (BIG, WAITING)
    with TemporaryDirectory() as folder:
        files = ({"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/{name}.sqlite3"} for name in "abc")
        _measure(report, "SQLite", list(files), big, waiting, quick=quick)
    if quick:
        return report
    if reason := services.why_no_postgres():
        report.not_run("pages on PostgreSQL", reason)
        return report
    with ExitStack() as stack:
        databases = [stack.enter_context(_postgres(f"shopchat_benchmark_callbacks_{name}")) for name in "abc"]
        _measure(report, "PostgreSQL", databases, big, waiting, quick=False)
    return report


def _measure(
    report: Report, name: str, databases: list[dict[str, Any]], big: int, waiting: int, *, quick: bool
) -> None:
    sizes = ((big, waiting), (SMALL, SMALL), (SMALL, 0))
    with ExitStack() as stack:
        far, near, finished = (
            stack.enter_context(_shop(database, *size)) for database, size in zip(databases, sizes, strict=True)
        )
        for case in far.names:
            title = f"{name}, {big:,}: {case.replace('_', ' ')}"
            if case in ALONE:
                alone = [far.ask(case=case, times=TIMES)["milliseconds"] for _ in range(1 if quick else ROUNDS)]
                report.measure(title, "ms", alone)
                continue
            reference = finished if case in OF_FINISHED else near
            pairs = [
                (far.ask(case=case, times=TIMES), reference.ask(case=case, times=TIMES))
                for _ in range((1 if quick else ROUNDS) + 1)
            ][1:]
            _compare(report, title, pairs, most=None if quick else MOST)
            if not quick and report.figures[-2].ok is False:
                print(json.dumps(far.ask(explain=case), indent=1), file=sys.stderr, flush=True)


def _compare(report: Report, title: str, pairs: list[tuple[Any, Any]], *, most: float | None) -> None:
    far, near = pairs[-1]
    if far["rows"] != near["rows"]:
        report.fault(f"{title}: the two pages differ, {far['rows']} rows and {near['rows']}")
    taken, reference = ([pair[side]["milliseconds"] for pair in pairs] for side in (0, 1))
    report.compare(title, "ms", taken, f"ms with {SMALL}", reference, most=most)
    more = max(far["queries"] - near["queries"], 0)
    report.measure(
        f"{title}, more queries", "queries", more, most=0, to=f"with {SMALL}", reference=float(near["queries"])
    )


@contextmanager
def _shop(database: dict[str, Any], requests: int, waiting: int) -> Iterator[Asker]:
    """A process that has filled the database and is asked page after page."""
    environment = {
        **os.environ,
        "SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database),
        "SHOPCHAT_BENCHMARK_CACHE": "memory",
    }
    command = [sys.executable, "-m", "benchmarks.shop.callbacks", str(requests), str(waiting)]
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Asker(process)
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _postgres(name: str) -> Iterator[dict[str, str]]:
    """A database for the length of the block."""
    with closing(volumes.administration()) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield services.postgres(name)
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
