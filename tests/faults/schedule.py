"""Which faults come, in which order: decided by the seed alone, so that a run can be repeated."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.running import Wanted

# Of every browser's way to the site. Those of single requests are aimed at messages on their way.
FRONT = ("cut:front", "refuse:front", "blackhole:front")
SENDS = ("half:send", "swallow:send", "halve:send", "duplicate:send", "late:send", "portal:send", "delay:send")
CROWDS = ("burst:send", "burst:first", "swallow:first")
WEB = ("kill:web", "pause:web")
WORKER = ("kill:worker", "pause:worker")
HINTS = ("drop:hints",)
SERVERS = ("kill:db", "cut:db", "refuse:db", "blackhole:db")
REDIS = ("kill:redis", "refuse:redis", "blackhole:redis")


@dataclass(frozen=True)
class Fault:
    """One fault. ``seconds`` is how long it lasts, or by how much it delays."""

    kind: str
    seconds: float

    @property
    def does(self) -> str:
        return self.kind.partition(":")[0]

    @property
    def to(self) -> str:
        return self.kind.partition(":")[2]


def kinds_for(wanted: Wanted) -> list[str]:
    """What can happen to such a site."""
    kinds = [*FRONT, *SENDS, *CROWDS, *WEB, *HINTS]
    kinds += WORKER if wanted.worker else ()
    kinds += SERVERS if wanted.database != "sqlite" else ("lock:db",)
    kinds += REDIS if wanted.redis else ()
    kinds += ("kill:one-web",) if wanted.layout != "uvicorn" else ()
    kinds += ("kill:edge",) if wanted.layout == "gunicorn-edge" else ()
    return kinds


def schedule(wanted: Wanted, *, only: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Endless: all kinds in a random order, then all again in another."""
    rng = random.Random(f"{wanted.seed}/{wanted.database}/{wanted.layout}/{wanted.redis}")
    kinds = list(only) or kinds_for(wanted)
    while True:
        for kind in rng.sample(kinds, len(kinds)):
            yield Fault(kind, round(rng.uniform(0.4, 1.6), 2))
