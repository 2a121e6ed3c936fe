"""The shop under a WSGI server, the same without the storing of messages, and what polls are compared with."""

import os
from collections.abc import Callable
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"

from django.core.wsgi import get_wsgi_application

from shopchat.wsgi import with_live

django_application = get_wsgi_application()
application = with_live(django_application)


def bare(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The least that a WSGI application can do."""
    start_response("204 No Content", [])
    return [b""]


if os.environ.get("SHOPCHAT_BENCHMARK_WITHOUT_WRITE"):
    from benchmarks.shop.views import leave_out_the_write

    leave_out_the_write()
