"""Where a customer is, read from their request by an adapter that has one."""

from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.translation import get_language

from shopchat.stores.base import user_id_of
from shopchat.stores.moving import Surroundings

PHONES = ("mobi", "android", "iphone")
ROBOTS = (
    "bot",
    "crawl",
    "spider",
    "slurp",
    "headless",
    "preview",
    "curl",
    "wget",
    "python",
    "java/",
    "scan",
    "monitor",
)


def surroundings_of(request: HttpRequest, *, currency: str = "") -> Surroundings:
    """Asks the database nothing that the request's user has not asked already."""
    agent = request.headers.get("User-Agent", "").casefold()
    return Surroundings(
        host=_host(request),
        language=get_language() or "",
        currency=currency,
        device=("phone" if any(word in agent for word in PHONES) else "desktop") if agent else "",
        source=_source(request).replace("\0", "")[:64],
        by_hand=request.method == "POST" and bool(agent) and not any(word in agent for word in ROBOTS),
        is_staff=user_id_of(request) is not None and bool(getattr(request.user, "is_staff", False)),
    )


def _host(request: HttpRequest) -> str:
    try:
        return request.get_host()
    except DisallowedHost:
        return ""


def _source(request: HttpRequest) -> str:
    """``utm_source`` of the page, or of the page before: a form's address rarely has one."""
    query = request.META.get("QUERY_STRING", "") or urlsplit(request.headers.get("Referer", "")).query
    return next(iter(parse_qs(query).get("utm_source", [])), "")
