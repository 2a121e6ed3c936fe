"""A poll with nothing new, answered before Django's middleware, against an empty Django view and a bare WSGI program."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from benchmarks import services
from benchmarks.processes import HOST, ROOT, gunicorn
from benchmarks.report import Report

SUBJECTS = ("bare", "django_application", "application")
ROUNDS = 7


def run(*, quick: bool) -> Report:
    """Servers up at once (gunicorn, gthread, one process, four threads), measured in turns of two seconds, for each cache."""
    report = Report("polling")
    _measure(report, "file cache", "", quick)
    if reason := services.why_no_redis():
        report.not_run("204 poll, Redis", reason)
    else:
        _measure(report, "Redis", services.redis_url(), quick)
    return report


def _measure(report: Report, cache: str, redis: str, quick: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        environment = {"SHOPCHAT_BENCHMARK_DIR": folder, "SHOPCHAT_BENCHMARK_REDIS": redis}
        ports = {
            name: stack.enter_context(gunicorn(f"benchmarks.shop.wsgi:{name}", environment)).port for name in SUBJECTS
        }
        prepared = _prepare(environment)
        if prepared["status"] != 204:
            report.fault(f"a repeated poll was answered with {prepared['status']}")
        ticket, etag = prepared["ticket"], _etag(ports["application"], prepared["ticket"])
        asks = {
            "bare": ("/", ()),
            "django_application": ("/empty/", ()),
            "application": (f"/chat/live/poll/?ticket={ticket}", (f"If-None-Match: {etag}",)),
        }
        rates: dict[str, list[float]] = {name: [] for name in SUBJECTS}
        for number in range((1 if quick else ROUNDS) + 1):
            for name in SUBJECTS:
                rate = _window(ports[name], *asks[name], seconds=0.3 if quick else 2)
                if number:  # the first round warms up
                    rates[name].append(rate)
        if _status(ports["application"], *asks["application"]) != 204:
            report.fault("at the end a poll with nothing new was not answered with 204")
    poll, name = rates["application"], f"204 poll, {cache}"
    report.compare(name, "answers/s", poll, "empty Django view", rates["django_application"], least=1.3)
    report.compare(name, "answers/s", poll, "bare WSGI", rates["bare"], least=0.65)
    report.measure(f"queries of a poll, {cache}", "queries", prepared["queries"], most=0)


def _prepare(environment: dict[str, str]) -> dict[str, Any]:
    """A conversation and its visitor's ticket, made by a process with the servers' settings."""
    found: dict[str, Any] = {}
    for command in (["manage", "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0"], ["customers", "poll"]):
        whole = [sys.executable, "-m", f"benchmarks.shop.{command[0]}", *command[1:]]
        made = subprocess.run(whole, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        found = json.loads(made.stdout or "{}")
    return found


def _etag(port: int, ticket: str) -> str:
    answer = _answer(port, f"/chat/live/poll/?ticket={ticket}")
    if answer.status != 200:
        raise RuntimeError(f"the first poll was answered with {answer.status}")
    return str(answer.headers["ETag"])


def _status(port: int, path: str, headers: tuple[str, ...]) -> int:
    return _answer(port, path, headers).status


def _answer(port: int, path: str, headers: tuple[str, ...] = ()) -> HTTPResponse:
    connection = HTTPConnection(HOST, port)
    connection.request("GET", path, headers=dict(line.split(": ", 1) for line in headers))
    return connection.getresponse()


def _window(port: int, path: str, headers: tuple[str, ...], *, seconds: float) -> float:
    """Answers in a second to 16 connections: asked by wrk where it is installed, else by a client in Python."""
    return (_by_wrk if shutil.which("wrk") else _by_python)(port, path, headers, seconds)


def _by_wrk(port: int, path: str, headers: tuple[str, ...], seconds: float) -> float:
    # Whole seconds are all that it takes; what it counts as wrong is neither 2xx nor 3xx.
    command = ["wrk", "-t1", "-c16", f"-d{max(1, round(seconds))}s", f"http://{HOST}:{port}{path}"]
    for line in headers:
        command += ["-H", line]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if "Non-2xx" in said or "Socket errors" in said or rate is None:
        raise RuntimeError(f"not every request was answered: {said}")
    return float(rate[1])


def _by_python(port: int, path: str, headers: tuple[str, ...], seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.load", "--port", str(port), "--path", path, "--seconds", str(seconds)]
    for line in headers:
        command += ["--header", line]
    result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    if result["wrong"]:
        raise RuntimeError(f"{result['wrong']} answers were not 204")
    return float(result["rate"])
