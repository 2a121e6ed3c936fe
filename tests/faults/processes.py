"""Processes that are started, killed, paused and started again, each with a log of its own."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
ROOT = Path(__file__).resolve().parents[2]


class NotStarted(Exception):
    """A process ended, or did not listen in time. The message is the end of its log."""


@dataclass
class Process:
    """One program in a process group of its own, so that a signal reaches its children too."""

    name: str
    command: Sequence[str]
    log: Path
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    running: subprocess.Popen[bytes] | None = None

    def start(self, *, seconds: float = 60) -> None:
        """Start it and wait until it listens."""
        more: dict[str, Any] = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                cwd=ROOT if not self.user else "/",
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_the_driver,  # noqa: PLW1509 one call of what was loaded before
                **more,
            )
        if self.port:
            self._wait(seconds)

    @property
    def pid(self) -> int:
        return self.running.pid if self.running else 0

    def is_alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def kill(self) -> bool:
        """``kill -9`` for it and its children. Answers whether it really died of that."""
        was_alive = self.is_alive()
        self._finish()
        return self.running is not None and self.running.wait(10) == -signal.SIGKILL and was_alive

    def end(self) -> None:
        """Be rid of it, whatever it does."""
        if self.running is not None:
            self._finish()
            self.running.wait(10)

    def pause(self) -> bool:
        """Stop it where it stands. Answers whether the kernel says so."""
        self._signal(signal.SIGSTOP)
        time.sleep(0.05)
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def children(self) -> list[int]:
        """The process ids of its direct children."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in found.read_text().split()] if found.exists() else []

    def stop(self) -> None:
        """Ask it to end; insist after ten seconds."""
        if not self.is_alive():
            return
        self.go_on()
        self.running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.running.wait(10)
        self._signal(signal.SIGKILL)
        self.running.wait(10)

    def _finish(self) -> None:
        """PostgreSQL's children have sessions of their own, and an orphan of them would keep it from starting again."""
        children = self.children()
        self._signal(signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.is_alive():
                break
            if listens(self.port):
                return
            time.sleep(0.02)
        raise NotStarted(f"{self.name}: {self.log.read_text(errors='replace')[-3000:]}")


def _die_with_the_driver() -> None:
    """A driver that is killed leaves nothing running behind (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
