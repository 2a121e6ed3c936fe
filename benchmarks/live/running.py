"""Streams: delivery, memory, fan-out, idle cost, the whole way over a database, a storm, beside other ways to do it."""

import tempfile
from pathlib import Path

from benchmarks.live import durable, memory, packages, servers
from benchmarks.live.sizes import FULL, QUICK
from benchmarks.report import Report


def run(*, quick: bool) -> Report:
    """uvicorn with uvloop and httptools, one process for each variant; browsers are processes of their own."""
    report = Report("live")
    sizes = QUICK if quick else FULL
    most = servers.raise_limits() - 500
    if sizes.streams[-1] > most:
        report.fault(f"only {most} streams fit into the limit of open files")
        return report
    with tempfile.TemporaryDirectory(prefix="shopchat-live-") as name:
        folder = Path(name)
        memory.measure(report, sizes, folder)
        packages.measure(report, sizes, folder)
        durable.measure(report, sizes, folder)
    return report
