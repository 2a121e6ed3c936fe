"""What the desk's scripts post: messages, buttons, receipts, presence, typing."""

import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from shopchat.conversations import access, reading, typing
from shopchat.conversations.thread import Page
from shopchat.desk.badge import badge_of
from shopchat.desk.deeds import DEEDS
from shopchat.desk.drawing import lines
from shopchat.desk.entrance import find, for_operators
from shopchat.desk.fragment import fragment
from shopchat.desk.listing import Asked
from shopchat.desk.live import ticket_for
from shopchat.desk.refusals import Refusal, read_fields
from shopchat.desk.writing import write
from shopchat.operators import presence
from shopchat.operators.models import Operator

RECEIPT = re.compile(r"([1-9]\d{7}):(\d{1,15})", re.ASCII)
MAX_RECEIPTS = 200


@for_operators
@require_POST
def send(request: HttpRequest, operator: Operator, number: str) -> HttpResponse:
    """A reply or a private note: 201 with its lines, 200 for a repetition; else the reason, to stand beside the field."""
    conversation = find(request, number)
    try:
        posted = write(conversation, operator, read_fields(request))
    except Refusal as refusal:
        return refusal.as_response()
    conversation = find(request, number)
    page = Page([posted.message], cursor=0)
    context = {
        "operator": operator,
        "conversation": conversation,
        "lines": lines(conversation, page, operator=operator),
        "show": Asked.of(request.GET).show,
    }
    return fragment(request, "_news.html", context, status=201 if posted.created else 200)


@for_operators
@require_POST
def do(request: HttpRequest, operator: Operator, number: str, deed: str) -> HttpResponse:
    """Take, release, close or reopen; answers with the bar of now, and with 409 when somebody else was faster."""
    conversation = find(request, number)
    problem, status = "", 200
    try:
        DEEDS[deed](conversation, operator)
    except Refusal as refusal:
        problem, status = refusal.text, refusal.status
    context = {
        "operator": operator,
        "conversation": find(request, number),
        "problem": problem,
        "show": Asked.of(request.GET).show,
    }
    return fragment(request, "_bar.html", context, status=status)


@for_operators
@require_POST
def receipts(request: HttpRequest, operator: Operator) -> HttpResponse:
    """``delivered`` and ``read``, each any number of ``<number>:<seq>``: up to there it was on screen, or was read."""
    delivered = _receipts(request.POST.getlist("delivered"))
    read = _receipts(request.POST.getlist("read"))
    for conversation in access.for_operator(request.user).filter(number__in=[*delivered, *read]):
        if (up_to := delivered.get(conversation.number)) is not None:
            reading.mark_delivered(conversation, operator=operator, up_to=up_to)
        if (up_to := read.get(conversation.number)) is not None:
            reading.mark_read(conversation, operator=operator, up_to=up_to)
    return HttpResponse(status=204)


@for_operators
@require_POST
def here(request: HttpRequest, operator: Operator) -> HttpResponse:
    """A desk of this operator is open."""
    presence.heartbeat(operator)
    return HttpResponse(status=204)


@for_operators
@require_POST
def writing(request: HttpRequest, operator: Operator, number: str) -> HttpResponse:
    """The operator is typing an answer, or, with ``stopped``, no longer."""
    verb = typing.stopped if "stopped" in request.POST else typing.started
    verb(find(request, number), by="operator")
    return HttpResponse(status=204)


@for_operators
@require_POST
def sound(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Switch the sound of new messages: ``plays`` is ``1`` or ``0``."""
    operator.plays_sound = request.POST.get("plays") == "1"
    operator.save(update_fields=["plays_sound"])
    return HttpResponse(status=204)


@for_operators
@require_GET
def badge(request: HttpRequest, operator: Operator) -> JsonResponse:
    """How many conversations call this operator, in figures and in words, and a ticket to learn when that moves."""
    return JsonResponse(badge_of(request, operator))


@for_operators
@require_GET
def ticket(request: HttpRequest, operator: Operator) -> JsonResponse:
    """A fresh ticket for the list and, with ``?open=``, for a conversation."""
    number = request.GET.get("open", "")
    return JsonResponse({"ticket": ticket_for(request, find(request, number) if number else None)})


def _receipts(raw: list[str]) -> dict[str, int]:
    found = [match for text in raw[:MAX_RECEIPTS] if (match := RECEIPT.fullmatch(text))]
    return {number: int(seq) for number, seq in (match.groups() for match in found)}
