"""The session cookie, and requests that scripts send by themselves.

A log-in, a changed password and Wagtail's form of the account give a session a new key. A request that was on its way
meanwhile carries the old one, finds no session, and is answered by Django with the cookie's deletion. Should that answer
arrive last, it takes the new key away, and somebody who did nothing wrong is signed out. Pages seldom meet like that;
scripts that ask whenever something moved do.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Response = TypeVar("Response", bound=HttpResponseBase)


def keeps_session_cookie(view: Callable[..., Response]) -> Callable[..., Response]:
    """The view's answer never deletes the session cookie. A key that opens nothing may stay; the next page deletes it."""

    @wraps(view)
    def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        try:
            return view(request, *args, **kwargs)
        finally:
            # The middleware deletes what the request has brought along; so it has brought nothing.
            if not getattr(getattr(request, "session", None), "session_key", None):
                request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)

    return kept
