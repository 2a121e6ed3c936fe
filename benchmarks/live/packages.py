"""Fan-out beside the packages that shops use for it today: django-eventstream and Channels."""

import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from benchmarks import services
from benchmarks.live import plans, windows
from benchmarks.live.clients import Failed, client
from benchmarks.live.servers import uvicorn
from benchmarks.live.sizes import Sizes
from benchmarks.report import Report

EVENTSTREAM, CHANNELS, EDGE = "django-eventstream", "Channels, Redis", "shopchat"


def measure(report: Report, sizes: Sizes, folder: Path) -> None:
    _beside(report, sizes, folder, EVENTSTREAM, "eventstream_site", 15, _why_no_eventstream())
    _beside(report, sizes, folder, CHANNELS, "channels_site", 30, _why_no_channels())


def _beside(report: Report, sizes: Sizes, folder: Path, name: str, site: str, times: float, reason: str) -> None:
    streams = sizes.packages
    title = f"CPU for each stream of a broadcast to {streams:,}"
    if reason:
        report.not_run(f"{title}, beside {name}", reason)
        return
    with ExitStack() as stack:
        redis = {"SHOPCHAT_BENCHMARK_REDIS": services.redis_url()}
        theirs = stack.enter_context(uvicorn(f"benchmarks.live.references.{site}:application", redis, quiet=True))
        ours = stack.enter_context(uvicorn("benchmarks.live.memory_site:application", {}))
        plan = plans.plain(theirs.port, streams, websocket=name == CHANNELS)
        variants = {
            name: (theirs, stack.enter_context(client(plan, folder, site))),
            EDGE: (ours, stack.enter_context(client(plans.ticketed(ours.port, streams), folder, f"{site}-edge"))),
        }
        try:
            for _server, load in variants.values():
                load.open(streams)
        except Failed as error:
            report.not_run(f"{title}, beside {name}", str(error)[:200])
            return
        time.sleep(sizes.settling)
        spent = windows.fan_out(report, variants, ours=EDGE, streams=streams, rounds=sizes.rounds)
        for _server, load in variants.values():
            load.do("close")
    # How many times cheaper ours is.
    report.compare(title, "µs", spent[EDGE], name, spent[name], most=round(1 / times, 4))


def _why_no_eventstream() -> str:
    return "" if find_spec("django_eventstream") else "the package django-eventstream is not installed"


def _why_no_channels() -> str:
    if not find_spec("channels") or not find_spec("channels_redis"):
        return "the packages channels and channels-redis are not installed"
    return services.why_no_redis()
