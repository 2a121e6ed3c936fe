"""Tickets: signed permission to learn that certain topics moved, checked without session or database.

A ticket is given out by an ordinary view after the ordinary permission check, names its topics, and is valid for minutes.
It opens nothing: who holds one learns when something happened, never what. It also names its *holders*, opaque words for
the log-in, the browser's key, the account that it was given to: when one of them is revoked, the ticket is dead at once.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.core import signing

SALT = "shopchat.live.ticket"
VALID_SECONDS = 15 * 60
REVOKED = "revoked"  # a holder's topic is ``revoked.<holder>``; its stamp, where there is one, is in Unix time, too


class BadTicket(Exception):
    """The ticket is forged, cut short or too old: ask the page for a new one."""


@dataclass(frozen=True)
class Ticket:
    """What a ticket says. ``issued_at`` is in whole seconds of Unix time."""

    topics: tuple[str, ...]
    holders: tuple[str, ...]
    issued_at: int


def issue(topics: Iterable[str], *, holders: Iterable[str] = ()) -> str:
    """A ticket for these topics, valid for ``VALID_SECONDS`` from now unless one of its holders is revoked."""
    return signing.dumps([list(topics), list(holders)], salt=SALT, compress=False)


def read(ticket: str, *, again: bool = True) -> Ticket:
    """What a ticket says, if it is ours and not too old. Raises :class:`BadTicket`. Says nothing about revocations.

    ``again`` says that it will be shown again soon and is worth remembering.
    """
    found = (_remembered if again else _verified)(ticket)
    if time.time() - found.issued_at > VALID_SECONDS:
        raise BadTicket
    return found


def revocations(ticket: Ticket) -> tuple[str, ...]:
    """The topics whose stamps decide whether the ticket still holds."""
    return tuple(f"{REVOKED}.{holder}" for holder in ticket.holders)


def is_revoked(ticket: Ticket, stamps: Mapping[str, str]) -> bool:
    """Whether one of its holders was revoked since it was issued. ``stamps`` are those of :func:`revocations`."""
    return any(is_void(ticket.issued_at, stamps.get(topic)) for topic in revocations(ticket))


def is_void(issued_at: int, stamp: str | None) -> bool:
    """Whether what a holder got at that second is void. ``stamp`` is that of its revocation, empty where there is none."""
    return issued_at <= int(stamp) if stamp else False


def _verified(ticket: str) -> Ticket:
    try:
        topics, holders = signing.loads(ticket, salt=SALT)
        issued_at = signing.b62_decode(ticket.rsplit(":", 2)[1])
    except (signing.BadSignature, ValueError, TypeError, IndexError) as error:
        raise BadTicket from error
    return Ticket(tuple(map(str, topics)), tuple(map(str, holders)), issued_at)


# A page that polls asks with the same one every few seconds.
_remembered = lru_cache(maxsize=4096)(_verified)
