"""What a run proved: the ledgers of those who wrote against what those who read have seen."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Seen = Sequence[tuple[int, str]]
"""What one conversation's reader received, in this order: place and message."""


@dataclass(frozen=True)
class Verdict:
    """``never_written`` counts what was rolled back, ``misplaced`` what came in another conversation."""

    sent: int
    received: int
    lost: int
    double: int
    disordered: int
    never_written: int
    misplaced: int


def judge(committed: Mapping[str, str], seen: Mapping[str, Seen]) -> Verdict:
    """``committed`` is message to conversation, ``seen`` is conversation to what its reader received."""
    copies = Counter(message for received in seen.values() for _seq, message in received)
    wrong_place = sum(
        committed.get(message, conversation) != conversation
        for conversation, received in seen.items()
        for _seq, message in received
    )
    return Verdict(
        sent=len(committed),
        received=sum(copies.values()),
        lost=sum(message not in copies for message in committed),
        double=sum(count - 1 for count in copies.values()),
        disordered=sum(_falls([seq for seq, _message in received]) for received in seen.values()),
        never_written=sum(count for message, count in copies.items() if message not in committed),
        misplaced=wrong_place,
    )


def missing(committed: Iterable[str], seen: Iterable[str]) -> int:
    """How many a reader never saw."""
    return len(set(committed) - set(seen))


def _falls(numbers: Sequence[int]) -> int:
    """How often a number does not exceed all before it; a repeated one is counted as double, not here."""
    falls, highest, known = 0, -1, set()
    for number in numbers:
        falls += number < highest and number not in known
        known.add(number)
        highest = max(highest, number)
    return falls
