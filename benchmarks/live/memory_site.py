"""shopchat's edge with everything that it does, but with stamps in memory instead of a database.

Tickets are checked, their holders looked up among the revoked ones, guards asked, heartbeats and safety reads done. A POST
to ``/publish/`` moves a topic and tells the bus, outside Django, as the references do it.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import django
from django.conf import settings

from benchmarks.live.references.wire import EVERYONE

FIRST = 10_000_000  # numbers of conversations have eight digits

if not settings.configured:
    settings.configure(
        SECRET_KEY="only for measuring, as long as a real one would be",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        SHOPCHAT={
            "BUS": {"BACKEND": "shopchat.live.bus.local.LocalBus"},
            "LIVE": {"BACKEND": "shopchat.live.stamps.DatabaseStamps"},
            # All the browsers of a load client have one address.
            "STREAM": {"PER_ADDRESS": 20_000},
        },
    )
    django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402 settings come first
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402

from shopchat.asgi import with_live  # noqa: E402
from shopchat.live import tickets  # noqa: E402
from shopchat.live.bus.base import bus  # noqa: E402
from shopchat.live.guards import register_guard  # noqa: E402
from shopchat.live.sources import register_source  # noqa: E402

counts: defaultdict[str, int] = defaultdict(int)


def read(topics: Sequence[str]) -> Mapping[str, str]:
    """The stamps: how often each topic moved."""
    return {topic: str(counts.get(topic, 0)) for topic in topics}


def revoked(topics: Sequence[str]) -> Mapping[str, str]:
    """Nobody's ticket is revoked, but each one is looked up."""
    return dict.fromkeys(topics, "")


def entitled(holders: Sequence[str]) -> set[str]:
    """Nobody has lost a permission."""
    return set()


register_source("conversation", read, instant=True)
register_source(EVERYONE, read, instant=True)
register_source("revoked", revoked, instant=True)
register_guard("account", entitled)


def ticket(number: int) -> str:
    """What the page of a customer is given, and a topic that everybody shares."""
    topics = (f"conversation.{FIRST + number}", f"typing.{FIRST + number}.operator", EVERYONE)
    return tickets.issue(topics, holders=(f"session.{number:032x}", f"account.{number}"))


def empty(request: HttpRequest) -> HttpResponse:
    """The least that a Django view can do."""
    return HttpResponse(status=204)


urlpatterns = [path("chat/live/", include("shopchat.urls")), path("empty/", empty)]


async def outside(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """Whatever the edge does not answer: publishing, and Django for the rest."""
    if scope["type"] != "http" or scope["path"] != "/publish/":
        await django_application(scope, receive, send)  # type: ignore[arg-type]  # the same in other words
        return
    while (await receive()).get("more_body"):
        pass
    number = scope["query_string"].partition(b"=")[2].decode()
    topic = number if number == EVERYONE else f"conversation.{number}"
    counts[topic] += 1
    bus().publish([topic])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


django_application = get_asgi_application()
application = with_live(outside)
