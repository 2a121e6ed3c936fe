"""``python -m tests.faults``: put a site under faults and say what became of every message."""

import argparse
import sys
import time

from tests.faults.databases import NAMES, can_run
from tests.faults.driver import Result, run
from tests.faults.running import LAYOUTS, Wanted

# Every database with Redis and without, every layout twice: two hundred faults.
EVERYTHING = (
    ("sqlite", "uvicorn", False, 34),
    ("sqlite", "gunicorn-edge", True, 33),
    ("postgres", "gunicorn-edge", False, 33),
    ("postgres", "uvicorn", True, 34),
    ("mariadb", "gunicorn", False, 33),
    ("mariadb", "gunicorn", True, 33),
)


def main() -> int:
    options = _options()
    print(f"seed {options.seed}", flush=True)
    if options.all:
        return _run_everything(options.seed, keep=options.keep)
    wanted = Wanted(options.database, options.layout, options.redis, options.plant, options.seed)
    result = run(wanted, faults=options.faults, only=tuple(options.only or ()), keep=options.keep, grace=options.grace)
    show(result, verbose=True)
    return 0 if result.is_clean else 1


def _run_everything(seed: int, *, keep: bool) -> int:
    print(f"{'database':10} {'layout':14} {'redis':6} {'bit':>4} {'acked':>6} {'broken':>7} {'seconds':>8}")
    failures, bitten = [], 0
    for database, layout, redis, faults in EVERYTHING:
        name = f"{database:10} {layout:14} {'yes' if redis else 'no':6}"
        if not can_run(database) or (redis and not can_run("redis")):
            print(f"{name} not run: its programs are not on this machine")
            continue
        result = run(Wanted(database, layout, redis, seed=seed), faults=faults, keep=keep)
        figures = f"{result.bitten:4} {result.acked:6} {len(result.violations):7} {result.seconds:8}"
        print(f"{name} {figures}", flush=True)
        bitten += result.bitten
        failures += [] if result.is_clean else [result]
    for result in failures:
        print(f"\n{result.wanted}")
        show(result, verbose=True)
    wanted = sum(faults for *_what, faults in EVERYTHING)
    print(f"{bitten} of {wanted} faults bit; {len(failures)} runs failed")
    return 1 if failures or bitten < wanted else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--all", action="store_true", help="two hundred faults over all databases and layouts")
    parser.add_argument("--database", choices=[name for name in NAMES if can_run(name)], default="sqlite")
    parser.add_argument("--layout", choices=LAYOUTS, default="uvicorn")
    parser.add_argument("--redis", action="store_true", help="a cache and a bus in Redis, which is then killed, too")
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument(
        "--only", action="append", metavar="KIND", help="this kind of fault alone, for instance kill:web"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--plant", default="", help="a bug of tests/faults/planted, to see it caught")
    parser.add_argument("--grace", type=float, default=40.0, help="seconds for open pages to catch up at the end")
    parser.add_argument("--keep", action="store_true", help="keep the journal and the logs")
    return parser.parse_args()


def show(result: Result, *, verbose: bool = False) -> None:
    """The result in words."""
    if verbose:
        for entry in result.entries:
            if entry["e"] == "fault":
                print(f"  {entry['kind']:16} {entry['took']:5.1f} s  {entry['bit'] or 'bit nobody'}")
    print(f"{result.bitten} faults bit, {result.acked} messages acknowledged, {result.seconds} s")
    for reason in result.problems:
        print(f"PROVES NOTHING: {reason}")
    for violation in result.violations[:40]:
        print(f"{violation.rule}: {violation.text}")
    if result.folder:
        print(f"kept in {result.folder}")


if __name__ == "__main__":
    sys.exit(main())
