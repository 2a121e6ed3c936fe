"""Whether those who were approached bought more often than those who were left alone, and how sure that is.

The interval is Newcombe's for the difference of two independent proportions (method 10, from Wilson's score intervals; R. G.
Newcombe, Statistics in Medicine 17, 1998), at 95 %. It holds for small groups and for none who bought, unlike the usual one.
"""

from dataclasses import dataclass
from enum import Enum
from math import ceil, sqrt
from statistics import NormalDist

from shopchat.reports.shares import FEW, Share

CONFIDENCE = 0.95
# How often a difference that is there shall be found.
POWER = 0.8
# A difference below five of a hundred is not worth knowing to a small shop: it would take years to be sure of it.
WORTH_KNOWING = 0.05
USUAL_HOLDOUT = 0.1

_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_Z_POWER = NormalDist().inv_cdf(POWER)


class Answer(Enum):
    """What can be said."""

    MORE = "more"
    FEWER = "fewer"
    NO_DIFFERENCE = "no_difference"  # none that would be worth knowing
    CANNOT_SAY = "cannot_say"


@dataclass(frozen=True)
class Difference:
    """Of the rate of those who were approached, ``treated``, from that of those who were ``left_alone``.

    ``difference``, ``low`` and ``high`` are fractions; ``None`` while one of the groups is empty. ``people_needed``: how many
    more there have to be, in both groups together, before something can be said.
    """

    treated: Share
    left_alone: Share
    difference: float | None
    low: float | None
    high: float | None
    answer: Answer
    people_needed: int = 0

    @property
    def more_orders(self) -> int | None:
        """How many of those who were approached would not have bought otherwise, on the average."""
        return None if self.difference is None else round(self.difference * self.treated.whole)


def difference(treated: Share, left_alone: Share) -> Difference:
    """Compare two groups of people."""
    if not treated.whole or not left_alone.whole:
        needed = max(people_needed(treated, left_alone) - treated.whole - left_alone.whole, 1)
        return Difference(treated, left_alone, None, None, None, Answer.CANNOT_SAY, needed)
    low, high = newcombe(treated, left_alone)
    apart = treated.part / treated.whole - left_alone.part / left_alone.whole
    missing = people_needed(treated, left_alone) - treated.whole - left_alone.whole
    answer = _answer(low, high, missing, min(treated.whole, left_alone.whole))
    needed = max(missing, 1) if answer is Answer.CANNOT_SAY else 0
    return Difference(treated, left_alone, apart, low, high, answer, needed)


def wilson(share: Share) -> tuple[float, float]:
    """The interval of one proportion."""
    n, p = share.whole, share.part / share.whole
    centre = p + _Z**2 / (2 * n)
    spread = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    below = 1 + _Z**2 / n
    return max((centre - spread) / below, 0.0), min((centre + spread) / below, 1.0)


def newcombe(first: Share, second: Share) -> tuple[float, float]:
    """The interval of ``first`` less ``second``."""
    p1, p2 = first.part / first.whole, second.part / second.whole
    (low1, high1), (low2, high2) = wilson(first), wilson(second)
    low = p1 - p2 - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    high = p1 - p2 + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return low, high


def people_needed(treated: Share, left_alone: Share) -> int:
    """How many people, in both groups together, show a difference like the one seen, but at least one worth knowing.

    With the groups as unequal as they are, and rates that are no more certain than so few people make them.
    """
    both = treated.whole + left_alone.whole
    alone = left_alone.whole / both if treated.whole and left_alone.whole else USUAL_HOLDOUT
    p1, p2 = _cautious(treated), _cautious(left_alone)
    apart = max(abs(p1 - p2), WORTH_KNOWING)
    spread = p1 * (1 - p1) / (1 - alone) + p2 * (1 - p2) / alone
    return max(ceil((_Z + _Z_POWER) ** 2 * spread / apart**2), ceil(FEW / min(alone, 1 - alone)))


def _cautious(share: Share) -> float:
    """As if one more had bought and one more had not: never quite 0 or 1."""
    return (share.part + 1) / (share.whole + 2)


def _answer(low: float, high: float, missing: int, smaller: int) -> Answer:
    if smaller < FEW:
        return Answer.CANNOT_SAY
    if low > 0:
        return Answer.MORE
    if high < 0:
        return Answer.FEWER
    return Answer.CANNOT_SAY if missing > 0 else Answer.NO_DIFFERENCE
