from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import ensure_csrf_cookie

from shopchat_widget import chat, languages, returning
from shopchat_widget.answers import Refused, answers, whole_number
from shopchat_widget.callers import Caller, keep_key
from shopchat_widget.sending import send


@ensure_csrf_cookie
@answers("GET", "POST")
def page(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The chat itself: in the launcher's frame, in a tab of its own, and with a plain form where no script runs."""
    try:
        return _send(request, caller) if request.method == "POST" else _show(request, caller)
    except Http404:
        return chat.render("gone.html", chat.page_context(caller), status=404)


def _show(request: HttpRequest, caller: Caller) -> HttpResponse:
    before = whole_number(request.GET["before"]) if "before" in request.GET else None
    caller.remember_basket(caller.contact)
    context = chat.chat_context(caller, request.GET.get("c", ""), before=before)
    if request.GET.get("about") == "basket":
        context["basket"] = returning.titles_of(request)
    return chat.render("chat.html", context)


def _send(request: HttpRequest, caller: Caller) -> HttpResponse:
    fields = request.POST.dict()
    try:
        sent = send(caller, fields)
    except Refused as refused:
        return _show_again(caller, fields, refused)
    query = {"lang": languages.active(), "c": sent.conversation.number}
    response = HttpResponseRedirect(f"{reverse('shopchat_widget:page')}?{urlencode(query)}")
    if sent.key:
        keep_key(response, request, sent.key)
    return response


def _show_again(caller: Caller, fields: dict[str, str], refused: Refused) -> HttpResponse:
    context = chat.chat_context(caller, fields.get("conversation", ""))
    context |= {"draft": fields.get("text", ""), "error": refused.reason}
    response = chat.render("chat.html", context, status=refused.status)
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response
