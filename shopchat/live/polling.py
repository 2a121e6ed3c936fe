"""The conditional poll: "has anything moved since?", mostly answered with an empty 204.

One function serves the Django view, the WSGI wrapper and, for who is not remembered, the edge; ``polls`` gives the same
answers from memory. They name topics and stamps and carry no data: whoever sees a stamp change fetches the fragment.
"""

from collections.abc import Sequence

from shopchat.live import sources, tickets
from shopchat.live.answers import Answer, fingerprint, news, nothing_new
from shopchat.live.stamps import stamps


def answer(ticket: str, etag: str) -> Answer:
    """Answer a poll. ``etag`` is the ``If-None-Match`` header of the request, empty on the first one.

    204: nothing moved. 200: a JSON object of topic to stamp, with a new ``ETag``. 403: ask the page for a new ticket.
    """
    try:
        known = tickets.read(ticket)
    except tickets.BadTicket:
        return Answer(403)
    revocations = tickets.revocations(known)
    read = stamps().read([*known.topics, *revocations])
    if _is_revoked(known, [topic for topic in revocations if read[topic]]):
        return Answer(403)
    moved = {topic: read[topic] for topic in known.topics}
    current = fingerprint(moved)
    return nothing_new(current) if etag == current else news(moved, current)


def _is_revoked(ticket: tickets.Ticket, told: Sequence[str]) -> bool:
    """``told`` are its revocations that have a stamp: in a cache it says that there is one, the rows say since when."""
    return bool(told) and tickets.is_revoked(ticket, sources.read(told))
