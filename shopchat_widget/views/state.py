from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token

from shopchat.conversations import access, hints
from shopchat.live import polling, tickets
from shopchat_widget import chat
from shopchat_widget.answers import answers
from shopchat_widget.callers import Caller

WATCHED = 5


@answers("GET")
def state(request: HttpRequest, caller: Caller) -> HttpResponse:
    """For the launcher of somebody who has written: whose things the browser may keep, what is unread, how to watch it.

    ``etag`` belongs to what was true before the count was made, so the first poll repeats nothing and misses nothing.
    """
    theirs = access.for_contact(caller.contact).filter(inbox=caller.inbox).latest_first()
    numbers = list(theirs.values_list("number", flat=True)[:WATCHED])
    topics = [hints.for_contact(number) for number in numbers]
    ticket = tickets.issue(topics, holders=caller.holders()) if topics else ""
    etag = dict(polling.answer(ticket, "").headers).get("ETag", "") if ticket else ""
    return JsonResponse(
        {
            "scope": caller.scope,
            "joined": caller.joined_scope,
            "unread": _unread(caller, numbers),
            "ticket": ticket,
            "etag": etag,
        }
    )


@answers("GET")
def ticket(request: HttpRequest, caller: Caller) -> HttpResponse:
    """A new ticket for the conversation ``c``, if one is named, and a new CSRF token: both run out, or change at a log-in."""
    number = request.GET.get("c", "")
    return JsonResponse(
        {
            "scope": caller.scope,
            "ticket": chat.ticket_for(caller.conversation(number), caller) if number else "",
            "csrf": get_token(request),
        }
    )


def _unread(caller: Caller, numbers: list[str]) -> int:
    if not numbers:
        return 0
    theirs = access.for_contact(caller.contact).filter(number__in=numbers).with_unread_replies()
    return sum(conversation.unread_replies for conversation in theirs)  # type: ignore[attr-defined]  # annotated
