"""The list of baskets that were left, and one basket with its whole story."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton

from shopchat.carts import access
from shopchat.carts.models import BasketWatch
from shopchat.desk import searches
from shopchat.desk.carts_deeds import do
from shopchat.desk.carts_listing import Asked, listing
from shopchat.desk.carts_page import page_of
from shopchat.desk.entrance import for_operators
from shopchat.desk.refusals import BadField, Refusal, read_fields
from shopchat.operators.models import Operator


class _Page(WagtailAdminTemplateMixin, View):
    header_icon = "sc-cart"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": reverse("shopchat_desk:desk"), "label": gettext_lazy("Chat")}]


class ListPage(_Page):
    """Baskets that were left, those that need a person first in reach."""

    page_title = gettext_lazy("Carts")
    template_name = "shopchat/desk/carts/page.html"

    @property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(gettext_lazy("Chat"), reverse("shopchat_desk:desk"), icon_name="comment")]

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.get_page_title()}]

    def get(self, request: HttpRequest, operator: Operator) -> HttpResponseBase:
        try:
            found = listing(request.user, operator, Asked.of(searches.asked(request)))
        except Refusal as bad_cursor:
            return bad_cursor.as_response()
        request.shopchat_baskets = found.calling  # type: ignore[attr-defined]  # for the menu
        return self.render_to_response(self.get_context_data(listing=found, operator=operator))


@for_operators
@require_POST
def search(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Look for what was typed, which is not to stand in an address."""
    place = searches.keep(request, request.POST.get("q", ""))
    asked = Asked.of({**request.GET.dict(), "q": request.POST.get("q", ""), "search": place})
    return redirect(reverse("shopchat_desk:carts") + asked.address())


class BasketPage(_Page):
    """One basket: what to do, what is in it, and how it came to this."""

    template_name = "shopchat/desk/carts/basket.html"
    watch: BasketWatch

    def get_page_title(self) -> str:
        return str(gettext_lazy("Basket"))

    def get_page_subtitle(self) -> str:
        return str(self.watch.pk)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        all_of_them = {"url": reverse("shopchat_desk:carts"), "label": gettext_lazy("Carts")}
        here = {"url": "", "label": self.get_page_title(), "sublabel": self.get_page_subtitle()}
        return [*super().get_breadcrumbs_items(), all_of_them, here]

    def get(self, request: HttpRequest, operator: Operator, basket: str) -> HttpResponseBase:
        self.watch = find(request, basket)
        return self._page(operator)

    def post(self, request: HttpRequest, operator: Operator, basket: str) -> HttpResponseBase:
        """Do what a form asks for, then show the page anew; what was typed stays where it was refused."""
        self.watch = find(request, basket)
        fields: dict[str, str] = {}
        try:
            fields = read_fields(request)
            done = do(self.watch, operator, fields)
        except BadField as bad:
            return self._again(operator, 400, fields, {bad.field: bad.text})
        except Refusal as refusal:
            if refusal.status != HTTPStatus.CONFLICT or fields.get("do") == "link":
                return self._again(operator, refusal.status, fields, {"": refusal.text})
            messages.error(request, refusal.text)
        else:
            messages.success(request, done.words)
            if done.address:
                return redirect(done.address)
        return redirect("shopchat_desk:cart", basket)

    def _again(self, operator: Operator, status: int, fields: dict[str, str], errors: dict[str, str]) -> HttpResponse:
        self.watch = find(self.request, str(self.watch.pk))
        return self._page(operator, status=status, typed=fields, errors=errors)

    def _page(
        self,
        operator: Operator,
        *,
        status: int = 200,
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        typed, errors = typed or {}, errors or {}
        context = {
            "operator": operator,
            "page": page_of(self.request.user, self.watch, operator),
            # The store's own staff pages are for staff in Django's sense.
            "links_for_staff": getattr(self.request.user, "is_staff", False),
            "client_id": (not errors.get("") and typed.get("client_id")) or secrets.token_urlsafe(16),
            "typed": typed,
            "errors": errors,
            "refused": typed.get("do", "") if errors else "",
        }
        return self.render_to_response(self.get_context_data(**context), status=status)


def find(request: HttpRequest, basket: str) -> BasketWatch:
    """The basket with this number among those that the user may see. Raises ``Http404``."""
    found: BasketWatch = get_object_or_404(access.for_operator(request.user).for_list(), pk=int(basket))
    return found
