"""Servers of a benchmark: started on a free port of loopback, stopped by their own id, with the CPU time they took."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that answers. ``process`` is its first process, which may have children."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """What it and its children have used until now."""
        return sum(cpu_seconds(pid) for pid in (self.process.pid, *children(self.process.pid)))


@contextmanager
def gunicorn(
    application: str, environment: Mapping[str, str], *, threads: int = 4, workers: int = 1
) -> Iterator[Server]:
    """``application`` under gunicorn's threads."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", str(workers), "--threads", str(threads)]
    command += ["--keep-alive", "30", "-b", f"{HOST}:{port}", "--log-level", "error", application]
    with running(command, environment) as process:
        wait_for(port, process)
        yield Server(port, process)


@contextmanager
def running(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the length of the block; ended by its id."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until something listens there. Raises ``RuntimeError`` when the process ends instead."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if listens(HOST, port):
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def cpu_seconds(pid: int) -> float:
    """User and system time of one process; nothing for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / TICKS


def children(pid: int) -> list[int]:
    """The processes that this one started, and those that they did."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *children(child)]
    return found
