"""The product's own queries at 10,000 conversations and 100,000 messages, and at a hundred times as many."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

from benchmarks import services, volumes
from benchmarks.processes import ROOT
from benchmarks.report import Report

ROUNDS = 7
TIMES = 15
MOST_MILLISECONDS = 5
MOST_ROWS = 2000


class Asker:
    """A process with the settings of one database that is asked case after case."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.names: list[str] = self._read()

    def ask(self, **what: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())


def run(*, quick: bool) -> Report:
    """PostgreSQL with one and ten million rows; a short run compares two small SQLite files."""
    report = Report("scale")
    if quick:
        _measure(report, "SQLite", volumes.sqlite(100), 100, volumes.sqlite(1000), 1000, quick=True)
        return report
    if reason := services.why_no_postgres():
        report.not_run("queries on PostgreSQL", reason)
    else:
        small, big = volumes.SMALL, volumes.BIG
        _measure(report, "PostgreSQL", volumes.postgres(small), small, volumes.postgres(big), big)
    small, big = volumes.SMALL, volumes.BIG // 10
    _measure(report, "SQLite", volumes.sqlite(small), small, volumes.sqlite(big), big)
    return report


def _measure(
    report: Report,
    name: str,
    small: dict[str, Any],
    small_size: int,
    big: dict[str, Any],
    big_size: int,
    *,
    quick: bool = False,
) -> None:
    volumes.fill(small, small_size)
    volumes.fill(big, big_size)
    to = f"ms with {small_size:,} conversations"
    with ExitStack() as stack:
        near, far = (_asker(stack, database) for database in (small, big))
        for case in near.names:
            pairs = [
                (far.ask(case=case, times=TIMES), near.ask(case=case, times=TIMES))
                for _ in range((1 if quick else ROUNDS) + 1)
            ][1:]
            title = f"{name}, {big_size:,}: {case.replace('_', ' ')}"
            values, reference = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            report.compare(title, "ms", values, to, reference, most=None if quick else 2)
            if not quick:
                report.measure(f"{title}, as time", "ms", values, most=MOST_MILLISECONDS)
        if name == "PostgreSQL":
            _measure_rows(report, far)


def _measure_rows(report: Report, asker: Asker) -> None:
    """A query without a limit would look at more and more rows."""
    rows: dict[str, float] = {}
    for case in asker.names:
        for statement in asker.ask(explain=case):
            rows[case] = max(rows.get(case, 0), statement["rows"])
    worst = max(rows, key=lambda case: rows[case])
    name = f"rows that one step of a plan looked at (most: {worst.replace('_', ' ')})"
    report.measure(name, "rows", rows[worst], most=MOST_ROWS)


def _asker(stack: ExitStack, database: dict[str, Any]) -> Asker:
    environment = {**os.environ, "SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database)}
    command = [sys.executable, "-m", "benchmarks.shop.queries"]
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)
    return Asker(process)
