"""Channels with the Redis layer that its documentation recommends for many receivers, one consumer for each browser."""

import json
import os

import django
from django.conf import settings

from benchmarks.live.references.wire import EVERYONE

if not settings.configured:
    settings.configure(
        SECRET_KEY="only for measuring, as long as a real one would be",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["channels"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {
                    "hosts": [os.environ.get("SHOPCHAT_BENCHMARK_REDIS", "redis://127.0.0.1:6379/15")],
                    "prefix": f"shopchat-benchmark-{os.getpid()}",
                },
            }
        },
    )
    django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

count = 0


class Browser(AsyncWebsocketConsumer):
    """Hears what is sent to everyone."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(EVERYONE, self.channel_name)
        await self.accept()
        await self.send(text_data=json.dumps({"topics": {}}))

    async def moved(self, event: dict[str, str]) -> None:
        """A message of the group."""
        await self.send(text_data=json.dumps({"topics": {EVERYONE: event["stamp"]}}))


@csrf_exempt
async def publish(request: HttpRequest) -> HttpResponse:
    """Send one event to everybody."""
    global count  # noqa: PLW0603 a site of one process
    count += 1
    await get_channel_layer().group_send(EVERYONE, {"type": "moved", "stamp": str(count)})
    return HttpResponse(status=204)


urlpatterns = [path("publish/", publish)]
application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("stream/", Browser.as_asgi())])}
)
