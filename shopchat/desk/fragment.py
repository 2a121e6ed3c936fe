"""Drawing a part of the desk."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string


def fragment(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """The template ``shopchat/desk/<template>`` as an answer.

    Without the host's context processors: fragments are fetched every few seconds, and a store's processors count
    notifications and build search forms each time.
    """
    names = {**context, "csrf_token": get_token(request)}
    return HttpResponse(render_to_string(f"shopchat/desk/{template}", names), status=status)
