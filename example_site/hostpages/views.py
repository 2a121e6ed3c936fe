from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt

COUNTER = "hostpages-count"


def page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    """A page without session, user or token: whatever the chat adds to it is visible.

    Without the request, so that no context processor of the store looks at the session either.
    """
    return HttpResponse(render_to_string(f"hostpages/{name}.html", context))


@csrf_exempt  # The pages hold no token, so that they stay the same for everybody.
def count(request: HttpRequest) -> HttpResponse:
    """One more for each request: a click that sends two is seen at once."""
    cache.add(COUNTER, 0, None)
    number = cache.incr(COUNTER)
    return HttpResponse(f'<output id="count">{number}</output>')


@csrf_exempt
def reset(request: HttpRequest) -> HttpResponse:
    cache.set(COUNTER, 0, None)
    return HttpResponse('<output id="count">0</output>')
