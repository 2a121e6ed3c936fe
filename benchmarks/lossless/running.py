"""Eight writers, a reader for each conversation, half of the hints dropped, the edge killed and all browsers cut every 5 s."""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import services
from benchmarks.live import shops
from benchmarks.live.servers import serve
from benchmarks.lossless.judging import judge, missing
from benchmarks.processes import HOST, ROOT, wait_for
from benchmarks.report import Report

WRITERS = 8
CONVERSATIONS = 64
PATIENCE = 60
NAIVE = "a cursor over ids"


@dataclass(frozen=True)
class Sizes:
    """``events`` are what all writers together write; ``seconds`` when they stop at the latest.

    The edge is killed when it has been up for ``up`` seconds, which with its start makes about five in the full run.
    """

    events: dict[str, int]
    seconds: float
    up: float
    cut_every: float


# SQLite has one writer at a time, and those who linger hold up all others.
FULL = Sizes(events={"PostgreSQL": 100_000, "SQLite": 6_000}, seconds=400, up=3.5, cut_every=5)
QUICK = Sizes(events={"PostgreSQL": 400, "SQLite": 240}, seconds=30, up=0.5, cut_every=0.7)


def run(*, quick: bool) -> Report:
    """The full run has more than 100,000 events on PostgreSQL."""
    report = Report("lossless")
    sizes = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="shopchat-lossless-") as name:
        folder = Path(name)
        _measure(report, "SQLite", shops.sqlite(folder / "sqlite"), shops.DATABASE_BUS, folder / "sqlite", sizes)
        if reason := services.why_no_postgres():
            report.not_run("lost, PostgreSQL", reason)
        else:
            _measure(report, "PostgreSQL", shops.postgres(), shops.POSTGRES_BUS, folder / "postgres", sizes)
    return report


def _measure(
    report: Report,
    name: str,
    database: AbstractContextManager[dict[str, Any]],
    bus: dict[str, Any],
    folder: Path,
    sizes: Sizes,
) -> None:
    with database as settings:
        stage = _Stage(settings, bus, folder)
        stage.prepare()
        found, naive, kills = stage.play(sizes, sizes.events[name])
        ledger = stage.ledger()
    committed = {message: number for kind, number, message in ledger if kind == "committed"}
    seen = {number: [(seq, message) for seq, message in received] for number, received in found["seen"].items()}
    verdict = judge(committed, seen)
    wanted = sizes.events[name]
    if len(ledger) < wanted:
        report.fault(f"{name}: {len(ledger)} of {wanted} messages were written in the time there was")
    if not kills or found["opened"] <= CONVERSATIONS:
        report.fault(f"{name}: nothing was cut, the run proves nothing")
    title = f"{name}, {len(ledger):,} events, {kills} kills"
    naive_lost = missing((message for kind, _number, message in ledger if kind != "rolled-back"), naive)
    report.measure(f"lost, {title}", "messages", verdict.lost, most=0, to=NAIVE, reference=naive_lost)
    report.measure(f"double, {title}", "messages", verdict.double, most=0)
    report.measure(f"out of order, {title}", "messages", verdict.disordered, most=0)
    report.measure(f"rolled back or misplaced, {title}", "messages", verdict.never_written + verdict.misplaced, most=0)
    report.measure(
        f"received, {title}", "messages", verdict.received, least=verdict.sent, to="sent", reference=verdict.sent
    )
    report.measure(f"caught up after the last one, {title}", "s", found["caught_up_after"])


class _Stage:
    """A database with its conversations, and the processes that play in it."""

    def __init__(self, database: dict[str, Any], bus: dict[str, Any], folder: Path):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        lossy = {"BACKEND": "benchmarks.lossless.lossy.LossyBus", "OPTIONS": {"BUS": bus}}
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.shop.settings",
            "SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database),
            "SHOPCHAT_BENCHMARK_DIR": str(folder),
            "SHOPCHAT_BENCHMARK_CACHE": "memory",
            "SHOPCHAT_BENCHMARK_SHOPCHAT": json.dumps({"BUS": lossy, "STREAM": shops.STREAM}),
        }

    def prepare(self) -> None:
        self._run("benchmarks.shop.manage", "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0")
        (self.folder / "plan.json").write_text(self._run("benchmarks.lossless.cast", str(CONVERSATIONS)))

    def play(self, sizes: Sizes, events: int) -> tuple[dict[str, Any], list[str], int]:
        """What the browsers saw, what the naive reader saw, and how often the edge was killed."""
        with self._edge() as edge:
            reader = self._start(
                "benchmarks.lossless.reader",
                *("--plan", str(self.folder / "plan.json"), "--port", str(edge.port)),
                *("--cut-every", str(sizes.cut_every), "--patience", str(PATIENCE)),
            )
            naive = self._start("benchmarks.lossless.naive")
            writers = [
                self._start(
                    "benchmarks.lossless.writer",
                    *("--number", str(number), "--count", str(-(-events // WRITERS))),
                    *("--seconds", str(sizes.seconds), "--ledger", str(self._ledger(number))),
                )
                for number in range(WRITERS)
            ]
            try:
                kills = self._kill_until_written(edge, writers, sizes.up)
                return self._ask(reader, self._ends()), self._ask(naive, {}), kills
            finally:
                for process in (reader, naive, *writers):
                    if process.poll() is None:
                        process.kill()
                    process.wait()

    def ledger(self) -> list[tuple[str, str, str]]:
        """What became of each message: kind, conversation, message."""
        lines = [line for number in range(WRITERS) for line in self._ledger(number).read_text().splitlines()]
        return [(kind, number, message) for kind, number, message in map(str.split, lines)]

    def _kill_until_written(self, edge: "_Edge", writers: list[subprocess.Popen[str]], up: float) -> int:
        kills, due = 0, time.monotonic() + up
        while any(writer.poll() is None for writer in writers):
            time.sleep(0.05)
            if time.monotonic() >= due:
                edge.kill()
                edge.start()
                kills, due = kills + 1, time.monotonic() + up
        if not kills:  # a short run on a quick machine: the edge is killed all the same, when all is written
            edge.kill()
            edge.start()
            kills = 1
        if failed := [writer.returncode for writer in writers if writer.returncode]:
            raise RuntimeError(f"{len(failed)} writers failed")
        return kills

    def _ends(self) -> dict[str, int]:
        code = (
            "from benchmarks.lossless.setting import set_up; set_up(); import json;"
            "from shopchat.conversations.models import Conversation;"
            "print(json.dumps(dict(Conversation.objects.values_list('number', 'last_seq'))))"
        )
        done = subprocess.run([sys.executable, "-c", code], **self._options(), stdout=subprocess.PIPE, check=True)
        ends: dict[str, int] = json.loads(done.stdout)
        return ends

    def _ask(self, process: subprocess.Popen[str], question: dict[str, int]) -> Any:
        answer, _errors = process.communicate(json.dumps(question) + "\n", timeout=2 * PATIENCE)
        return json.loads(answer)

    def _run(self, module: str, *arguments: str) -> str:
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, **self._options(), stdout=subprocess.PIPE, check=True).stdout

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen([sys.executable, "-m", module, *arguments], **self._options(), **pipes)

    def _options(self) -> dict[str, Any]:
        return {"cwd": ROOT, "env": {**os.environ, **self.environment}, "text": True}

    def _ledger(self, number: int) -> Path:
        return self.folder / f"ledger-{number}"

    @contextmanager
    def _edge(self) -> Iterator["_Edge"]:
        edge = _Edge(_port_for_long(), self.environment)
        edge.start()
        try:
            yield edge
        finally:
            edge.kill()


def _port_for_long() -> int:
    """A free port that the system gives to no connection: while the edge is away, clients keep asking for it, and one of
    them could otherwise be given the very port it asks for, and hold it.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(first // 2, first)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


class _Edge:
    """An edge that is killed and comes back at the same address."""

    def __init__(self, port: int, environment: dict[str, str]):
        self.port, self._environment = port, environment

    def start(self) -> None:
        command = serve("shopchat.asgi:live", self.port)
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            command, env={**os.environ, **self._environment}, cwd=ROOT
        )
        wait_for(self.port, self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
