"""The desk as a whole page, with or without a conversation, and its forms for browsers without scripts."""

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton

from shopchat.conversations import thread
from shopchat.conversations.models import Conversation
from shopchat.desk import searches
from shopchat.desk.customer import previous_conversations, waiting_callbacks
from shopchat.desk.deeds import DEEDS
from shopchat.desk.drawing import lines
from shopchat.desk.entrance import find
from shopchat.desk.listing import Asked, listing
from shopchat.desk.live import ticket_for
from shopchat.desk.refusals import Refusal, read_fields
from shopchat.desk.upkeep import silence, went_wrong
from shopchat.desk.writing import write
from shopchat.live.transport import stream_url
from shopchat.operators.models import Operator


class DeskPage(WagtailAdminTemplateMixin, View):
    """List, conversation, customer. ``number`` in the address opens a conversation."""

    template_name = "shopchat/desk/page.html"
    page_title = gettext_lazy("Chat")
    header_icon = "comment"

    @property
    def header_buttons(self) -> list[HeaderButton]:
        return [
            HeaderButton(gettext_lazy("Callbacks"), reverse("shopchat_desk:callbacks"), icon_name="mobile-alt"),
            HeaderButton(gettext_lazy("Carts"), reverse("shopchat_desk:carts"), icon_name="sc-cart"),
        ]

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.get_page_title()}]

    def get(self, request: HttpRequest, operator: Operator, number: str = "") -> HttpResponseBase:
        conversation = find(request, number) if number else None
        return self._page(operator, conversation)

    def post(self, request: HttpRequest, operator: Operator, number: str = "") -> HttpResponseBase:
        """What the forms do where no script takes them over: act, then show the page anew."""
        if not number:
            return HttpResponseNotAllowed(["GET"])
        conversation = find(request, number)
        fields: dict[str, str] = {}
        try:
            fields = read_fields(request)
            if (deed := DEEDS.get(fields.get("do", ""))) is not None:
                deed(conversation, operator)
            else:
                write(conversation, operator, fields)
        except Refusal as refusal:
            if "text" in fields:
                return self._page(operator, find(request, number), refusal=refusal, typed=fields)
            messages.error(request, refusal.text)
        show = Asked.of(request.GET).show
        return redirect(f"{reverse('shopchat_desk:conversation', args=[number])}?show={show}")

    def _page(
        self,
        operator: Operator,
        conversation: Conversation | None,
        *,
        refusal: Refusal | None = None,
        typed: dict[str, str] | None = None,
    ) -> HttpResponse:
        try:
            found = listing(self.request.user, operator, Asked.of(searches.asked(self.request)))
        except Refusal as bad_cursor:
            return bad_cursor.as_response()
        self.request.shopchat_calling = found.calling  # type: ignore[attr-defined]  # for the menu
        self.request.shopchat_due = found.due.count  # type: ignore[attr-defined]
        context = self.get_context_data(
            listing=found,
            stream=stream_url(),
            silence=silence(self.request.user),
            went_wrong=went_wrong(self.request.user),
            **pane_context(self.request, operator, conversation),
        )
        context |= {"error": refusal.text if refusal else "", "typed": typed or {}}
        return self.render_to_response(context, status=refusal.status if refusal else 200)


def pane_context(request: HttpRequest, operator: Operator, conversation: Conversation | None) -> dict[str, Any]:
    """What the conversation beside the list is drawn from, on a whole page and as a fragment."""
    context: dict[str, Any] = {
        "operator": operator,
        "conversation": conversation,
        "ticket": ticket_for(request, conversation),
        "show": Asked.of(request.GET).show,
    }
    if conversation is None:
        return context
    page = thread.latest(conversation, private=True)
    return context | {
        "page": page,
        "lines": lines(conversation, page, operator=operator),
        "previous": previous_conversations(request.user, conversation),
        "callbacks": waiting_callbacks(request.user, conversation.contact),
        "client_id": secrets.token_urlsafe(16),
    }
