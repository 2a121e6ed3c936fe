"""Who gets into the desk's views, and how a conversation is found from there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.debug import sensitive_post_parameters

from shopchat.conversations import access
from shopchat.conversations.models import Conversation
from shopchat.live.answers import MARKER
from shopchat.operators.roster import may_answer, operator_for

View = Callable[..., HttpResponseBase]


def for_operators(view: View) -> View:
    """Let in who may answer and hand the view their operator; anybody else gets Wagtail's own refusal.

    The verbs of the domain open their own transactions: an answer must not leave before what it says is stored, and with
    ``ATOMIC_REQUESTS`` it would. What was posted is kept out of Django's reports of errors.
    """

    @sensitive_post_parameters()
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_answer(request.user):
            raise PermissionDenied
        response = view(request, operator_for(request.user), *args, **kwargs)
        response.headers[MARKER[0]] = MARKER[1]
        return response

    return transaction.non_atomic_requests(guarded)


def find(request: HttpRequest, number: str) -> Conversation:
    """The conversation with this number among those that the user may work on. Raises ``Http404``."""
    if not (number.isascii() and number.isdecimal()):  # PostgreSQL would object to a NUL instead of finding nothing
        raise Http404
    permitted = access.for_operator(request.user).select_related("assignee", "contact__user", "inbox")
    return get_object_or_404(permitted, number=number)
