"""What the templates about calls are given."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import json_script
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from shopchat.callbacks import links
from shopchat.callbacks.admission import HONEYPOT
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.refusing import Rejected
from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from shopchat.core import proof_of_work
from shopchat.core.phones import example
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.live.transport import stream_url
from shopchat_widget import chat, languages
from shopchat_widget.asking import Again, Form
from shopchat_widget.callers import Caller, host_of
from shopchat_widget.offering import Wanted, offer
from shopchat_widget.presence import title_of
from shopchat_widget.promises import promise_of

ORDER = ("phone", "when", "name", "about", "consent")


def form(caller: Caller, rules: CallbackRules, form: Form, again: Again | None = None) -> dict[str, Any]:
    """The form; ``again`` is why it is shown once more."""
    errors = again.errors if again else {}
    challenge = proof_of_work.challenge() if again and again.work else None
    return {
        **whole(caller.inbox, caller, challenge=challenge),
        **when(rules, form.wanted, again),
        "form": form,
        "rules": rules,
        "consent": consents.text_for(caller.inbox, ConsentText.Purpose.CALLBACK, languages.active()),
        "example": example(rules.default_region),
        "errors": {**errors, "general": errors.get("", "")},
        "again": again,
        "first": next((name for name in ORDER if name in errors), ""),
        "waits": again.waits if again else None,
        "waiting": promise_of(again.waits.request, rules, now=timezone.now(), whole_number=True)
        if again and again.waits
        else None,
        "challenge": challenge,
        "honeypot": HONEYPOT,
    }


def when(
    rules: CallbackRules, wanted: Wanted, again: Again | None = None, *, but: CallbackRequest | None = None
) -> dict[str, Any]:
    """The part "when", alone or in a page. With ``but``, for a request that moves."""
    now = timezone.now()
    name, *args = ("callback_slots_by_link", links.token(but)) if but else ("callback_slots",)
    return {
        "offer": offer(rules, wanted, now=now, but=but, instead=again.free if again else None),
        "when_url": f"{reverse(f'shopchat_widget:{name}', args=args)}?{urlencode({'lang': languages.active()})}",
    }


def requests(caller: Caller, rules: CallbackRules, waiting: list[CallbackRequest]) -> dict[str, Any]:
    """What somebody waits for."""
    now = timezone.now()
    query = {"lang": languages.active(), "new": "1"}
    if about := caller.request.GET.get("about"):
        query["about"] = about
    return {
        **whole(caller.inbox, caller, is_asked=True),
        "promises": [promise_of(request, rules, now=now, whole_number=True) for request in waiting],
        "another": urlencode(query),
    }


def request_by_link(
    request: HttpRequest, callback: CallbackRequest, rules: CallbackRules, wanted: Wanted, rejected: Rejected | None
) -> dict[str, Any]:
    """One request, for whoever holds the link to it: its time, and nothing that was written."""
    again = Again(rejected.errors, free=rejected.free) if rejected else None
    wanted = wanted if wanted.zone else Wanted(wanted.when, wanted.day, wanted.slot, callback.time_zone)
    return {
        **whole(callback.inbox),
        **when(rules, wanted, again, but=callback),
        "token": links.token(callback),
        "promise": promise_of(callback, rules, now=timezone.now(), whole_number=False),
        "errors": rejected.errors if rejected else {},
        "first": "when" if rejected else "",
        "moved": "moved" in request.GET and not rejected,
    }


def gone(request: HttpRequest) -> dict[str, Any]:
    """A page about nothing in particular."""
    return whole(inbox_for(host_of(request)))


def whole(
    inbox: Inbox, caller: Caller | None = None, *, challenge: dict[str, Any] | None = None, is_asked: bool = False
) -> dict[str, Any]:
    """What every page about calls needs. Behind a link nobody is recognised, and there is no ``caller``."""
    language = languages.active()
    return {
        **(chat.page_context(caller) if caller else {}),
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "title": title_of(inbox),
        "calls": True,
        "settings": json_script(
            {
                "accent": inbox.accent,
                "onAccent": inbox.on_accent,
                "scope": caller.scope if caller else "",
                "isAsked": is_asked,
                "challenge": challenge,
                "urls": {
                    "ticket": f"{reverse('shopchat_widget:ticket')}?lang={language}",
                    "state": reverse("shopchat_widget:state"),
                    "poll": reverse("shopchat:poll"),
                    "stream": stream_url(),
                    "live": static("shopchat/live.js"),
                },
                "texts": {
                    "sending": _("Sending…"),
                    "working": _("Checking that you are no program. This takes a few seconds."),
                    "offline": _("No connection. Nothing is lost: try again when it is back."),
                    "insecure": _("This browser cannot do the check here. Try again in an hour."),
                    "unread": _("new messages: %s"),
                },
            },
            "shopchat-settings",
            encoder=chat.Readable,
        ),
    }
