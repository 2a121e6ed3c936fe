"""The table in the documentation. Each benchmark runs in a process of its own, and its last result is kept."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import line, machine, versions

KEPT = Path(__file__).resolve().parent.parent / ".cache" / "benchmarks"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->"


def run(names: Sequence[str], order: Sequence[str], *, page: Path, quick: bool) -> int:
    """Run the benchmarks, keep what they found, and write the table of everything that is kept. 1 if one missed a goal."""
    KEPT.mkdir(parents=True, exist_ok=True)
    missed = False
    for name in names:
        result = _measure(name, quick)
        _show(result)
        missed |= bool(result["faults"]) or any(figure["ok"] is False for figure in result["figures"])
        (KEPT / f"{name}.json").write_text(json.dumps(result))
    kept = [json.loads(path.read_text()) for name in order if (path := KEPT / f"{name}.json").exists()]
    write(page, kept)
    return int(missed)


def write(page: Path, results: list[dict[str, Any]]) -> None:
    """Replace what stands between the page's two marks."""
    before, _begin, rest = page.read_text().partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page} has no place for the table: {BEGIN.strip()} … {END}")
    page.write_text(f"{before}{BEGIN}\n{as_markdown(results)}\n{end}{after}")


def as_markdown(results: list[dict[str, Any]]) -> str:
    """The results as tables, one for each benchmark."""
    head = f"Measured on {machine()}; {versions()}.\n"
    return head + "".join(f"\n{_section(result)}" for result in results)


def _measure(name: str, quick: bool) -> dict[str, Any]:
    print(f"{name} …", flush=True)
    command = [sys.executable, "-m", "benchmarks", name, "--json", *(["--quick"] if quick else [])]
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    try:
        found: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        found = {"name": name, "ok": False, "figures": [], "faults": [f"it ended with status {ended.returncode}"]}
    return found | {"measured_on": datetime.now(UTC).date().isoformat(), "quick": quick}


def _show(result: dict[str, Any]) -> None:
    for figure in result["figures"]:
        print(f"  {line(figure)}", flush=True)
    for fault in result["faults"]:
        print(f"  NOT TO BE BELIEVED: {fault}", flush=True)


def _section(result: dict[str, Any]) -> str:
    short = ", a short run that proves little" if result["quick"] else ""
    parts = [f"## `{result['name']}`\n", f"Measured on {result['measured_on']}{short}.\n"]
    parts += [f"**Not to be believed:** {fault}.\n" for fault in result["faults"]]
    if result["figures"]:
        rows = [_row(figure) for figure in result["figures"]]
        head = "| figure | measured | reference | ratio | goal | |\n| --- | --- | --- | --- | --- | --- |"
        parts.append("\n".join([head, *rows]) + "\n")
    return "\n".join(parts)


def _row(figure: dict[str, Any]) -> str:
    if figure["not_run"]:
        return f"| {figure['name']} | not run: {figure['not_run']} | | | | |"
    between = f" ({_number(figure['lowest'])}–{_number(figure['highest'])})" if figure["lowest"] is not None else ""
    has_ratio = figure["ratio"] is not None
    value = f"{_number(figure['value'])} {figure['unit']}" + ("" if has_ratio else between)
    reference = "" if figure["reference"] is None else f"{figure['reference_name']}: {_number(figure['reference'])}"
    ratio = f"{_number(figure['ratio'])}{between}" if has_ratio else ""
    goal = "" if figure["goal"] is None else f"{figure['direction']} {_number(figure['goal'])}"
    verdict = "" if figure["goal"] is None else "reached" if figure["ok"] else "**missed**"
    return f"| {figure['name']} | {value} | {reference} | {ratio} | {goal} | {verdict} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
