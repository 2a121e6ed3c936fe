from django.http import HttpRequest, HttpResponse

from shopchat_widget import chat
from shopchat_widget.answers import answers
from shopchat_widget.callers import Caller, keep_key
from shopchat_widget.sending import send


@answers("POST")
def post(request: HttpRequest, caller: Caller) -> HttpResponse:
    """201 with the stored message as it is drawn, 200 when it was stored before, else the reason why nothing was."""
    sent = send(caller, request.POST.dict())
    response = chat.render(
        "chat/_sent.html", chat.sent_context(sent, caller), status=201 if sent.posted.created else 200
    )
    if sent.key:
        keep_key(response, request, sent.key)
    return response
