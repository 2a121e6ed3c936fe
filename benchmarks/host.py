"""What the tag costs the shop's own pages: queries, bytes, headers and CPU of four pages for three visitors."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from benchmarks import demo
from benchmarks.processes import ROOT
from benchmarks.report import Report

TIMES = 15


def run(*, quick: bool) -> Report:
    """The pages of the demo store, drawn with and without the tag in turns by one process."""
    report = Report("host")
    if not find_spec("oscar"):
        report.not_run("the shop's own pages", "django-oscar is not installed")
        return report
    with demo.folder() as environment:
        command = [sys.executable, "-m", "benchmarks.shop.host_pages", str(1 if quick else TIMES)]
        done = subprocess.run(
            command, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
    for page, found in json.loads(done.stdout).items():
        if not found["shown"]:
            report.fault(f"the tag was not drawn where it should be, or drawn where it should not: {page}")
        without = "without the tag"
        report.measure(
            f"{page}: more queries", "queries", found["queries"], most=0, to=without, reference=found["of_queries"]
        )
        report.measure(f"{page}: more bytes", "bytes", found["bytes"], to=without, reference=found["of_bytes"])
        report.measure(f"{page}: headers and cookies that differ", "headers", found["headers"], most=0)
        report.compare(f"{page}: CPU", "ms", found["milliseconds"], without, found["of_milliseconds"])
    return report
