"""References: a request that does nothing, one with session and CSRF, and a message's whole way but for its storing."""

from unittest.mock import patch

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect

from shopchat.conversations import posting
from shopchat.conversations.models import Conversation, Message
from shopchat_widget import sending


def empty(request: HttpRequest) -> HttpResponse:
    """The least that a Django view can do."""
    return HttpResponse(status=204)


@transaction.non_atomic_requests
@csrf_protect
def floor(request: HttpRequest) -> HttpResponse:
    """A form is taken, with the session read and the token checked; nothing else happens."""
    request.session.get("basket")
    request.POST.get("text")
    return HttpResponse("<p>Taken.</p>", status=201)


def _not_stored(conversation: Conversation, *, text: str, client_id: str, page: str = "") -> posting.Posted:
    message = Message(
        conversation=conversation,
        seq=conversation.last_seq + 1,
        kind=Message.Kind.INBOUND,
        author=Message.Author.VISITOR,
        client_id=client_id,
        text=text,
        created_at=timezone.now(),
    )
    return posting.Posted(message, created=True)


class _PostingWithoutStoring:
    """Stands where the module of the verbs stands."""

    ClientIdReused = posting.ClientIdReused
    Posted = posting.Posted
    receive = staticmethod(_not_stored)


def leave_out_the_write() -> None:
    """From now on this process recognises, checks, limits and draws as the product does, but stores nothing and tells nobody."""
    patch.object(sending, "posting", _PostingWithoutStoring).start()
