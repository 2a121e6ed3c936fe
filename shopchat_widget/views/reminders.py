from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from shopchat_widget import chat, languages, reminding
from shopchat_widget.answers import Refused, answers
from shopchat_widget.asking import rules_of
from shopchat_widget.callers import Caller
from shopchat_widget.reminding import Standing


@answers("GET", "POST")
def reminders(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Whether the caller is reminded of their basket, with a form that changes it. No script is needed."""
    if request.method != "POST":
        return _page(caller, reminding.standing(caller))
    fields = request.POST.dict()
    try:
        reminding.change(caller, fields)
    except Refused as refused:
        response = _page(caller, reminding.refused(caller, fields, refused), status=refused.status)
        if refused.retry_after is not None:
            response.headers["Retry-After"] = str(refused.retry_after)
        return response
    query = {"lang": languages.active()} | ({"done": "1"} if fields.get("do") == "stop" else {})
    return HttpResponseRedirect(f"{reverse('shopchat_widget:reminders')}?{urlencode(query)}")


def _page(caller: Caller, standing: Standing, *, status: int = 200) -> HttpResponse:
    context = {
        **chat.page_context(caller),
        "standing": standing,
        "calls": rules_of(caller.inbox) is not None,
        "stopped": "done" in caller.request.GET and standing.state not in ("agreed", "waiting"),
    }
    return chat.render("reminders.html", context, status=status)
