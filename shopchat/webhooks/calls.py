"""What a provider of telephony tells of its calls.

Order matters: size, account, signature over what was received, and only then what it says. Whoever has no secret learns
nothing and leaves nothing behind.
"""

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from shopchat.callbacks import accounts, calling
from shopchat.callbacks.models import TelephonyAccount
from shopchat.telephony.base import BadSignature, Telephony

logger = logging.getLogger(__name__)

MAX_BYTES = 65_536


@csrf_exempt
@never_cache
@transaction.non_atomic_requests
@sensitive_post_parameters()
@sensitive_variables()
def calls(request: HttpRequest, secret: str) -> HttpResponse:
    """One account's address: GET is the provider asking whether it is, POST an event."""
    account = TelephonyAccount.objects.select_related("inbox").filter(secret=secret).first()
    if account is None:
        return answer(404)
    if request.method not in ("GET", "POST"):
        return answer(405)
    try:
        telephony = accounts.opened(account)
        return _greet(request, telephony) if request.method == "GET" else _listen(request, account, telephony)
    except accounts.Unusable as unusable:
        logger.error("Telephony account %s cannot be used: %s", account.pk, unusable.code)  # noqa: TRY400
        return answer(503)
    except BadSignature:
        logger.warning("An event for telephony account %s was not signed by its provider", account.pk)
        return answer(403)
    except Exception as error:
        # Left to Django it would be reported together with the address and what was sent.
        logger.error("An event for telephony account %s failed (%s)", account.pk, type(error).__name__)  # noqa: TRY400
        return answer(500)


def _greet(request: HttpRequest, telephony: Telephony) -> HttpResponse:
    echo = telephony.handshake(request.GET.dict())
    return answer(405) if echo is None else answer(200, echo)


@sensitive_variables()
def _listen(request: HttpRequest, account: TelephonyAccount, telephony: Telephony) -> HttpResponse:
    body = body_of(request)
    if body is None:
        return answer(413)
    # As the provider was told it. Behind a proxy the request's own scheme, host and port are others, and its Host is
    # whatever the sender has written.
    query = request.META.get("QUERY_STRING", "")
    url = accounts.webhook_url(account) + (f"?{query}" if query else "")
    for event in telephony.parse(request.headers, body, request.GET.dict(), url):
        calling.apply(event, account)
    return answer(200)


def body_of(request: HttpRequest, most: int = MAX_BYTES) -> bytes | None:
    """What was sent; ``None`` if it is more than any event is."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > most:
        return None
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None
    return body if len(body) <= most else None


def answer(status: int, text: str = "") -> HttpResponse:
    """A plain answer of which nothing is logged."""
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    # Django would log the address of what it calls a client's error, and the address holds the account's secret.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response
