"""Asking for a call: the form, the slots that it offers, and what became of a request behind the link to it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import ensure_csrf_cookie

from shopchat.callbacks import changing, links
from shopchat.callbacks.limiting import TooOften
from shopchat.callbacks.links import BadLink
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.refusing import NotWaiting, Rejected
from shopchat_widget import asking, callback_pages, chat, languages
from shopchat_widget.answers import answers, by_link
from shopchat_widget.asking import Again
from shopchat_widget.callers import Caller, keep_key
from shopchat_widget.offering import Wanted


@ensure_csrf_cookie
@answers("GET", "POST")
def callback(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The form; for somebody who waits for a call already, when it comes. In the launcher's frame and in a tab."""
    rules = asking.rules_of(caller.inbox)
    if rules is None:
        return chat.render("callback/off.html", callback_pages.whole(caller.inbox, caller), status=404)
    if request.method == "POST":
        return _ask(caller, rules)
    waiting = asking.waiting(caller)
    if waiting and "new" not in request.GET:
        return chat.render("callback/requests.html", callback_pages.requests(caller, rules, waiting))
    return chat.render("callback/form.html", callback_pages.form(caller, rules, asking.blank(caller)))


@answers("GET")
def slots(request: HttpRequest, caller: Caller) -> HttpResponse:
    """When we can call, drawn anew while a form is open: for this zone, with what is ticked."""
    rules = asking.rules_of(caller.inbox)
    if rules is None:
        return HttpResponse(status=204)
    return chat.render("callback/_when.html", callback_pages.when(rules, Wanted.in_fields(request.GET.dict())))


@by_link("GET", "POST")
def request_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """When the call comes, for whoever holds the link to it. A POST moves or cancels it; looking changes nothing."""
    try:
        callback, rules = _by(token)
        return _change(request, callback, rules, token) if request.method == "POST" else _show(request, callback, rules)
    except (BadLink, NotWaiting):
        return chat.render("callback/gone.html", callback_pages.gone(request), status=404)


@by_link("GET")
def slots_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """When we can call, for a request that is to be moved: its own seat is free for it."""
    try:
        callback, rules = _by(token)
    except BadLink:
        return HttpResponse(status=204)
    wanted = Wanted.in_fields(request.GET.dict())
    return chat.render("callback/_when.html", callback_pages.when(rules, wanted, but=callback))


def _ask(caller: Caller, rules: CallbackRules) -> HttpResponse:
    form = asking.typed(caller, caller.request.POST.dict())
    try:
        asked = asking.ask(caller, form)
    except Again as again:
        response = chat.render(
            "callback/form.html", callback_pages.form(caller, rules, form, again), status=again.status
        )
        if again.retry_after is not None:
            response.headers["Retry-After"] = str(again.retry_after)
        return response
    response = HttpResponseRedirect(f"{reverse('shopchat_widget:callback')}?{urlencode({'lang': languages.active()})}")
    if asked.key:
        keep_key(response, caller.request, asked.key)
    return response


def _by(token: str) -> tuple[CallbackRequest, CallbackRules]:
    callback = links.request_of(token)
    rules = asking.rules_for(callback)
    if rules is None:  # the shop has given calls up altogether
        raise BadLink
    return callback, rules


def _show(
    request: HttpRequest, callback: CallbackRequest, rules: CallbackRules, rejected: Rejected | None = None
) -> HttpResponse:
    wanted = Wanted.in_fields((request.POST if request.method == "POST" else request.GET).dict())
    context = callback_pages.request_by_link(request, callback, rules, wanted, rejected)
    if isinstance(rejected, TooOften):
        response = chat.render("callback/request.html", context, status=429)
        response.headers["Retry-After"] = str(rejected.retry_after)
        return response
    return chat.render("callback/request.html", context, status=422 if rejected else 200)


def _change(request: HttpRequest, callback: CallbackRequest, rules: CallbackRules, token: str) -> HttpResponse:
    if request.POST.get("do") == "cancel":
        changing.cancel(callback)
        return chat.render("callback/cancelled.html", callback_pages.gone(request) | {"callback": callback})
    try:
        changing.move(callback, Wanted.in_fields(request.POST.dict()).value)
    except Rejected as rejected:
        return _show(request, callback, rules, rejected)
    query = urlencode({"lang": languages.active(), "moved": "1"})
    return HttpResponseRedirect(f"{reverse('shopchat_widget:callback_request', args=[token])}?{query}")
