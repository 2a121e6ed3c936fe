"""What the bubble and the page about a basket that was left are given."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.html import json_script
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.carts import offering
from shopchat.carts.leaving import Led
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.carts.rules import rules_of
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.stores.base import BasketView, user_id_of
from shopchat_widget import chat, languages
from shopchat_widget.callers import host_of
from shopchat_widget.presence import title_of

Why = BasketWatch.Why


def bubble(watch: BasketWatch, view: BasketView) -> dict[str, Any]:
    """What the script beside the launcher is told: texts, drawn as text, and addresses."""
    is_payment = offering.is_about_payment(watch)
    query = f"?lang={languages.active()}"
    return {
        "window": not is_payment
        and not offering.is_being_decided(watch)
        and rules_of(watch.inbox).onsite == CartRules.Onsite.POPUP,
        "words": _payment_words() if is_payment else _basket_words(view),
        "label": _("Offer of help"),
        "open": _("Yes, please") if is_payment else _("Show me"),
        "close": _("Not now"),
        "page": reverse("shopchat_widget:offer_page") + query,
        "answer": reverse("shopchat_widget:offer_answer") + query,
    }


def offer(request: HttpRequest, watch: BasketWatch, view: BasketView, *, error: str = "") -> dict[str, Any]:
    """The page with the basket's lines, in the launcher's frame."""
    is_payment = offering.is_about_payment(watch)
    return {
        **whole(request, watch.inbox),
        "watch": watch,
        "lines": view.lines,
        "total": view.total,
        "basket_url": view.url,
        "is_payment": is_payment,
        "is_hesitation": offering.is_being_decided(watch),
        "reasons": _reasons() if rules_of(watch.inbox).asks_why and not is_payment else [],
        "error": error,
    }


def answered(request: HttpRequest, watch: BasketWatch, view: BasketView | None, led: Led) -> dict[str, Any]:
    """What follows from the tap, where it is not the conversation."""
    delivery = watch.inbox.text("delivery", languages.active())
    is_address = delivery.startswith(("/", "https://", "http://"))
    return {
        **whole(request, watch.inbox),
        "route": led.route.value,
        "voucher": led.voucher,
        "must_sign_in": led.voucher is not None and led.voucher.for_account and not user_id_of(request),
        "delivery": "" if is_address else delivery,
        "delivery_url": delivery if is_address else "",
        "basket_url": view.url if view else "",
    }


def whole(request: HttpRequest, inbox: Inbox | None = None) -> dict[str, Any]:
    """What every page about a basket needs."""
    inbox = inbox or inbox_for(host_of(request))
    language = languages.active()
    return {
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "title": title_of(inbox),
        "settings": json_script(
            {
                "accent": inbox.accent,
                "onAccent": inbox.on_accent,
                "answer": f"{reverse('shopchat_widget:offer_answer')}?lang={language}",
            },
            "shopchat-settings",
            encoder=chat.Readable,
        ),
    }


def _basket_words(view: BasketView) -> str:
    first, others = view.lines[0].title, len(view.lines) - 1
    if not others:
        return _("“%(title)s” is still in your basket. Can we help you decide?") % {"title": first}
    return ngettext(
        "“%(title)s” and %(count)s more product are still in your basket. Can we help you decide?",
        "“%(title)s” and %(count)s more products are still in your basket. Can we help you decide?",
        others,
    ) % {"title": first, "count": others}


def _payment_words() -> str:
    return _("Your payment was not completed. Shall we help?")


def _reasons() -> list[tuple[str, str]]:
    return [
        (Why.ADVICE, _("I need advice")),
        (Why.DELIVERY, _("Delivery")),
        (Why.PRICE, _("The price")),
        (Why.PAYMENT, _("Paying")),
        (Why.LOOKING, _("Just looking")),
    ]
