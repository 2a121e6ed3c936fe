"""How many of how many, and how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean, median

# Below this a share says more about chance than about the shop.
FEW = 20


@dataclass(frozen=True)
class Share:
    """``part`` of ``whole``."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        """Rounded; ``None`` of nothing. Only all are 100 and only none are 0."""
        if not self.whole:
            return None
        rounded = round(100 * self.part / self.whole)
        return rounded if self.part in (0, self.whole) else min(max(rounded, 1), 99)

    @property
    def is_of_few(self) -> bool:
        """Whether so few were counted that one more would change the percentage a lot."""
        return 0 < self.whole < FEW


@dataclass(frozen=True)
class Wait:
    """How long ``count`` of them waited. Half of them waited no longer than the median; the mean shows the outliers."""

    count: int = 0
    median: timedelta | None = None
    mean: timedelta | None = None

    @property
    def is_of_few(self) -> bool:
        return 0 < self.count < FEW


def waited(waits: Sequence[timedelta]) -> Wait:
    """The median and the mean of these."""
    if not waits:
        return Wait()
    seconds = [wait.total_seconds() for wait in waits]
    return Wait(len(seconds), timedelta(seconds=median(seconds)), timedelta(seconds=mean(seconds)))
