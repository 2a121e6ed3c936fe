"""What load clients are told to do: streams, the post that wakes each, and the one that wakes all."""

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.processes import ROOT

FIRST = 10_000_000
BODY = "x" * 300


def plain(port: int, count: int, *, websocket: bool = False) -> dict[str, Any]:
    """For a reference."""
    return _plan(port, [f"/stream/?topic={FIRST + number}" for number in range(count)], websocket=websocket)


def ticketed(port: int, count: int) -> dict[str, Any]:
    """For shopchat. The tickets are made by a process with the server's settings."""
    code = f"import json; from benchmarks.live import memory_site as site; print(json.dumps([*map(site.ticket, range({count}))]))"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), capture_output=True, check=True)
    return _plan(port, [f"/chat/live/stream/?ticket={ticket}" for ticket in json.loads(made.stdout)])


def _plan(port: int, paths: list[str], *, websocket: bool = False) -> dict[str, Any]:
    entries = [
        {"topic": f"conversation.{FIRST + number}", "path": path, "post": _post(str(FIRST + number))}
        for number, path in enumerate(paths)
    ]
    return {
        "stream_port": port,
        "post_port": port,
        "entries": entries,
        "broadcast": _post("everyone"),
        "websocket": websocket,
    }


def _post(topic: str) -> dict[str, Any]:
    return {"path": f"/publish/?topic={topic}", "body": BODY}
