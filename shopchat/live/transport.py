"""Which way pages learn of news: by a stream where one can be had, else by polling."""

from django.urls import reverse

from shopchat.conf import settings

_served = False


def serving() -> None:
    """This process serves streams itself. Called when the first request passes through ``shopchat.asgi``."""
    global _served  # noqa: PLW0603 a fact about the process
    _served = True


def stream_url() -> str:
    """The address of the stream for scripts, empty where they should poll."""
    enabled = settings.STREAM["ENABLED"]
    return reverse("shopchat:stream") if (_served if enabled is None else enabled) else ""
