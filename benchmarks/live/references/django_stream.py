"""Django's own way: an async view with a ``StreamingHttpResponse`` behind the standard middleware; and an empty view."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import django
from django.conf import settings

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

if not settings.configured:
    settings.configure(
        SECRET_KEY="only for measuring, as long as a real one would be",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        MIDDLEWARE=MIDDLEWARE,
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402 settings come first
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from benchmarks.live.references.wire import EVERYONE, Counter  # noqa: E402

queues: defaultdict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)
counter = Counter()


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """A stream of events."""
    return StreamingHttpResponse(_events(request.GET["topic"]), content_type="text/event-stream")


async def _events(topic: str) -> AsyncIterator[bytes]:
    mine: asyncio.Queue[bytes] = asyncio.Queue()
    queues[topic].add(mine)
    queues[EVERYONE].add(mine)
    try:
        yield counter.first(topic)
        while True:
            yield await mine.get()
    finally:
        queues[topic].discard(mine)
        queues[EVERYONE].discard(mine)


@csrf_exempt
async def publish(request: HttpRequest) -> HttpResponse:
    """Wake the streams of a topic."""
    topic = request.GET["topic"]
    event = counter.next(topic)
    for queue in queues[topic]:
        queue.put_nowait(event)
    return HttpResponse(status=204)


def empty(request: HttpRequest) -> HttpResponse:
    """The least that a Django view can do."""
    return HttpResponse(status=204)


urlpatterns = [path("stream/", stream), path("publish/", publish), path("empty/", empty)]
application = get_asgi_application()
