"""Guards: whether those to whom a ticket was given may still hold it.

A revocation is an event that somebody causes (a log-out); a guard looks at what is true now (the account is closed, the
permission is gone), however it came about. Guards cost queries, so polls do not ask them; streams do, every few seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

Guard = Callable[[Sequence[str]], set[str]]
_guards: dict[str, Guard] = {}


def register_guard(prefix: str, guard: Guard) -> None:
    """Say who of the holders ``prefix.…`` is no longer entitled.

    ``guard`` gets holders, any number of them, and answers with those whose tickets must die. It looks at all of them
    with one query or two.
    """
    _guards[prefix] = guard


def is_guarded(holder: str) -> bool:
    """Whether there is a guard to ask about it."""
    return holder.partition(".")[0] in _guards


def fallen(holders: Iterable[str]) -> set[str]:
    """Those of the holders that are no longer entitled. Holders without a guard always are."""
    by_prefix: dict[str, list[str]] = defaultdict(list)
    for holder in sorted(set(holders)):
        by_prefix[holder.partition(".")[0]].append(holder)
    found: set[str] = set()
    for prefix, theirs in by_prefix.items():
        if (guard := _guards.get(prefix)) is not None:
            found |= guard(theirs)
    return found
