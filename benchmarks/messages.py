"""A customer's message through the widget's own view, against the same request without the write; also in a full database."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import services, volumes
from benchmarks.processes import ROOT, gunicorn
from benchmarks.report import Report

CLIENTS = 8
ROUNDS = 5
QUICK = "left out of a short run"
FULL = "a database of 1,000,000 conversations"


@dataclass
class Subject:
    """One server and what its customers send. ``answered`` grows with every window."""

    port: int
    customers: list[dict[str, Any]]
    rates: list[float]
    answered: int = 0


def run(*, quick: bool) -> Report:
    """gunicorn, gthread, one process, eight clients with a session, a CSRF token and the visitor's cookie."""
    report = Report("messages")
    with tempfile.TemporaryDirectory() as folder:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/shop.sqlite3"}
        _measure(report, "SQLite", _environment(database, f"{folder}/sqlite"), least=0.5, quick=quick)
        if reason := services.why_no_postgres() or services.why_no_redis() or (QUICK if quick else ""):
            report.not_run("message, PostgreSQL", reason)
            report.not_run(f"message in {FULL}", reason)
            return report
        with _database() as database:
            environment = _environment(database, f"{folder}/postgres") | {
                "SHOPCHAT_BENCHMARK_REDIS": services.redis_url()
            }
            _measure(report, "PostgreSQL", environment, least=0.65, quick=quick)
            _compare_with_full(report, environment)
    return report


def _measure(report: Report, name: str, environment: dict[str, str], *, least: float, quick: bool) -> None:
    _manage(environment, "manage", "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0")
    highest = _customers(environment, "stored", "0")["highest"]
    with ExitStack() as stack:
        shop = stack.enter_context(gunicorn("benchmarks.shop.wsgi", environment, threads=CLIENTS)).port
        without = {**environment, "SHOPCHAT_BENCHMARK_WITHOUT_WRITE": "1"}
        unwritten = stack.enter_context(gunicorn("benchmarks.shop.wsgi", without, threads=CLIENTS)).port
        customers = _customers(environment, "new", str(CLIENTS))
        floor = [{**asks, "path": "/floor/"} for asks in customers]
        written = Subject(shop, customers, [])
        subjects = [written, Subject(unwritten, customers, []), Subject(shop, floor, [])]
        _turns(report, subjects, quick=quick)
    title = f"message, {name}"
    report.compare(title, "messages/s", written.rates, "the same without the write", subjects[1].rates, least=least)
    report.compare(title, "messages/s", written.rates, "session and CSRF alone", subjects[2].rates)
    _check_stored(report, environment, highest, written)
    _count(report, name, environment)


def _compare_with_full(report: Report, environment: dict[str, str]) -> None:
    """The same request in an empty and a full database, and in a new and a long conversation of the full one."""
    volumes.fill(volumes.postgres(volumes.BIG), volumes.BIG)
    full = environment | {"SHOPCHAT_BENCHMARK_DATABASE": json.dumps(volumes.postgres(volumes.BIG))}
    with ExitStack() as stack:
        near, far = (
            stack.enter_context(gunicorn("benchmarks.shop.wsgi", place, threads=CLIENTS)).port
            for place in (environment, full)
        )
        subjects = [
            Subject(near, _customers(environment, "new", str(CLIENTS)), []),
            Subject(far, _customers(full, "new", str(CLIENTS)), []),
            Subject(far, _customers(full, "one", str(CLIENTS)), []),
            Subject(far, _customers(full, "long", str(CLIENTS)), []),
        ]
        _turns(report, subjects, quick=False)
    empty, loaded, short, long = ([1000 / rate for rate in subject.rates] for subject in subjects)
    report.compare(f"message in {FULL}", "ms", loaded, "in an empty one", empty, most=1.2)
    report.compare("message in a conversation of 10,000", "ms", long, "in a new one", short, most=1.2)


def _turns(report: Report, subjects: list[Subject], *, quick: bool) -> None:
    for number in range((1 if quick else ROUNDS) + 1):
        for subject in subjects:
            rate = _window(report, subject, seconds=0.4 if quick else 1.5)
            if number:  # the first round warms up
                subject.rates.append(rate)


def _window(report: Report, subject: Subject, *, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.load_posts", "--port", str(subject.port), "--seconds", str(seconds)]
    asks = json.dumps(subject.customers)
    done = subprocess.run(command, input=asks, capture_output=True, text=True, cwd=ROOT, check=True)
    result = json.loads(done.stdout)
    if result["wrong"]:
        report.fault(f"{result['wrong']} of {result['answered']} messages were not answered with 201")
    subject.answered += result["answered"]
    return float(result["answered"] / result["seconds"])


def _check_stored(report: Report, environment: dict[str, str], highest: int, written: Subject) -> None:
    stored = _customers(environment, "stored", str(highest))["stored"]
    if stored != written.answered:
        report.fault(f"{written.answered} messages were confirmed, {stored} are stored")


def _count(report: Report, name: str, environment: dict[str, str]) -> None:
    """Statements of the write, from its BEGIN to its COMMIT, and of the whole request."""
    statements = _customers(environment, "count")["statements"]
    words = [statement.partition(" ")[0].rstrip(";").upper() for statement in statements]
    control = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}
    written = words[words.index("BEGIN") : len(words) - words[::-1].index("COMMIT")]
    report.measure(f"statements of the write, {name}", "statements", _without(written, control), most=4)
    report.measure(f"commits, {name}", "commits", words.count("COMMIT"), most=1)
    report.measure(f"statements of the request, {name}", "statements", _without(words, control))


def _without(words: list[str], others: set[str]) -> int:
    return sum(word not in others for word in words)


@contextmanager
def _database() -> Iterator[dict[str, Any]]:
    name = f"shopchat_benchmark_{os.getpid()}"
    with closing(volumes.administration()) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield services.postgres(name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _environment(database: dict[str, Any], folder: str) -> dict[str, str]:
    Path(folder).mkdir(parents=True, exist_ok=True)
    return {"SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database), "SHOPCHAT_BENCHMARK_DIR": folder}


def _customers(environment: dict[str, str], *arguments: str) -> Any:
    return json.loads(_manage(environment, "customers", *arguments))


def _manage(environment: dict[str, str], module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.shop.{module}", *arguments]
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
