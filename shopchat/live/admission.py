"""How many streams a process keeps open, in all and for one network address."""

from collections.abc import Mapping
from typing import Any

from shopchat.conf import settings
from shopchat.core.addresses import forwarded_address, subscriber


class Admission:
    """Counts streams. An address is kept only while it has one."""

    def __init__(self) -> None:
        self._all = 0
        self._by_address: dict[str, int] = {}

    def refused(self, address: str) -> int:
        """The status code with which a further stream from this address is refused, 0 if it is not.

        Without an address (a Unix socket and no proxy that names one) there is nothing to count by.
        """
        limits = settings.STREAM
        if self._all >= limits["MAX"]:
            return 503
        return 429 if address and self._count(address) >= limits["PER_ADDRESS"] else 0

    def enter(self, address: str) -> None:
        self._all += 1
        self._by_address[address] = self._count(address) + 1

    def leave(self, address: str) -> None:
        self._all -= 1
        left = self._count(address) - 1
        if left > 0:
            self._by_address[address] = left
        else:
            self._by_address.pop(address, None)

    def _count(self, address: str) -> int:
        return self._by_address.get(address, 0)


def address_of(scope: Mapping[str, Any]) -> str:
    """Whom the stream counts for: an IPv4 address, or the half of an IPv6 address that one household has."""
    peer = str((scope.get("client") or [""])[0])
    forwarded = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    address = forwarded_address(peer, forwarded, trusted_proxies=settings.TRUSTED_PROXIES)
    return subscriber(address) if address else ""
