"""What a page of the shop asks by itself for somebody who comes back to a basket, and what they answer."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from shopchat.carts import leaving, offering
from shopchat.carts.leaving import Route
from shopchat.carts.models import BasketWatch
from shopchat.carts.people import note_writer
from shopchat_widget import chat, languages, offer_pages, returning
from shopchat_widget.answers import Refused, recognises_nobody
from shopchat_widget.callers import caller_of, keep_key

PATIENCE_SECONDS = 1800  # nobody looks at one page for longer


@recognises_nobody("GET")
def offer(request: HttpRequest) -> HttpResponse:
    """Whether there is something to offer: 200, else 204. Writes nothing and costs at most three queries.

    To somebody who is still filling their basket it may be shown after as many seconds as the answer says.
    """
    watch = returning.waiting(request)
    seconds = offering.seconds_until(watch, timezone.now()) if watch else None
    status = 200 if watch and (seconds is None or seconds <= PATIENCE_SECONDS) else 204
    if hasattr(request, "session"):
        # The answer is kept by nobody; "Vary: Cookie" would say otherwise.
        request.session.accessed = False
    text = "" if status == 204 or seconds is None else str(seconds)
    return HttpResponse(text, status=status, content_type="text/plain")


@recognises_nobody("POST")
def show(request: HttpRequest) -> HttpResponse:
    """Somebody is there to see it: it is written down, and these are its words. 204 where it is not to be shown after all."""
    watch, now = returning.waiting(request), timezone.now()
    if watch is None or offering.seconds_until(watch, now):
        return HttpResponse(status=204)
    view = returning.contents(watch, request)
    if view is None or offering.offer(watch, now) is None:
        return HttpResponse(status=204)
    return JsonResponse(offer_pages.bubble(watch, view))


@recognises_nobody("GET")
def page(request: HttpRequest) -> HttpResponse:
    """The basket's lines at the prices of now, in the launcher's frame."""
    watch = returning.own(request)
    view = returning.contents(watch, request)
    if watch is None or view is None:
        return chat.render("offer/gone.html", offer_pages.whole(request), status=404)
    return chat.render("offer/page.html", offer_pages.offer(request, watch, view))


@recognises_nobody("POST")
def answer(request: HttpRequest) -> HttpResponse:
    """What the customer tapped (``do``): ``ask``, ``help``, ``basket``, ``why``, ``later`` or ``never``."""
    do = request.POST.get("do", "")
    watch = returning.own(request)
    if do not in ANSWERS:
        raise Refused(400, "do")
    if watch is None:
        return chat.render("offer/gone.html", offer_pages.whole(request), status=404)
    return ANSWERS[do](request, watch)


def _later(request: HttpRequest, watch: BasketWatch) -> HttpResponse:
    offering.dismiss(watch, timezone.now(), for_good=request.POST["do"] == "never")
    return HttpResponse(status=204)


def _basket(request: HttpRequest, watch: BasketWatch) -> HttpResponse:
    offering.follow(watch, timezone.now())
    view = returning.contents(watch, request)
    return HttpResponseRedirect(view.url if view and view.url else "/")


def _ask(request: HttpRequest, watch: BasketWatch) -> HttpResponse:
    offering.follow(watch, timezone.now())
    caller = caller_of(request)
    caller.remember_basket(caller.contact)
    return _conversation(about="basket")


def _help(request: HttpRequest, watch: BasketWatch) -> HttpResponse:
    now = timezone.now()
    offering.follow(watch, now)
    leaving.want_help(watch, now)
    return _say(request, watch, "help")


def _why(request: HttpRequest, watch: BasketWatch) -> HttpResponse:
    why, now = request.POST.get("why", ""), timezone.now()
    if why not in BasketWatch.Why:
        raise Refused(400, "why")
    offering.follow(watch, now)
    led = leaving.answer_why(watch, why, now)
    view = returning.contents(watch, request)
    if led.route is Route.PERSON:
        return _say(request, watch, why)
    if led.route is Route.DELIVERY and not watch.inbox.text("delivery", languages.active()):
        return _conversation(about="basket")
    return chat.render("offer/answered.html", offer_pages.answered(request, watch, view, led))


def _say(request: HttpRequest, watch: BasketWatch, what: str) -> HttpResponse:
    caller = caller_of(request)
    view = returning.contents(watch, request)
    try:
        sent = returning.say(caller, watch, view, what)
    except Refused as refused:
        if view is None:
            raise
        context = offer_pages.offer(request, watch, view, error=refused.reason)
        return chat.render("offer/page.html", context, status=refused.status)
    note_writer(watch, sent.contact)
    response = _conversation(c=sent.conversation.number)
    if sent.key:
        keep_key(response, request, sent.key)
    return response


def _conversation(**query: str) -> HttpResponse:
    query = {"lang": languages.active(), **query}
    return HttpResponseRedirect(f"{reverse('shopchat_widget:page')}?{urlencode(query)}")


ANSWERS = {"ask": _ask, "help": _help, "basket": _basket, "why": _why, "later": _later, "never": _later}
