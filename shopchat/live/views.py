"""What plain Django answers where ``shopchat.wsgi`` or ``shopchat.asgi`` does not stand in front of it."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from shopchat.live.answers import Answer, refusal
from shopchat.live.polling import answer


@transaction.non_atomic_requests  # with ATOMIC_REQUESTS a poll would open a transaction, on SQLite even lock the database
@require_GET
def poll(request: HttpRequest) -> HttpResponse:
    """204 when nothing moved, 200 with the stamps, 403 for a bad ticket. Touches neither session nor database."""
    result = answer(request.GET.get("ticket", ""), request.headers.get("If-None-Match", ""))
    return _response(result)


@transaction.non_atomic_requests
@require_GET
def stream(request: HttpRequest) -> HttpResponse:
    """503: a stream inside Django would cost a thread for each browser. The page goes on polling."""
    return _response(refusal(503, "no stream is served here", retry_after=600))


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
