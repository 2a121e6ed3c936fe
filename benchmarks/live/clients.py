"""The load client, seen from the benchmark: a process that obeys."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT

BUSY = 0.8  # of a core: from here on the client itself would be what is measured


class Failed(Exception):
    """The client could not do what it was told."""


class Client:
    """One process of browsers; see ``client`` for what it can be told."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def tell(self, do: str, **options: Any) -> None:
        """Without waiting for the answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, **options}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise Failed("the load client has ended")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise Failed(found["error"])
        return found

    def do(self, do: str, **options: Any) -> dict[str, Any]:
        self.tell(do, **options)
        return self.answer()

    def open(self, count: int) -> float:
        """Have that many streams; how long it took. Raises :class:`Failed` when the server did not take them all."""
        found = self.do("open", count=count)
        if found["open"] < count:
            raise Failed(f"{found['open']} of {count} streams are open")
        return float(found["seconds"])


@contextmanager
def client(plan: dict[str, Any], folder: Path, name: str) -> Iterator[Client]:
    """A load client with this plan, ended with the block."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(plan))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.live.client", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Client(process)
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
