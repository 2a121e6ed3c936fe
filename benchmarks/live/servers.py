"""Servers of streams, and what the operating system says about them."""

import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import HOST, free_port, running, wait_for


@dataclass(frozen=True)
class Process:
    """A server in a process of its own."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """What all its threads have used until now, to the nanosecond; a thread that ended is forgotten."""
        total = 0
        for path in Path(f"/proc/{self.pid}/task").glob("*/schedstat"):
            try:
                total += int(path.read_text().split()[0])
            except OSError:
                continue
        return total / 1e9

    def memory(self) -> int:
        """Resident bytes; what the kernel holds for its sockets is not in them."""
        return self._status("VmRSS") * 1024

    def threads(self) -> int:
        return self._status("Threads")

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.partition(f"{name}:")[2].split()[0])


@contextmanager
def uvicorn(application: str, environment: Mapping[str, str], *, quiet: bool = False) -> Iterator[Process]:
    """``application`` under uvicorn, one process. ``quiet`` is for references that do not notice when they are stopped."""
    port = free_port()
    with _served(serve(application, port, "critical" if quiet else "error"), environment, port) as process:
        yield process


def serve(application: str, port: int, level: str = "error") -> list[str]:
    """The command that serves ``application`` there."""
    command = [sys.executable, "-m", "uvicorn", application, "--host", HOST, "--port", str(port), "--loop", "uvloop"]
    command += ["--http", "httptools", "--no-access-log", "--log-level", level, "--backlog", "4096"]
    return [*command, "--timeout-keep-alive", "600", "--timeout-graceful-shutdown", "1"]


@contextmanager
def module(name: str, environment: Mapping[str, str]) -> Iterator[Process]:
    """A server that is a module with ``--port``."""
    port = free_port()
    with _served([sys.executable, "-m", name, "--port", str(port)], environment, port) as process:
        yield process


@contextmanager
def _served(command: list[str], environment: Mapping[str, str], port: int) -> Iterator[Process]:
    with running(command, environment) as process:
        wait_for(port, process)
        yield Process(port, process.pid)


def raise_limits() -> int:
    """Let this process and its children have as many open files as the system allows; how many."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
