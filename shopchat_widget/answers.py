"""What every view of the chat has in common: methods, the body's limits, CSRF, language, recognition, headers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from shopchat.core.sessions import keeps_session_cookie
from shopchat_widget import languages
from shopchat_widget.callers import caller_of, cookie_name, drop_key
from shopchat_widget.policy import protect
from shopchat_widget.same_site import is_from_here

BODY_LIMIT = 64 * 1024
FIELDS_LIMIT = 50
FORM = "application/x-www-form-urlencoded"

View = Callable[..., HttpResponse]


@dataclass
class Refused(Exception):
    """The request is answered with ``status`` and ``reason``, a sentence for people. Nothing was stored.

    ``retry_after`` is in whole seconds.
    """

    status: int
    reason: str
    retry_after: int | None = None


def answers(*methods: str) -> Callable[[View], View]:
    """A view of the chat. It is called with the request, the :class:`~shopchat_widget.callers.Caller` and what the URL holds.

    It runs outside ``ATOMIC_REQUESTS``: an answer must not leave before what it reports is committed, and on SQLite a
    poll must not wait for the write lock.
    """

    def decorate(view: View) -> View:
        @csrf_protect
        def recognised(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            caller = caller_of(request)
            response = view(request, caller, *args, **kwargs)
            if caller.recognised.drop_key and cookie_name() not in response.cookies:
                drop_key(response)
            if caller.joined_scope:
                # What this browser keeps under the old scope is the account's now, whichever tab hears of it.
                response.headers["X-Shopchat-Joined"] = f"{caller.joined_scope} {caller.scope}"
            return response

        @transaction.non_atomic_requests
        @keeps_session_cookie
        @sensitive_post_parameters()  # what was written stays out of Django's reports of errors
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return protect(HttpResponseNotAllowed(methods))
            try:
                _check_body(request)
                with translation.override(_language_of(request)):
                    response = recognised(request, *args, **kwargs)
            except Http404:
                response = refusal(Refused(404, _("This conversation cannot be opened here.")))
            except Refused as refused:
                response = refusal(refused)
            # Only the CSRF check answers 403. It is the shop's page, and without our mark the browser asks for a new token.
            return response if response.status_code == 403 else protect(response)

        return answer

    return decorate


def recognises_nobody(*methods: str) -> Callable[[View], View]:
    """A view that a page of the shop asks before anybody has acted. It is called with the request and what the URL holds.

    No visitor is recognised and no cookie is set, not even one for CSRF: a POST is believed by where the browser says that it
    comes from.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @transaction.non_atomic_requests
        @keeps_session_cookie
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return protect(HttpResponseNotAllowed(methods))
            try:
                _check_origin(request)
                _check_body(request)
                with translation.override(_language_of(request)):
                    response = view(request, *args, **kwargs)
            except Refused as refused:
                response = refusal(refused)
            return protect(response)

        return answer

    return decorate


def by_link(*methods: str) -> Callable[[View], View]:
    """A page that a mail links to, called with the request and the link's token.

    Whoever holds the link may do what it says and nothing else: no visitor is recognised and nobody signed in. A mail
    program posts without cookies, so there is no CSRF token; the link itself is what only its reader knows, and it is not
    told to any page that is opened from here.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @transaction.non_atomic_requests
        @wraps(view)
        def answer(request: HttpRequest, token: str) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                response = protect(HttpResponseNotAllowed(methods))
            else:
                with translation.override(languages.asked_for(request.GET.get("lang", ""))):
                    response = protect(view(request, token))
            response.headers["Referrer-Policy"] = "no-referrer"
            # Django would write the address of a refusal into its log, and the link with it.
            response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001  (its only way to be told)
            return response

        return answer

    return decorate


def refusal(refused: Refused) -> HttpResponse:
    """The refusal as plain text."""
    response = HttpResponse(refused.reason, status=refused.status, content_type="text/plain; charset=utf-8")
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def whole_number(raw: str) -> int:
    """A cursor from a URL or a form. Raises :class:`Refused` (400) for anything but up to 18 digits."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):
        raise Refused(400, _("The message could not be sent. Please reload the page and try again."))
    return int(raw)


def _check_origin(request: HttpRequest) -> None:
    if request.method == "POST" and not is_from_here(request):
        raise Refused(403, _("The message could not be sent. Please reload the page and try again."))


def _check_body(request: HttpRequest) -> None:
    if request.method != "POST":
        return
    declared = str(request.META.get("CONTENT_LENGTH") or "")
    # The server stops at the declared length; without one the body itself is measured.
    if (int(declared) if declared.isascii() and declared.isdigit() else len(request.body)) > BODY_LIMIT:
        raise Refused(413, _("The message is too long. Shorten it or send it in parts."))
    if request.content_type != FORM:
        raise Refused(415, _("The message could not be sent. Please reload the page and try again."))
    try:
        # Django would quietly replace what is not UTF-8, and a customer's words would be stored changed.
        parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT)
        request.POST  # noqa: B018 it is read here for the first time and may object
    except (ValueError, BadRequest, SuspiciousOperation, UnreadablePostError) as error:
        raise Refused(
            400, _("The message contains a character that cannot be stored. Please type it again.")
        ) from error


def _language_of(request: HttpRequest) -> str:
    return languages.asked_for(request.GET.get("lang", "") or request.POST.get("lang", ""))
