"""Whoever changes hours, rules or phone duty is told of the promises that nobody can keep any more."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.admin import messages
from wagtail.admin.views.generic import DeleteView, EditView

from shopchat.callbacks.keeping import unkept

NAMED = 5


class CarefulEditView(EditView):
    """Wagtail's own, and a look at what was promised."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        warn(self.request)
        return response


class CarefulDeleteView(DeleteView):
    """Wagtail's own, and a look at what was promised."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        warn(self.request)
        return response


def warn(request: HttpRequest) -> None:
    """Name the first of them, and where to give them another time."""
    left = unkept(now=timezone.now())
    if not left:
        return
    numbers = ", ".join(one.readable_number for one in left[:NAMED])
    says = ngettext(
        "By these hours nobody calls %(count)s customer at the time that was promised: %(numbers)s.",
        "By these hours nobody calls %(count)s customers at the times that were promised: %(numbers)s.",
        len(left),
    ) % {"count": len(left), "numbers": f"{numbers}, …" if len(left) > NAMED else numbers}
    remedy = _("Give them another time, or somebody phone duty.")
    buttons = [messages.button(reverse("shopchat_desk:callbacks"), _("Callbacks"))]
    messages.warning(request, f"{says} {remedy}", buttons=buttons)
