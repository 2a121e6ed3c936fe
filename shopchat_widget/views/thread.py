from django.http import HttpRequest, HttpResponse

from shopchat.conversations.thread import newer as newer_messages
from shopchat.conversations.thread import older as older_messages
from shopchat_widget import chat
from shopchat_widget.answers import answers, whole_number
from shopchat_widget.callers import Caller


@answers("GET")
def updates(request: HttpRequest, caller: Caller, number: str) -> HttpResponse:
    """What happened after the cursor ``after``: messages, receipts, who answers. 204 when nothing did."""
    after = whole_number(request.GET.get("after", ""))
    conversation = caller.conversation(number)
    if after == conversation.last_seq:
        return HttpResponse(status=204)
    if after > conversation.last_seq:
        # A cursor from the future: the database was restored from a backup. The page must begin anew.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    page = newer_messages(conversation, after=after, private=False)
    return chat.render("chat/_updates.html", chat.thread_context(page, conversation, caller))


@answers("GET")
def older(request: HttpRequest, caller: Caller, number: str) -> HttpResponse:
    """The page of messages that ends just before ``before``."""
    before = whole_number(request.GET.get("before", ""))
    conversation = caller.conversation(number)
    page = older_messages(conversation, before=min(before, conversation.last_seq + 1), private=False)
    return chat.render("chat/_older.html", chat.thread_context(page, conversation, caller))
