from django.http import HttpRequest, HttpResponse

from shopchat.conversations import typing as conversation_typing
from shopchat_widget.answers import answers
from shopchat_widget.callers import Caller


@answers("POST")
def typing(request: HttpRequest, caller: Caller, number: str) -> HttpResponse:
    """The visitor types (``on=1``, repeated every few seconds) or has stopped (``on=0``). Never what they type."""
    change = conversation_typing.stopped if request.POST.get("on") == "0" else conversation_typing.started
    change(caller.conversation(number), by="visitor")
    return HttpResponse(status=204)
