"""The queue of callbacks, and one request with what was done about it."""

import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton

from shopchat.callbacks import access, calling
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.results import Result
from shopchat.desk import searches
from shopchat.desk.badge import Due, due
from shopchat.desk.callbacks import OUTCOMES, countdown_words, free_days, line
from shopchat.desk.callbacks_deeds import assign_all, colleagues, do
from shopchat.desk.callbacks_listing import Asked, Queue, queue
from shopchat.desk.cursors import milliseconds
from shopchat.desk.customer import previous_conversations, waiting_callbacks
from shopchat.desk.entrance import for_operators
from shopchat.desk.fragment import fragment
from shopchat.desk.live import ticket_for
from shopchat.desk.refusals import BadField, Refusal, read_fields
from shopchat.live.transport import stream_url
from shopchat.operators.models import Operator


class _Page(WagtailAdminTemplateMixin, View):
    header_icon = "mobile-alt"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": reverse("shopchat_desk:desk"), "label": gettext_lazy("Chat")}]


class QueuePage(_Page):
    """Everybody who waits for a call, the most urgent first."""

    page_title = gettext_lazy("Callbacks")
    template_name = "shopchat/desk/callbacks/page.html"

    @property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(gettext_lazy("Chat"), reverse("shopchat_desk:desk"), icon_name="comment")]

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.get_page_title()}]

    def get(self, request: HttpRequest, operator: Operator) -> HttpResponseBase:
        try:
            found = queue(request.user, operator, Asked.of(searches.asked(request)))
        except Refusal as bad_cursor:
            return bad_cursor.as_response()
        context = {**_frame(request, operator), **_queue(request, found), "colleagues": colleagues()}
        return self.render_to_response(self.get_context_data(**context))


@for_operators
@require_POST
def search(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Look for what was typed, which is not to stand in an address."""
    place = searches.keep(request, request.POST.get("q", ""))
    return redirect(reverse("shopchat_desk:callbacks") + (f"?search={place}" if place else ""))


@for_operators
@require_GET
def rows(request: HttpRequest, operator: Operator) -> HttpResponse:
    """The queue with its tabs, as the page's own address asks."""
    try:
        found = queue(request.user, operator, Asked.of(searches.asked(request)))
    except Refusal as bad_cursor:
        return bad_cursor.as_response()
    return fragment(request, "callbacks/_queue.html", {"operator": operator, **_queue(request, found)})


class RequestPage(_Page):
    """One request: what to do, what was done, and who the customer is."""

    template_name = "shopchat/desk/callbacks/request.html"
    callback: CallbackRequest

    def get_page_title(self) -> str:
        return self.callback.readable_number

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        queue_of_all = {"url": reverse("shopchat_desk:callbacks"), "label": gettext_lazy("Callbacks")}
        return [*super().get_breadcrumbs_items(), queue_of_all, {"url": "", "label": self.get_page_title()}]

    def get(self, request: HttpRequest, operator: Operator, callback: str) -> HttpResponseBase:
        self.callback = find(request, callback)
        return self._page(operator)

    def post(self, request: HttpRequest, operator: Operator, callback: str) -> HttpResponseBase:
        """Do what a form asks for, then show the page anew; what was typed stays where it was refused."""
        self.callback = find(request, callback)
        fields: dict[str, str] = {}
        try:
            fields = read_fields(request)
            messages.success(request, do(self.callback, operator, fields))
        except BadField as bad:
            return self._again(operator, 400, fields, {bad.field: bad.text})
        except Refusal as refusal:
            if refusal.status != HTTPStatus.CONFLICT or fields.get("do") == "record":
                return self._again(operator, refusal.status, fields, {"": refusal.text})
            messages.error(request, refusal.text)
        return redirect("shopchat_desk:callback", callback)

    def _again(self, operator: Operator, status: int, fields: dict[str, str], errors: dict[str, str]) -> HttpResponse:
        self.callback = find(self.request, self.callback.number)
        return self._page(operator, status=status, typed=fields, errors=errors)

    def _page(
        self,
        operator: Operator,
        *,
        status: int = 200,
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        context = {
            **_frame(self.request, operator),
            **_state(self.request, operator, self.callback, typed or {}, errors or {}),
            "conversation": self.callback.conversation,
            "previous": previous_conversations(self.request.user, self.callback.conversation),
            "callbacks": waiting_callbacks(self.request.user, self.callback.contact, but=self.callback),
        }
        return self.render_to_response(self.get_context_data(**context), status=status)


@for_operators
@require_GET
def now(request: HttpRequest, operator: Operator, callback: str) -> HttpResponse:
    """What may have changed on the page of a request."""
    return fragment(request, "callbacks/_now.html", _state(request, operator, find(request, callback), {}, {}))


@for_operators
@require_POST
def begin(request: HttpRequest, operator: Operator, callback: str) -> HttpResponse:
    """The operator's own phone is dialling; what the link's script posts."""
    try:
        do(find(request, callback), operator, read_fields(request) | {"do": "begin"})
    except Refusal as refusal:
        return refusal.as_response()
    return HttpResponse(status=204)


@for_operators
@require_POST
def assign(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Give all that were chosen to one operator, then show the queue again as it was asked for."""
    try:
        done = assign_all(request.user, operator, request.POST.getlist("number"), request.POST.dict())
        messages.success(request, done)
    except (BadField, Refusal) as refused:
        messages.error(request, refused.text)
    return redirect(reverse("shopchat_desk:callbacks") + Asked.of(searches.asked(request)).here)


def find(request: HttpRequest, number: str) -> CallbackRequest:
    """The request with this number among those that the user may work on. Raises ``Http404``."""
    if not (number.isascii() and number.isdecimal()):
        raise Http404
    permitted = access.for_operator(request.user).for_page()
    return get_object_or_404(permitted, number=number)


def _frame(request: HttpRequest, operator: Operator) -> dict[str, Any]:
    """What the scripts of these pages need."""
    return {
        "operator": operator,
        "ticket": ticket_for(request, None),
        "stream": stream_url(),
        "countdown_words": json.dumps(countdown_words()),
    }


def _queue(request: HttpRequest, found: Queue) -> dict[str, Any]:
    return {"queue": found, "due": _due(request), "now_ms": milliseconds(found.now)}


def _state(
    request: HttpRequest,
    operator: Operator,
    callback: CallbackRequest,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> dict[str, Any]:
    """What may change on the page of a request. Only the form that was refused shows what was typed, and the errors."""
    moment = timezone.now()
    recorded = typed.get("do") == "record"
    waits = callback.is_waiting()
    attempts = list(callback.attempts.select_related("operator").order_by("-started_at", "-pk"))
    open_attempt = next((one for one in attempts if not one.outcome and one.operator_id == operator.pk), None)
    return {
        "operator": operator,
        "line": line(callback, operator, now=moment, whole_numbers=access.sees_numbers(request.user)),
        "refusal": access.for_operator(request.user).refused_at(callback.phone, moment).exclude(pk=callback.pk).first(),
        "attempts": attempts,
        "open_attempt": open_attempt,
        "suggested": calling.suggested(open_attempt) if open_attempt else "",
        "provider": calling.available(callback.inbox) if waits else None,
        "call_id": secrets.token_urlsafe(16),
        "colleagues": colleagues() if waits else [],
        "days": free_days(callback, moment) if waits or recorded else [],
        "outcomes": OUTCOMES,
        "results": Result.choices,
        "client_id": (not errors.get("") and typed.get("client_id")) or secrets.token_urlsafe(16),
        "typed": typed,
        "errors": errors,
        "refused": typed.get("do", "") if errors else "",
        "due": _due(request),
        "now_ms": milliseconds(moment),
    }


def _due(request: HttpRequest) -> Due:
    """Whom this user has to call, counted once for the page and the menu."""
    counted = due(request.user)
    request.shopchat_due = counted.count  # type: ignore[attr-defined]
    return counted
