"""Which topics an open desk follows."""

from django.http import HttpRequest

from shopchat.carts import hints as baskets
from shopchat.conversations import hints
from shopchat.conversations.models import Conversation
from shopchat.live import tickets
from shopchat.visitors import holders


def ticket_for(request: HttpRequest, conversation: Conversation | None) -> str:
    """A ticket for the list and, where one is open, for a conversation, its customer's typing and their basket."""
    topics = [hints.DESK]
    if conversation is not None:
        topics += [hints.for_operators(conversation.number), hints.typing(conversation.number, by="visitor")]
        topics += baskets.topics_of(conversation.contact)
    return tickets.issue(topics, holders=holders.signed_in(request, holders.of_operator(request.user)))
