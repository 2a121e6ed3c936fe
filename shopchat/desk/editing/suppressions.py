"""Addresses that get no proactive contact: put on the list by hand, taken off it again. Only hashes of them are known."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views.generic import CreateView, DeleteView, IndexView
from wagtail.admin.viewsets.model import ModelViewSet

from shopchat.channels.known import EMAIL
from shopchat.touches import suppressing
from shopchat.touches.models import Suppression

CHANNELS = {EMAIL: gettext_lazy("E-mail"), "onsite": gettext_lazy("on the site")}


class SuppressionForm(WagtailAdminModelForm):
    """Asks for an address and keeps its hash alone."""

    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("It is stored as a keyed hash, so nobody can read it here again."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"])
        if (found := suppressing.find(EMAIL, address)) is not None:
            since = formats.date_format(timezone.localtime(found.created_at), "SHORT_DATE_FORMAT")
            raise forms.ValidationError(
                _("This address is on the list since %(date)s: %(reason)s."),
                params={"date": since, "reason": found.get_reason_display()},
            )
        return address

    def save(self, commit: bool = True) -> Suppression:
        return suppressing.suppress(EMAIL, self.cleaned_data["address"], Suppression.Reason.BY_HAND)


def _title(one: Suppression) -> str:
    """What tells entries apart: their number; nobody knows more of them."""
    return _("Address no. %(number)s") % {"number": one.pk}


class SuppressionIndexView(IndexView):
    """Nothing can be searched here: hashes tell nothing, and an address would stand in the logs."""

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # A shop's context processor may have a form of that name, Oscar's for one, and Wagtail would show it.
        return {**super().get_context_data(*args, **kwargs), "search_form": None}


class LiftColumn(TitleColumn):
    """A link to the question whether to take the address off the list, for those who may."""

    def get_link_url(self, instance: Suppression, parent_context: Any) -> str | None:
        may_lift = parent_context["request"].user.has_perm("shopchat.delete_suppression")
        return reverse("shopchat_suppressions:delete", args=[instance.pk]) if may_lift else None


class SuppressionCreateView(CreateView):
    success_message = gettext_lazy("The address gets nothing unasked from now on.")

    def get_success_message(self, instance: Suppression) -> str:
        return str(self.success_message)

    def get_success_buttons(self) -> list[Any]:
        return []


class LiftView(DeleteView):
    page_title = gettext_lazy("Lift")
    confirmation_message = gettext_lazy(
        "This address may get reminders again, as far as the customer has agreed to them. Lift it only if they asked you to."
    )
    success_message = gettext_lazy("The address may be written to again.")

    def get_success_message(self) -> str:
        return str(self.success_message)


class SuppressionViewSet(ModelViewSet):
    model = Suppression
    name = "shopchat_suppressions"
    url_prefix = "chat/suppressed"
    icon = "mail"
    add_to_reference_index = False
    copy_view_enabled = False
    index_view_class = SuppressionIndexView
    add_view_class = SuppressionCreateView
    delete_view_class = LiftView
    ordering = ["-created_at"]
    list_filter = ["reason"]
    list_display = [
        Column("title", label=gettext_lazy("Address"), accessor=_title),
        Column("channel", label=gettext_lazy("Channel"), accessor=lambda one: CHANNELS.get(one.channel, one.channel)),
        Column("reason", label=gettext_lazy("Reason"), accessor=lambda one: one.get_reason_display()),
        DateColumn("created_at", label=gettext_lazy("Since")),
        LiftColumn("lift", label=gettext_lazy("Lift"), accessor=lambda _one: _("Lift"), width="22%"),
    ]
    edit_handler = ObjectList([FieldPanel("address")], base_form_class=SuppressionForm)

    def get_urlpatterns(self) -> list[Any]:
        """There is nothing that could be edited, and so no history either."""
        left_out = {"edit", "history", "history_results"}
        return [one for one in super().get_urlpatterns() if one.name not in left_out]
