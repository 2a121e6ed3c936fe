"""Delivery, memory, fan-out and polls of the edge without a database, beside servers that do nothing else."""

import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.live import plans, windows
from benchmarks.live.clients import Client, client
from benchmarks.live.servers import Process, module, uvicorn
from benchmarks.live.sizes import Sizes
from benchmarks.processes import HOST
from benchmarks.report import Report

EDGE, QUEUE, DIRECT, RAW, DJANGO = (
    "shopchat",
    "bare ASGI, queue for each stream",
    "bare ASGI without queues",
    "raw sockets",
    "Django async view",
)
REFERENCES = "benchmarks.live.references"
FEW = 20
BIG = 5000

Variants = dict[str, tuple[Process, Client]]


def measure(report: Report, sizes: Sizes, folder: Path) -> None:
    with ExitStack() as stack:
        variants = _start(stack, sizes, folder)
        _polls(report, sizes, variants)
        few = _few(sizes, variants)
        for streams in sizes.streams:
            for name, (_server, load) in variants.items():
                if name != DJANGO or streams <= BIG:
                    load.open(streams)
            time.sleep(sizes.rest)
            _memory(report, variants, few, streams)
            if DJANGO in variants and streams >= min(BIG, sizes.streams[-1]):
                _stop_django(variants)
            _delivery(report, sizes, variants, streams)
            if streams >= min(BIG, sizes.streams[-1]):
                _fan_out(report, sizes, variants, streams)


def _start(stack: ExitStack, sizes: Sizes, folder: Path) -> Variants:
    most = sizes.streams[-1]
    started = {
        RAW: stack.enter_context(module(f"{REFERENCES}.raw", {})),
        QUEUE: stack.enter_context(uvicorn(f"{REFERENCES}.bare_queue:application", {}, quiet=True)),
        DIRECT: stack.enter_context(uvicorn(f"{REFERENCES}.bare_direct:application", {}, quiet=True)),
        EDGE: stack.enter_context(uvicorn("benchmarks.live.memory_site:application", {})),
        DJANGO: stack.enter_context(uvicorn(f"{REFERENCES}.django_stream:application", {}, quiet=True)),
    }
    variants: Variants = {}
    for number, (name, server) in enumerate(started.items()):
        plan = (plans.ticketed if name == EDGE else plans.plain)(server.port, most)
        variants[name] = server, stack.enter_context(client(plan, folder, str(number)))
    return variants


def _few(sizes: Sizes, variants: Variants) -> dict[str, int]:
    """Resident bytes with twenty streams, after a second of traffic."""
    for _server, load in variants.values():
        load.open(FEW)
        load.do("window", rate=50, seconds=min(1, sizes.window), patience=5)
    time.sleep(sizes.rest)
    return {name: server.memory() for name, (server, _load) in variants.items()}


def _memory(report: Report, variants: Variants, few: dict[str, int], streams: int) -> None:
    size = {
        name: (server.memory() - few[name]) / (streams - FEW) / 1024
        for name, (server, _load) in variants.items()
        if name != DJANGO or streams <= BIG
    }
    title = f"memory of an idle stream, {streams:,} streams"
    report.measure(title, "KB", size[EDGE], most=12, to=RAW, reference=size[RAW])
    for name, most in ((QUEUE, 0.75), (DIRECT, 1.2), (DJANGO, 0.2)):
        if size.get(name, 0) > 0:
            report.compare(title, "KB", [size[EDGE]], name, [size[name]], most=most)


def _stop_django(variants: Variants) -> None:
    """Its thousands of threads are in everybody's way."""
    variants.pop(DJANGO)[1].do("close")


def _delivery(report: Report, sizes: Sizes, variants: Variants, streams: int) -> None:
    loads = {name: variants[name][1] for name in (RAW, QUEUE, EDGE)}
    series = windows.in_turns(report, loads, rounds=sizes.rounds, rate=200, seconds=sizes.window)
    title = f"delivery, 1 of {streams:,} streams, 200 messages/s"
    edge, bare, raw = EDGE, QUEUE, RAW
    p99, p50 = "delivery_p99", "delivery_p50"
    report.compare(f"{title}, p99", "ms", series.of(edge, p99), bare, series.of(bare, p99), most=1.25)
    report.compare(f"{title}, p50", "ms", series.of(edge, p50), raw, series.of(raw, p50), most=1.5)
    report.compare(f"{title}, p50", "ms", series.of(edge, p50), bare, series.of(bare, p50))


def _fan_out(report: Report, sizes: Sizes, variants: Variants, streams: int) -> None:
    chosen = {name: variants[name] for name in (RAW, QUEUE, EDGE)}
    spent = windows.fan_out(report, chosen, ours=EDGE, streams=streams, rounds=sizes.rounds)
    title = f"CPU for each stream of a broadcast to {streams:,}"
    report.compare(title, "µs", spent[EDGE], QUEUE, spent[QUEUE], most=0.7)
    report.compare(title, "µs", spent[EDGE], RAW, spent[RAW], most=1.75)


def _polls(report: Report, sizes: Sizes, variants: Variants) -> None:
    edge, load = variants[EDGE]
    asks = {
        "bare ASGI": (*variants[QUEUE], {"path": "/", "headers": []}),
        "empty Django view": (*variants[DJANGO], {"path": "/empty/", "headers": []}),
        EDGE: (edge, load, _poll(edge)),
    }
    rates = windows.requests(report, asks, rounds=sizes.rounds, seconds=min(1, sizes.window))
    title, unit = "204 poll answered by the edge", "answers per CPU second"
    report.compare(title, unit, rates[EDGE], "bare ASGI", rates["bare ASGI"], least=0.5)
    report.compare(title, unit, rates[EDGE], "empty Django view", rates["empty Django view"], least=50)


def _poll(edge: Process) -> dict[str, Any]:
    """What a browser asks for that has heard everything."""
    path = plans.ticketed(edge.port, 1)["entries"][0]["path"].replace("/stream/", "/poll/")
    connection = HTTPConnection(HOST, edge.port)
    connection.request("GET", path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the first poll was answered with {answer.status}")
    return {"path": path, "headers": [f"If-None-Match: {answer.headers['ETag']}"]}
