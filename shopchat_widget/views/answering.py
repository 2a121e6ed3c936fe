from django.http import HttpRequest, HttpResponse

from shopchat_widget import chat, languages
from shopchat_widget.answers import answers
from shopchat_widget.callers import Caller
from shopchat_widget.presence import answering as who_answers


@answers("GET")
def answering(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Who answers now: the part of the header that changes while a chat is open."""
    answering = who_answers(caller.inbox, caller.current_conversation())
    return chat.render("chat/_answering.html", {"answering": answering, "language": languages.active()})
