"""How much is measured: all of it, or just enough to see that everything works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """``streams`` are measured one after the other; ``crowd`` is how many hold a stream while messages go over a database."""

    streams: tuple[int, ...]
    packages: int
    crowd: int
    rounds: int
    window: float
    rest: float
    idle: float
    settling: float


FULL = Sizes(
    streams=(1000, 5000, 10_000), packages=5000, crowd=5000, rounds=7, window=1.5, rest=5, idle=35, settling=0.3
)
QUICK = Sizes(streams=(60,), packages=40, crowd=40, rounds=1, window=0.3, rest=0.2, idle=1, settling=0.1)
