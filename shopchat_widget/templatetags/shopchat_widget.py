from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shopchat_widget import languages, subjects

register = template.Library()


@register.simple_tag(takes_context=True)
def shopchat_widget(context: template.Context, nonce: Any = None) -> SafeString:
    """The chat's launcher: ``{% shopchat_widget %}`` before ``</body>``. Nothing in a preview of the CMS.

    The same bytes for everybody who reads the page in the same language: no query, no cookie, no token. ``nonce`` is for
    pages whose policy demands one: ``{% shopchat_widget nonce=request.csp_nonce %}``.
    """
    request = context.get("request")
    if getattr(request, "is_preview", False) or getattr(request, "in_preview_panel", False):
        return SafeString("")
    language = languages.active()
    return format_html(
        '<script type="module" async src="{}"{}></script><noscript><a href="{}?lang={}">{}</a></noscript>',
        reverse("shopchat_widget:launcher", args=[language]),
        format_html(' nonce="{}"', nonce) if nonce else "",
        reverse("shopchat_widget:page"),
        language,
        _("Chat with us"),
    )


@register.simple_tag
def shopchat_callback(
    label: Any = "", *, product: Any = None, order: Any = None, basket: bool = False, css_class: str = ""
) -> SafeString:
    """A link that asks for a call: ``{% shopchat_callback %}``, ``{% shopchat_callback _("Call me") product=product %}``.

    What is asked about is filled in: ``product=`` (the store's row of it, or a text), ``order=`` (a row or a number; only
    where the page itself shows that order to whoever may see it), or ``basket=True``. ``css_class=`` is for the theme.

    An ordinary link, so that it works without a script; where the chat's launcher is on the page, it opens the form in
    the chat's own panel. The same bytes for everybody who reads the page in the same language: no query, no cookie.
    """
    query = {"lang": languages.active()}
    if about := _about(product, order, basket=basket):
        query["about"] = about
    return format_html(
        '<a{} href="{}?{}">{}</a>',
        format_html(' class="{}"', css_class) if css_class else "",
        reverse("shopchat_widget:callback"),
        urlencode(query),
        label or _("Call me back"),
    )


@register.simple_tag
def shopchat_reminders(label: Any = "", *, css_class: str = "") -> SafeString:
    """A link to the page on which one agrees to reminders of the basket, or takes it back: ``{% shopchat_reminders %}``.

    For the checkout and the account. A link and no box, because a box would have to know who reads the page: the same bytes
    for everybody who reads it in the same language, no query, no cookie.
    """
    return format_html(
        '<a{} href="{}?lang={}">{}</a>',
        format_html(' class="{}"', css_class) if css_class else "",
        reverse("shopchat_widget:reminders"),
        languages.active(),
        label or _("Remind me of my basket by e-mail"),
    )


def _about(product: Any, order: Any, *, basket: bool) -> str:
    if product:
        return subjects.product_token(product)
    if order:
        return subjects.order_token(order)
    return subjects.BASKET if basket else ""
