from typing import Any

from django.db import models
from django.utils.translation import get_language
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from shopchat_widget.blocks import CallbackBlock


class TranslatedPage(Page):
    """A page whose title and text exist in English and, if filled in, in Russian and Ukrainian."""

    title_ru = models.CharField(max_length=255, blank=True)
    title_uk = models.CharField(max_length=255, blank=True)
    body = RichTextField(blank=True)
    body_ru = RichTextField(blank=True)
    body_uk = RichTextField(blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("body"),
        MultiFieldPanel([FieldPanel("title_ru"), FieldPanel("body_ru")], heading="Русский"),
        MultiFieldPanel([FieldPanel("title_uk"), FieldPanel("body_uk")], heading="Українська"),
    ]

    class Meta:
        abstract = True

    @property
    def heading(self) -> str:
        return self._in_current_language("title")

    @property
    def text(self) -> str:
        return self._in_current_language("body")

    def _in_current_language(self, name: str) -> Any:
        language = (get_language() or "en").split("-")[0]
        return getattr(self, f"{name}_{language}", "") or getattr(self, name)


class HomePage(TranslatedPage):
    max_count = 1

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        children = self.get_children().live().in_menu().specific()
        return super().get_context(request, *args, **kwargs) | {"children": children}


class TextPage(TranslatedPage):
    """May end with blocks of the chat's."""

    blocks = StreamField([("callback", CallbackBlock())], blank=True)
    blocks_ru = StreamField([("callback", CallbackBlock())], blank=True)
    blocks_uk = StreamField([("callback", CallbackBlock())], blank=True)

    content_panels = [
        *TranslatedPage.content_panels,
        FieldPanel("blocks"),
        FieldPanel("blocks_ru"),
        FieldPanel("blocks_uk"),
    ]

    parent_page_types = ["pages.HomePage"]
    subpage_types: list[str] = []

    @property
    def ending(self) -> Any:
        return self._in_current_language("blocks")
