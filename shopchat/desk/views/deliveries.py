"""What was not sent, and what was perhaps sent: looked at, sent again, dismissed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views.generic.base import BaseListingView

from shopchat.conversations import access, resending
from shopchat.conversations.models import Delivery
from shopchat.conversations.querysets import DeliveryQuerySet
from shopchat.conversations.reasons import what, why
from shopchat.desk.entrance import for_operators
from shopchat.desk.upkeep import silence
from shopchat.operators.models import Operator


class DeedsColumn(Column):
    """The buttons of a row, each a form of its own."""

    cell_template_name = "shopchat/desk/_delivery_deeds.html"

    def get_cell_context_data(self, instance: Delivery, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        return context | {"csrf_token": get_token(parent_context["request"]), "about": _title(instance)}


def _title(delivery: Delivery) -> str:
    return delivery.conversation.readable_number if delivery.conversation else str(what(delivery))


def _to(delivery: Delivery) -> str:
    if delivery.operator:
        return delivery.operator.public_name
    return str(delivery.conversation.contact) if delivery.conversation else ""


def _link(delivery: Delivery) -> str | None:
    number = delivery.conversation.number if delivery.conversation else None
    return reverse("shopchat_desk:conversation", args=[number]) + "?show=all" if number else None


class DeliveriesPage(BaseListingView):
    """The list, the latest first."""

    page_title = gettext_lazy("Deliveries")
    header_icon = "mail"
    template_name = "shopchat/desk/deliveries.html"
    index_url_name = "shopchat_desk:deliveries"
    paginate_by = 50
    columns = [
        TitleColumn("conversation", label=gettext_lazy("Conversation"), accessor=_title, get_url=_link),
        Column("what", label=gettext_lazy("What"), accessor=what),
        Column("to", label=gettext_lazy("To"), accessor=_to),
        Column("state", label=gettext_lazy("State"), accessor="get_state_display"),
        Column("why", label=gettext_lazy("Reason"), accessor=why),
        DateColumn("updated_at", label=gettext_lazy("When")),
        DeedsColumn("deeds", label=gettext_lazy("Actions"), accessor="pk"),
    ]

    @property
    def no_results_message(self) -> str:
        return _("Everything has arrived, as far as we know.")

    def get(self, request: HttpRequest, operator: Operator) -> HttpResponse:
        response: HttpResponse = super().get(request)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"silence": silence(self.request.user)}

    def get_base_queryset(self) -> DeliveryQuerySet:
        permitted = access.deliveries_for_operator(self.request.user)
        return permitted.needing_a_look().for_list().order_by("-updated_at", "-pk")


@for_operators
@require_POST
def resend(request: HttpRequest, operator: Operator, pk: int) -> HttpResponse:
    """Send it again, once however often the button is pressed."""
    if resending.resend(_find(request, pk), operator=operator):
        messages.success(request, _("It will be sent again in a moment."))
    else:
        messages.warning(request, _("Somebody else was faster; nothing is left to do."))
    return redirect("shopchat_desk:deliveries")


@for_operators
@require_POST
def dismiss(request: HttpRequest, operator: Operator, pk: int) -> HttpResponse:
    """Take it off the list."""
    resending.dismiss(_find(request, pk))
    return redirect("shopchat_desk:deliveries")


def _find(request: HttpRequest, pk: int) -> Delivery:
    return get_object_or_404(access.deliveries_for_operator(request.user).select_related("conversation"), pk=pk)
