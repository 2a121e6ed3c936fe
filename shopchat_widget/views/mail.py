"""Pages behind the links in our mails. Looking changes nothing: programs that check mail follow links, people press buttons."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from shopchat.carts import subscribing
from shopchat.carts.letters import ABOUT
from shopchat.channels.known import EMAIL
from shopchat.contacts import confirming
from shopchat.contacts.agreeing import has_agreed
from shopchat.contacts.models import ConsentText, Identity
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.links import shop_name
from shopchat.touches import suppressing
from shopchat_widget import chat, languages
from shopchat_widget.answers import by_link
from shopchat_widget.callers import host_of
from shopchat_widget.presence import title_of


@by_link("GET", "POST")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Whether this address is theirs; a POST says yes."""
    try:
        identity = confirming.to_confirm(token)
    except confirming.BadLink:
        return _page(request, "bad")
    if identity.stopped_at is not None or (request.method == "POST" and not confirming.confirm(identity)):
        return _page(request, "bad")
    if request.method == "POST":
        subscribing.welcome_back(identity)
    return _page(request, "confirmed" if identity.may_be_written_to() else "confirm", identity)


@by_link("GET", "POST")
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Whether they want no more such mails; a POST, of the button or of a mail program (RFC 8058), says so."""
    try:
        identity = confirming.to_stop(token)
    except confirming.BadLink:
        return _page(request, "bad")
    about = request.GET.get("about", "")
    if request.method == "POST":
        _stop(identity, about)
    if about == ABOUT:
        is_over = request.method == "POST" or suppressing.is_suppressed(EMAIL, identity.value)
        return _page(request, "unsubscribed" if is_over else "unsubscribe", identity)
    return _page(request, "stopped" if request.method == "POST" or identity.stopped_at else "stop", identity)


def _stop(identity: Identity, about: str) -> None:
    """What is said of reminders leaves the answers that somebody asked for; anything else ends both."""
    subscribing.unsubscribe(identity)
    if about != ABOUT:
        confirming.stop(identity)


def _page(request: HttpRequest, what: str, identity: Identity | None = None) -> HttpResponse:
    inbox, language = inbox_for(host_of(request)), languages.active()
    context: dict[str, Any] = {
        "what": what,
        "shop": shop_name(inbox, language),
        "address": confirming.masked(identity.value) if identity else "",
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "title": title_of(inbox),
        "reminders": identity is not None and has_agreed(identity, ConsentText.Purpose.REMINDERS),
    }
    return chat.render("mail.html", context, status=404 if what == "bad" else 200)
