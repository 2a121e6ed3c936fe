"""The figures of callback requests and of baskets, each as a page among Wagtail's reports and as a file."""

from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe
from django.views.generic import View
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from shopchat.callbacks.access import sees_numbers
from shopchat.desk import reporting
from shopchat.desk.csv_files import csv_file
from shopchat.operators.models import Operator
from shopchat.operators.roster import operator_for
from shopchat.reports import baskets, carts, requests
from shopchat.reports.access import sees_everybodys, sees_some
from shopchat.reports.callbacks import figures

Shown = Callable[..., HttpResponseBase]


def for_readers(view: Shown) -> Shown:
    """Let in who sees any figures. The view is handed the operator whose own they are, or ``None`` for everybody's."""

    safe = require_safe(view)

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if not sees_some(request.user):
            raise PermissionDenied
        return safe(request, None if sees_everybodys(request.user) else operator_for(request.user))

    return guarded


def for_supervisors(view: Shown) -> Shown:
    """Let in who sees the figures of the whole shop."""

    safe = require_safe(view)

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if not sees_everybodys(request.user):
            raise PermissionDenied
        return safe(request)

    return guarded


class Report(WagtailAdminTemplateMixin, View):
    """A page among Wagtail's reports, with its days and its file."""

    header_icon = "history"
    file_view = ""

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.get_page_title()}]

    def frame(self, asked: Any) -> dict[str, Any]:
        """What the page shows around its figures."""
        return {
            "asked": asked,
            "form": asked.form,
            "last_days": reporting.LAST_DAYS,
            "query": _without_days(self.request),
            "csv_address": f"{reverse(self.file_view)}?{self.request.GET.urlencode()}",
        }


class CallbackReport(Report):
    """The page of callbacks."""

    template_name = "shopchat/desk/reports/callbacks.html"
    file_view = "shopchat_desk:callback_report_csv"
    page_title = gettext_lazy("Callbacks")

    def get(self, request: HttpRequest, own: Operator | None) -> HttpResponse:
        asked = reporting.asked(request.GET, user=request.user, own=own)
        context = self.get_context_data(**self.frame(asked), own=own)
        if asked.about is not None:
            found = figures(asked.about)
            context |= {"figures": found, "counted": found.requests}
            context |= {"week": reporting.week_rows(found.week), "hours": range(24)}
        return self.render_to_response(context)


@for_readers
def callback_requests(request: HttpRequest, own: Operator | None) -> HttpResponseBase:
    """The requests behind the figures. Names and numbers only for those who see whole numbers anyhow."""
    about = reporting.asked(request.GET, user=request.user, own=own).about
    if about is None:
        return redirect(f"{reverse('shopchat_desk:callback_report')}?{request.GET.urlencode()}")
    numbers = sees_numbers(request.user)
    rows = chain([requests.header(about, numbers=numbers)], requests.rows(about, numbers=numbers))
    return csv_file(request, rows, name=f"callbacks-{about.span.first}-{about.span.last}.csv")


class CartReport(Report):
    """The page of baskets."""

    template_name = "shopchat/desk/reports/carts.html"
    file_view = "shopchat_desk:cart_report_csv"
    page_title = pgettext_lazy("what customers fill", "Baskets")

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = reporting.asked_of_baskets(request.GET)
        context = self.get_context_data(**self.frame(asked))
        if asked.about is not None:
            found = carts.figures(asked.about)
            context |= {"figures": found, "counted": found.funnel.baskets}
        return self.render_to_response(context)


@for_supervisors
def basket_rows(request: HttpRequest) -> HttpResponseBase:
    """The baskets behind the figures; nobody is named in it."""
    about = reporting.asked_of_baskets(request.GET).about
    if about is None:
        return redirect(f"{reverse('shopchat_desk:cart_report')}?{request.GET.urlencode()}")
    rows = chain([baskets.header(about)], baskets.rows(about))
    return csv_file(request, rows, name=f"baskets-{about.span.first}-{about.span.last}.csv")


def _without_days(request: HttpRequest) -> str:
    """What is chosen beside the days, for links that choose other days."""
    chosen = request.GET.copy()
    for name in ("days", "first", "last"):
        chosen.pop(name, None)
    return chosen.urlencode()
