"""A basket behind a link: what was in it, and on request back into the basket of whoever asks."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from shopchat.carts import recovering
from shopchat.carts.models import RecoveryLink
from shopchat.carts.recovering import BadLink, ExpiredLink, NotRestored
from shopchat.conf import settings
from shopchat.core.addresses import anonymous_key, client_address
from shopchat.core.ratelimits import RateLimited, hit, look
from shopchat.stores.lines import RestoreMode
from shopchat_widget import basket_pages, chat
from shopchat_widget.answers import by_link
from shopchat_widget.same_site import is_from_here


@by_link("GET", "POST")
def basket(request: HttpRequest, token: str) -> HttpResponse:
    """What the link holds and what has changed since. A POST of our own page puts it back; looking changes nothing."""
    try:
        link = _link(request, token)
    except ExpiredLink as expired:
        return chat.render("basket/page.html", basket_pages.offer(request, expired.link, token, is_over=True))
    except BadLink:
        return chat.render("basket/gone.html", basket_pages.gone(request), status=404)
    except RateLimited as limited:
        response = chat.render("basket/gone.html", basket_pages.gone(request, waits=limited.retry_after), status=429)
        response.headers["Retry-After"] = str(limited.retry_after)
        return response
    return _act(request, link, token) if request.method == "POST" else _show(request, link, token)


def _link(request: HttpRequest, token: str) -> RecoveryLink:
    address = anonymous_key(client_address(request, trusted_proxies=settings.TRUSTED_PROXIES))
    guesses = (settings.RATE_LIMITS["basket_link_guesses"], "basket_link_guesses", address)
    look(*guesses)
    try:
        return recovering.find(token)
    except BadLink:
        hit(*guesses)
        raise


def _show(
    request: HttpRequest, link: RecoveryLink, token: str, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = basket_pages.offer(request, link, token, problem=problem)
    return chat.render("basket/page.html", context, status=status)


def _act(request: HttpRequest, link: RecoveryLink, token: str) -> HttpResponse:
    if not is_from_here(request):
        return _show(request, link, token, problem="again", status=403)
    if request.POST.get("mode") == "keep":
        recovering.keep(link, request)
        return chat.render("basket/kept.html", basket_pages.kept(request, link))
    mode = RestoreMode.REPLACE if request.POST.get("mode") == "replace" else RestoreMode.ADD
    try:
        restoration = recovering.restore(link, request, mode)
    except NotRestored:
        return _show(request, link, token, problem="failed", status=503)
    if request.POST.get("mode") == "go":  # it was all there
        return HttpResponseRedirect(restoration.url)
    return chat.render("basket/restored.html", basket_pages.restored(request, link, restoration))
