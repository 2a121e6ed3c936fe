"""All that the page of one basket shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shopchat.callbacks import access as callbacks
from shopchat.callbacks.models import CallbackRequest
from shopchat.carts.models import BasketWatch, IssuedVoucher, RecoveryLink
from shopchat.carts.people import contact_of
from shopchat.carts.sparing import MAY_BE_SPARED, Reason
from shopchat.carts.stories import Line, story
from shopchat.contacts.models import Contact
from shopchat.conversations import access as conversations
from shopchat.conversations.models import Conversation
from shopchat.core import phones
from shopchat.desk.carts import Compared, Row, compared, rows
from shopchat.desk.carts_deeds import can_restore, opening
from shopchat.desk.customer import Purchases, purchases
from shopchat.operators.models import Operator

CONVERSATIONS = 5


@dataclass(frozen=True)
class Call:
    """How the customer can be called. ``request`` is the latest of theirs; ``dials`` is empty where it waits, because it
    is worked from its own page, and for those who may not see whole numbers.
    """

    request: CallbackRequest
    phone: str
    dials: str


@dataclass(frozen=True)
class BasketPage:
    """A basket, whose it is, what is in it, what was done about it. ``call`` is ``None`` where no number is known."""

    row: Row
    contact: Contact | None
    lines: Sequence[Compared]
    story: Sequence[Line]
    links: Sequence[RecoveryLink]
    vouchers: Sequence[IssuedVoucher]
    conversations: Sequence[Conversation]
    call: Call | None
    bought: Purchases | None
    sends_links: bool
    opening: str
    may_be_spared: bool
    reasons: Sequence[tuple[str, Any]]


def page_of(user: Any, watch: BasketWatch, operator: Operator) -> BasketPage:
    """What this user is shown of the basket."""
    contact = contact_of(watch)
    return BasketPage(
        row=rows([watch], operator)[0],
        contact=contact,
        lines=compared(watch),
        story=story(watch),
        links=list(watch.links.select_related("operator").order_by("-pk")),
        vouchers=list(watch.vouchers.order_by("-pk")),
        conversations=_conversations(user, contact) if contact else [],
        call=_call(user, contact) if contact else None,
        bought=purchases(contact) if contact else None,
        sends_links=contact is not None and can_restore() and bool(watch.lines),
        opening=opening(watch),
        may_be_spared=watch.state in MAY_BE_SPARED,
        reasons=Reason.choices,
    )


def _conversations(user: Any, contact: Contact) -> list[Conversation]:
    theirs = conversations.for_operator(user).filter(contact=contact)
    return list(theirs.latest_first()[:CONVERSATIONS])


def _call(user: Any, contact: Contact) -> Call | None:
    theirs = callbacks.for_operator(user).filter(contact=contact).exclude(phone="").select_related("inbox")
    # One that waits comes first: it is what somebody has promised.
    request = theirs.waiting().in_order("due_at").first() or theirs.in_order("-created_at").first()
    if request is None:
        return None
    whole = callbacks.sees_numbers(user)
    dials = request.phone if whole and not request.is_waiting() else ""
    phone = phones.readable(request.phone, "") if whole else phones.masked(request.phone)
    return Call(request, phone, dials)
