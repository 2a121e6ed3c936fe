"""The command: lists the benchmarks, runs some of them or all, writes the table of the documentation."""

import argparse
import ast
import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import table
from benchmarks.report import Report

NAMES = ("live", "lossless", "polling", "messages", "scale", "callbacks", "carts", "jobs", "widget", "host")
ALL = "all"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones, or “all”; without any, all are listed")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line for each")
    parser.add_argument(
        "--quick", action="store_true", help="seconds instead of minutes: shows the form, proves little"
    )
    parser.add_argument("--table", type=Path, metavar="PAGE", help="keep the results and write the table in this page")
    options = parser.parse_args()
    names = list(NAMES) if ALL in options.names else options.names
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if not names:
        print("\n".join(f"{name}: {purpose(name)}" for name in NAMES))
        return 0
    if options.table:
        return table.run(names, NAMES, page=options.table, quick=options.quick)
    reports = [run(name, quick=options.quick, as_json=options.json) for name in names]
    if any(report.missed for report in reports):
        return 1
    return 0 if all(report.ok for report in reports) else 3


def purpose(name: str) -> str:
    """The first line of a benchmark's docstring. Read, not imported: some configure Django for themselves."""
    module = Path(__file__).with_name(f"{name}.py")
    source = (module if module.exists() else module.with_suffix("") / "__init__.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def run(name: str, *, quick: bool, as_json: bool) -> Report:
    is_package = Path(__file__).with_name(name).is_dir()
    module = import_module(f"benchmarks.{name}.running" if is_package else f"benchmarks.{name}")
    report: Report = module.run(quick=quick)
    print(json.dumps(report.as_dict()) if as_json else report.as_text(), flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main())
