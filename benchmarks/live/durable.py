"""The whole way: a customer's POST to a shop on gunicorn, its commit, the edge beside it, the browser that hears."""

import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import services
from benchmarks.live import shops, windows
from benchmarks.live.clients import Client, client
from benchmarks.live.servers import Process
from benchmarks.live.shops import Shop
from benchmarks.live.sizes import Sizes
from benchmarks.report import Report

POSTGRES, SQLITE = "PostgreSQL", "SQLite"
RATE = 50
BEHIND = 10
SAFETY_SECONDS = 1.0


def measure(report: Report, sizes: Sizes, folder: Path) -> None:
    reason = services.why_no_postgres()
    with ExitStack() as stack:
        open_shops: dict[str, tuple[Shop, Process, Client]] = {}
        database = stack.enter_context(shops.sqlite(folder / "sqlite"))
        open_shops[SQLITE] = _open(stack, SQLITE, database, shops.DATABASE_BUS, sizes, folder, sizes.crowd)
        if not reason:
            database = stack.enter_context(shops.postgres())
            most = sizes.streams[-1]
            open_shops[POSTGRES] = _open(stack, POSTGRES, database, shops.POSTGRES_BUS, sizes, folder, most)
        _whole_way(report, sizes, {name: found[2] for name, found in open_shops.items()})
        if reason:
            for what in ("delivery after the answer to the POST", "storm", "held connections and threads", "idle cost"):
                report.not_run(f"{what}, {POSTGRES}", reason)
            _without_hints(report, sizes, folder, *open_shops[SQLITE])
            return
        shop, edge, load = open_shops[POSTGRES]
        open_shops[SQLITE][2].do("close")
        _storm(report, sizes, shop, edge, load)
        _held(report, sizes, shop, edge, load)
        load.do("close")
        _without_hints(report, sizes, folder, *open_shops[POSTGRES])


def _open(
    stack: ExitStack, name: str, database: dict, bus: dict, sizes: Sizes, folder: Path, customers: int
) -> tuple[Shop, Process, Client]:
    shop = stack.enter_context(shops.shop(database, bus, folder / name, customers=customers))
    edge = stack.enter_context(shop.edge())
    load = stack.enter_context(client(shop.plan(edge, customers), folder, name))
    return shop, edge, load


def _whole_way(report: Report, sizes: Sizes, loads: dict[str, Client]) -> None:
    for load in loads.values():
        load.open(sizes.crowd)
    series = windows.in_turns(report, loads, rounds=sizes.rounds, rate=RATE, seconds=sizes.window)
    for name in sorted(loads):
        title = f"delivery after the answer to the POST, {name}, {sizes.crowd:,} streams, {RATE} messages/s"
        p50, p99 = (2, 5) if name == POSTGRES else (5, None)
        answers = series.of(name, "answer_p50"), series.of(name, "answer_p99")
        to = "the answer itself"
        report.measure(f"{title}, p50", "ms", series.of(name, "after_p50"), most=p50, to=to, reference=min(answers[0]))
        report.measure(f"{title}, p99", "ms", series.of(name, "after_p99"), most=p99, to=to, reference=min(answers[1]))


def _storm(report: Report, sizes: Sizes, shop: Shop, edge: Process, load: Client) -> None:
    load.open(sizes.crowd)
    before = shops.transactions(shop.database)
    found = load.do("storm", behind=BEHIND, patience=30)
    held = shops.connections(shop.database)
    queries = shops.transactions(shop.database) - before
    title = f"storm: {sizes.crowd:,} browsers come back at once, {BEHIND} events behind"
    report.measure(f"{title}, all resumed after", "s", found["seconds"], most=10)
    report.measure(f"{title}, not resumed", "browsers", found["of"] - found["resumed"], most=0)
    report.measure(f"{title}, database connections of the edge", "connections", held, most=2)
    report.measure(f"{title}, queries", "queries", queries, most=500)


def _held(report: Report, sizes: Sizes, shop: Shop, edge: Process, load: Client) -> None:
    load.do("close")
    time.sleep(sizes.rest)
    none = edge.threads(), shops.connections(shop.database)
    streams = sizes.streams[-1]
    load.open(streams)
    time.sleep(sizes.rest)
    begin, cpu, beats = time.monotonic(), edge.cpu_seconds(), load.do("count")["heartbeats"]
    time.sleep(sizes.idle)
    used = (edge.cpu_seconds() - cpu) / (time.monotonic() - begin) * 100
    counted = load.do("count")
    if counted["open"] < streams:
        report.fault(f"{streams - counted['open']} of {streams} idle streams were lost")
    many = edge.threads(), shops.connections(shop.database)
    title = f"at {streams:,} streams"
    report.measure(f"threads {title} beyond those at none", "threads", many[0] - none[0], most=0)
    report.measure(f"database connections {title}", "connections", many[1], most=2, to="at none", reference=none[1])
    report.measure(f"idle cost {title}, heartbeats every 15 s", "% of a core", used, most=3)
    report.measure(f"heartbeats {title}", "in all", counted["heartbeats"] - beats)


def _without_hints(report: Report, sizes: Sizes, folder: Path, shop: Shop, edge: Process, load: Client) -> None:
    with ExitStack() as stack:
        deaf = stack.enter_context(shop.edge(shops.SILENT_BUS))
        load = stack.enter_context(client(shop.plan(deaf, sizes.crowd), folder, "deaf"))
        load.open(sizes.crowd)
        loads = {"without hints": load}
        series = windows.in_turns(report, loads, rounds=sizes.rounds, rate=RATE, seconds=sizes.window, patience=5)
    lost = sum(value == float("inf") for value in series.all("without hints", "after"))
    late = series.of("without hints", "after_p99")
    report.measure("delivery after the answer without any hint, p99", "ms", late, most=SAFETY_SECONDS * 1000 + 50)
    report.measure("lost without any hint", "messages", lost, most=0)
