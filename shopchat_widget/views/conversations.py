from django.http import HttpRequest, HttpResponse

from shopchat.conversations import access
from shopchat_widget import chat
from shopchat_widget.answers import answers
from shopchat_widget.callers import Caller

SHOWN = 50


@answers("GET")
def conversations(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The visitor's own conversations, the latest first."""
    theirs = access.for_contact(caller.contact).latest_first().with_unread_replies()
    return chat.render("conversations.html", {**chat.page_context(caller), "conversations": theirs[:SHOWN]})
