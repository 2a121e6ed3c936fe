from collections.abc import Callable

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from shopchat.core.tokens import digest
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat_widget import languages
from shopchat_widget.callers import host_of
from shopchat_widget.launcher import assembly

MINUTES = 5


@transaction.non_atomic_requests
@require_safe
def launcher(request: HttpRequest, language: str) -> HttpResponseBase:
    """The launcher's script for this host and language: all that a page of the shop loads before somebody acts.

    The same for every visitor, so it knows neither session nor cookie and may be kept by every cache.
    """
    return _for_everybody(request, language, assembly.script)


@transaction.non_atomic_requests
@require_safe
def offer_script(request: HttpRequest, language: str) -> HttpResponseBase:
    """What the launcher loads besides, once there is something to offer. The same for every visitor, too."""
    return _for_everybody(request, language, assembly.offer_script)


def _for_everybody(request: HttpRequest, language: str, script: Callable[[Inbox, str], str]) -> HttpResponseBase:
    if language not in languages.known():
        raise Http404
    body = script(inbox_for(host_of(request)), language)
    response = HttpResponse(
        body, content_type="text/javascript; charset=utf-8", headers={"ETag": f'"{digest(body)[:32]}"'}
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    if hasattr(request, "session"):
        # Oscar's middleware looks into the session on every request; Django would then add "Vary: Cookie".
        request.session.accessed = False
    patch_cache_control(response, public=True, max_age=MINUTES * 60)
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response
