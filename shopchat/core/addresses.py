"""The network address of a request, for limits only; it is never stored."""

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest, *, trusted_proxies: int) -> str:
    """The address as text. ``X-Forwarded-For`` counts only as far as the shop's own proxies have appended to it."""
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return forwarded_address(str(request.META.get("REMOTE_ADDR", "")), forwarded, trusted_proxies=trusted_proxies)


def forwarded_address(peer: str, forwarded: str, *, trusted_proxies: int) -> str:
    """The same from the address of the connection and the value of ``X-Forwarded-For``."""
    parts = [part.strip() for part in forwarded.split(",") if part.strip()] if trusted_proxies else []
    return parts[-min(trusted_proxies, len(parts))] if parts else peer


def anonymous_key(address: str) -> str:
    """A keyed hash of an address: a limit can be counted on it, the address cannot be read back.

    Of IPv6 the first 64 bits count: whoever has one such address has all that begin like it.
    """
    return hmac.new(settings.SECRET_KEY.encode(), subscriber(address).encode(), hashlib.sha256).hexdigest()[:32]


def subscriber(address: str) -> str:
    """What stands for whoever has the address: of IPv6 the first 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket, or whatever a proxy has written
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or f"{parsed.packed[:8].hex()}/64")
