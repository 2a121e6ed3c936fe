"""Effects outside of the shop through the outbox, with the worker killed at a random moment, beside plain django-q2 tasks."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks import services, volumes
from benchmarks.processes import ROOT, children
from benchmarks.report import Report

ROWS, RUNS = 200, 8
LEASE = 5  # seconds; two minutes in a shop, and healing takes as much longer
RETRY = 8  # of django-q2
HEALED_WITHIN = LEASE + 60
SETTLED = {"sent", "failed", "unconfirmed", "dropped"}


def run(*, quick: bool) -> Report:
    """Runs of 200 rows; in half of them the whole cluster is killed and started again, in the others one of its processes."""
    report = Report("jobs")
    rows, runs = (12, 1) if quick else (ROWS, RUNS)
    with tempfile.TemporaryDirectory() as folder, _database(folder, quick) as database:
        hung = None if quick else _begin_to_hang(folder, database)
        chances = random.Random(f"{time.time_ns()}")
        _outbox(report, Path(folder), database, rows, runs, chances)
        if quick:
            report.not_run("plain tasks", "left out of a short run")
        else:
            _plain(report, "ORM broker", Path(folder), database, {"orm": "default"}, chances)
            if reason := services.why_no_redis():
                report.not_run("plain tasks, Redis broker", reason)
            else:
                _plain(report, "Redis broker", Path(folder), database, {"redis": services.redis_url()}, chances)
        if hung:
            _end_hanging(report, *hung)
    return report


def _outbox(
    report: Report, folder: Path, database: dict[str, Any], rows: int, runs: int, chances: random.Random
) -> None:
    found: list[dict[str, Any]] = []
    for number in range(runs):
        environment = _environment(database, folder, f"outbox{number}", {"orm": "default"})
        _order(environment, "empty")
        with _cluster(environment) as cluster:
            _order(environment, "enqueue", str(rows))
            time.sleep(chances.uniform(0.1, rows * 0.02))
            killed_all = number % 2 == 0
            _kill(cluster, everything=killed_all, chances=chances)
            killed = time.monotonic()
            if killed_all:
                with _cluster(environment):
                    state = _heal(environment)
            else:
                state = _heal(environment)
            found.append(state | {"seconds": time.monotonic() - killed})
    total = {
        key: sum(state[key] for state in found) for key in ("lost", "doubled", "repeated", "unsettled", "unconfirmed")
    }
    of = f"of {rows * runs:,} in {runs} runs"
    report.measure(f"effects lost, {of}", "effects", total["lost"] + total["unsettled"], most=0)
    report.measure(f"effects doubled, {of}", "effects", total["doubled"], most=0)
    report.measure("shown as perhaps sent, of kinds that are never repeated", "rows", total["unconfirmed"])
    report.measure("handed over again under the same key, of kinds that are", "rows", total["repeated"])
    slowest = max(state["seconds"] for state in found)
    report.measure(f"healed after, with a lease of {LEASE} s", "s", slowest, most=HEALED_WITHIN)


def _heal(environment: dict[str, str]) -> dict[str, Any]:
    """Let cron run as it would, only more often, until every row has ended."""
    until = time.monotonic() + HEALED_WITHIN
    while True:
        _order(environment, "tick")
        state: dict[str, Any] = _order(environment, "state")
        unsettled = sum(count for name, count in state["states"].items() if name not in SETTLED)
        if not unsettled or time.monotonic() > until:
            return state | {"unsettled": unsettled, "unconfirmed": state["states"].get("unconfirmed", 0)}
        time.sleep(1)


def _plain(
    report: Report,
    broker: str,
    folder: Path,
    database: dict[str, Any],
    queue: dict[str, Any],
    chances: random.Random,
    runs: int = 3,
) -> None:
    lost, doubled = [], []
    for number in range(runs):
        environment = _environment(database, folder, f"{broker.replace(' ', '-')}{number}", queue)
        _order(environment, "empty")
        _order(environment, "plain", str(ROWS))
        with _cluster(environment) as cluster:
            time.sleep(chances.uniform(0, 1))
            _kill(cluster, everything=True, chances=chances)
            with _cluster(environment):
                time.sleep(RETRY + 10)
            effects = _order(environment, "effects")
        lost.append(float(ROWS - effects["done"]))
        doubled.append(float(effects["doubled"]))
    report.measure(f"plain django-q2 tasks lost, {broker}, of {ROWS}", "tasks", lost)
    report.measure(f"plain django-q2 tasks doubled, {broker}, of {ROWS}", "tasks", doubled)


def _begin_to_hang(folder: str, database: dict[str, Any]) -> tuple["subprocess.Popen[bytes]", "subprocess.Popen[str]"]:
    """A worker of another shop, stopped after its first run, while the others are killed."""
    other = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/hung.sqlite3"}
    environment = _environment(other, Path(folder), "hung", {"orm": "default"})
    _order(environment, "empty")
    cluster = _start(environment)
    command = [sys.executable, "-m", "benchmarks.shop.orders", "hang", str(cluster.pid)]
    watch = subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return cluster, watch


def _end_hanging(report: Report, cluster: "subprocess.Popen[bytes]", watch: "subprocess.Popen[str]") -> None:
    try:
        told = json.loads(watch.communicate(timeout=300)[0])
    finally:
        _end(cluster)
    if not told["reported"]:
        report.fault("a worker that was stopped was not reported")
    report.measure("a hung worker is reported after", "s", told["seconds"], most=120)


@contextmanager
def _cluster(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = _start(environment)
    try:
        time.sleep(1.5)  # its processes start one after the other
        yield process
    finally:
        _end(process)


def _start(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "benchmarks.shop.manage", "qcluster"]
    # A session of its own, so that what is killed is what was started here.
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(cluster: "subprocess.Popen[bytes]", *, everything: bool, chances: random.Random) -> None:
    if everything:
        _end(cluster)
        return
    found = children(cluster.pid)
    leaves = [pid for pid in found if not children(pid)]
    if leaves:
        os.kill(chances.choice(leaves), signal.SIGKILL)


def _end(cluster: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(cluster.pid, signal.SIGKILL)
    cluster.wait()


def _environment(database: dict[str, Any], folder: Path, name: str, queue: dict[str, Any]) -> dict[str, str]:
    options = {"name": f"benchmarks-{os.getpid()}-{name}", "workers": 2, "timeout": 5, "retry": RETRY, "poll": 0.2}
    return {
        "SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database),
        "SHOPCHAT_BENCHMARK_DIR": str(folder),
        "SHOPCHAT_BENCHMARK_EFFECTS": str(folder / f"{name}.txt"),
        "SHOPCHAT_BENCHMARK_LEASE": str(LEASE),
        "SHOPCHAT_BENCHMARK_QUEUE": json.dumps(
            {**options, "max_attempts": 10, "catch_up": False, "save_limit": 100, **queue}
        ),
    }


def _order(environment: dict[str, str], *arguments: str) -> Any:
    if arguments == ("empty",):
        command = ["benchmarks.shop.manage", "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0"]
        _call(environment, command)
        command = ["benchmarks.shop.manage", "flush", "--no-input", "--verbosity", "0"]
        return _call(environment, command)
    return json.loads(_call(environment, ["benchmarks.shop.orders", *arguments]))


def _call(environment: dict[str, str], command: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # django-q2 tells of every task
        text=True,
        check=True,
    )
    return done.stdout


@contextmanager
def _database(folder: str, quick: bool) -> Iterator[dict[str, Any]]:
    if quick or services.why_no_postgres():
        yield {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/jobs.sqlite3"}
        return
    name = f"shopchat_benchmark_{os.getpid()}"
    with closing(volumes.administration()) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield services.postgres(name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
