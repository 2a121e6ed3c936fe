"""How messages are drawn, in the widget and at the desk alike."""

from django import template
from django.template.defaultfilters import stringfilter
from django.utils.html import Urlizer
from django.utils.safestring import SafeString, mark_safe

from shopchat.conversations.events import describe
from shopchat.conversations.models import Message

register = template.Library()


class _SafeLinks(Urlizer):
    """Django's own link finder, which escapes the rest; links open elsewhere and learn nothing of the page."""

    url_template = '<a href="{href}" target="_blank" rel="nofollow noopener noreferrer">{url}</a>'


_links = _SafeLinks()


@register.filter(is_safe=True)
@stringfilter
def message_text(text: str) -> SafeString:
    """The text as safe HTML: everything escaped, web and mail addresses as links. Lines are kept by CSS."""
    return mark_safe(_links(text, autoescape=True))  # noqa: S308 it escapes everything but its own links


@register.filter
def event_text(message: Message) -> str:
    """What a system message tells, in the reader's language."""
    return describe(message)
