"""Parts of the desk that are fetched alone: list, conversation, what is new in it, what lies before, the customer."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from shopchat.conversations import thread
from shopchat.desk import searches
from shopchat.desk.customer import purchases, watched
from shopchat.desk.drawing import lines
from shopchat.desk.entrance import find, for_operators
from shopchat.desk.fragment import fragment
from shopchat.desk.listing import Asked, listing
from shopchat.desk.refusals import Refusal, read_seq
from shopchat.desk.views.pages import pane_context
from shopchat.operators.models import Operator


@for_operators
@require_GET
def rows(request: HttpRequest, operator: Operator) -> HttpResponse:
    """The list with its filters, as ``?show=&q=&rows=`` ask; ``open`` is the number of the row to mark."""
    return _listing(request, operator, "_list.html")


@for_operators
@require_POST
def search(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Look for what was typed, which is not to stand in an address; without a script the whole page is drawn anew."""
    fields = {"show": Asked.of(request.POST.dict()).show, "search": searches.keep(request, request.POST.get("q", ""))}
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('shopchat_desk:desk')}?{urlencode(fields)}")
    return _listing(request, operator, "_list.html", {**fields, "q": request.POST.get("q", "")})


@for_operators
@require_GET
def older_rows(request: HttpRequest, operator: Operator) -> HttpResponse:
    """The page of the list that comes after ``?before=``: rows alone, and where to go on."""
    return _listing(request, operator, "_rows.html")


@for_operators
@require_GET
def pane(request: HttpRequest, operator: Operator, number: str) -> HttpResponse:
    """A conversation with its composer and its customer, to stand beside the list."""
    context = pane_context(request, operator, find(request, number))
    return fragment(request, "_pane.html", context)


@for_operators
@require_GET
def newer(request: HttpRequest, operator: Operator, number: str) -> HttpResponse:
    """What happened after ``?after=``: 204 for nothing, else messages, receipts and the buttons of now."""
    conversation = find(request, number)
    try:
        after = read_seq(request.GET.get("after", ""))
    except Refusal as refusal:
        return refusal.as_response()
    if after == conversation.last_seq:
        return HttpResponse(status=204)
    page = thread.newer(conversation, after=after, private=True)
    context = {
        "operator": operator,
        "conversation": conversation,
        "page": page,
        "lines": lines(conversation, page, operator=operator),
        "show": Asked.of(request.GET).show,
    }
    return fragment(request, "_news.html", context)


@for_operators
@require_GET
def older(request: HttpRequest, operator: Operator, number: str) -> HttpResponse:
    """The page of messages that ends before ``?before=``."""
    conversation = find(request, number)
    try:
        before = read_seq(request.GET.get("before", ""))
    except Refusal as refusal:
        return refusal.as_response()
    page = thread.older(conversation, before=before, private=True)
    context = {"conversation": conversation, "page": page, "lines": lines(conversation, page, operator=operator)}
    return fragment(request, "_older.html", context)


@for_operators
@require_GET
def customer(request: HttpRequest, operator: Operator, number: str) -> HttpResponse:
    """The customer's basket and orders as they are now."""
    contact = find(request, number).contact
    bought = purchases(contact)
    context = {
        "purchases": bought,
        "watch": watched(request.user, contact, bought.basket),
        # The store's own staff pages are for staff in Django's sense.
        "links_for_staff": getattr(request.user, "is_staff", False),
    }
    return fragment(request, "_purchases.html", context)


def _listing(
    request: HttpRequest, operator: Operator, template: str, fields: Mapping[str, str] | None = None
) -> HttpResponse:
    try:
        found = listing(request.user, operator, Asked.of(fields or searches.asked(request)))
    except Refusal as refusal:
        return refusal.as_response()
    context = {"operator": operator, "listing": found, "open_number": request.GET.get("open", "")}
    return fragment(request, template, context)
