from urllib.parse import urlsplit

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import PreviewableMixin

from shopchat.desk.languages import languages
from shopchat.inboxes.models import Inbox

AWAY = "away"


class WidgetLook(PreviewableMixin, Inbox):
    """An inbox as the desk edits it: with a preview of what visitors will see, in each language."""

    class Meta:
        proxy = True
        verbose_name = gettext_lazy("widget")
        verbose_name_plural = gettext_lazy("widgets")

    @property
    def preview_modes(self) -> list[tuple[str, str]]:
        """For each language: while somebody answers, and while nobody does."""
        away = [
            (f"{code}:{AWAY}", _("%(language)s, nobody is here") % {"language": name}) for code, name in languages()
        ]
        return [*languages(), *away]

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        language, _colon, state = mode_name.partition(":")
        context = {
            "look": self,
            "texts": {key: self.text(key, language) for key in self.TEXTS},
            "language": language,
            "is_away": state == AWAY,
            "has_widget": apps.is_installed("shopchat_widget"),
        }
        with translation.override(language):
            response = render(request, "shopchat/desk/widget_preview.html", context)
        response.headers["Content-Security-Policy"] = _policy()
        return response


def _policy() -> str:
    """As strict as that of the real widget's pages: files of the shop, nothing inline."""
    origin = urlsplit(static("shopchat/desk/preview.css"))
    files = f"'self' {origin.scheme or 'https'}://{origin.netloc}" if origin.netloc else "'self'"
    return f"default-src 'none'; style-src {files}; script-src {files}; img-src {files} data:; frame-ancestors 'self'"
