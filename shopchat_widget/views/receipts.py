from django.http import HttpRequest, HttpResponse

from shopchat.conversations.reading import mark_seen
from shopchat_widget.answers import answers, whole_number
from shopchat_widget.callers import Caller


@answers("POST")
def seen(request: HttpRequest, caller: Caller, number: str) -> HttpResponse:
    """The visitor has read everything up to ``up_to``."""
    up_to = whole_number(request.POST.get("up_to", ""))
    mark_seen(caller.conversation(number), up_to=up_to)
    return HttpResponse(status=204)
