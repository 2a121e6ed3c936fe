from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from shopchat_widget import chat, languages
from shopchat_widget.answers import Refused, answers
from shopchat_widget.callers import Caller
from shopchat_widget.leaving import AddressBox, address_box, change_address, refused_box


@answers("POST")
def address(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Leave or stop an address without a script: back to the chat, or its page again with the reason why not."""
    fields = request.POST.dict()
    try:
        conversation = change_address(caller, fields)
    except Refused as refused:
        context = chat.chat_context(caller, fields.get("conversation", "")) | {
            "address": refused_box(caller, fields, refused)
        }
        return _with_pause(chat.render("chat.html", context, status=refused.status), refused)
    query = {"lang": languages.active(), "c": conversation.number}
    return HttpResponseRedirect(f"{reverse('shopchat_widget:page')}?{urlencode(query)}")


@answers("GET", "POST")
def address_box_alone(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The box about answers by e-mail; a POST changes it first."""
    if request.method != "POST":
        return _box(caller, request.GET.get("c", ""))
    fields = request.POST.dict()
    try:
        conversation = change_address(caller, fields)
    except Refused as refused:
        response = _box(
            caller, fields.get("conversation", ""), refused_box(caller, fields, refused), status=refused.status
        )
        return _with_pause(response, refused)
    return _box(caller, conversation.number, moved=True)


def _box(
    caller: Caller, number: str, box: AddressBox | None = None, *, moved: bool = False, status: int = 200
) -> HttpResponse:
    conversation = caller.named_or_current(number)
    context = chat.page_context(caller) | {"conversation": conversation}
    context["address"] = box or address_box(caller, conversation, moved=moved)
    return chat.render("chat/_address.html", context, status=status)


def _with_pause(response: HttpResponse, refused: Refused) -> HttpResponse:
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response
