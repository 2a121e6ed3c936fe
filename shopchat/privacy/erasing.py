"""Erasing a person.

Conversations go with everything in them, and so do addresses, what was sent to them, and the keys of browsers: whoever
comes back tomorrow is somebody new. A callback request that still waits is called off, so that nobody is called who is no
longer known. Callback requests and baskets stay as rows without the person, for the reports; what requests need to hang
on stays with them, emptied: a contact without account and browser, and a closed conversation with nothing in it but a line
that says so. Whoever wanted no advertising is left alone further on: of that only a keyed hash of the address is kept.

Not ours to erase: the shop's account and orders, mails that have arrived, the records of a telephony provider, back-ups.
"""

from dataclasses import dataclass, fields
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from shopchat.callbacks.changing import cancel
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.carts.guests import watches_of_guests
from shopchat.contacts.models import Consent, Contact, Identity
from shopchat.conversations import events, hints
from shopchat.conversations.models import Conversation, Delivery, Message, Receipt
from shopchat.privacy.emptying import empty, empty_baskets
from shopchat.privacy.finding import baskets_to_erase
from shopchat.touches.models import Touch
from shopchat.visitors import holders
from shopchat.visitors.models import Visitor
from shopchat.visitors.revoking import revoke

ERASED = "erased"


@dataclass(frozen=True)
class Stored:
    """How much there is of a person, or was."""

    conversations: int = 0
    messages: int = 0
    addresses: int = 0
    browsers: int = 0
    callbacks: int = 0
    baskets: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def register() -> None:
    """Teach the log what it says where a conversation was emptied."""
    events.register_event(ERASED, lambda message: _("The customer's data was erased"), private=True)


def stored(contact: Contact) -> Stored:
    """What :func:`erase` would find."""
    return Stored(
        conversations=Conversation.objects.filter(contact=contact).count(),
        messages=Message.objects.filter(conversation__contact=contact).count(),
        addresses=Identity.objects.filter(contact=contact).count(),
        browsers=Visitor.objects.filter(contact=contact).count(),
        callbacks=CallbackRequest.objects.filter(contact=contact).count(),
        baskets=baskets_to_erase(contact).count(),
    )


def erase(contact: Contact, *, now: datetime | None = None) -> Stored:
    """Erase everything of this person, in one transaction. Returns what there was."""
    now = now or timezone.now()
    with transaction.atomic():
        # A write on the contact's row lines up whoever is starting a conversation for it.
        Contact.objects.filter(pk=contact.pk).update(basket_ref="")
        found = stored(contact)
        requests = CallbackRequest.objects.filter(contact=contact)
        _hold(requests)
        called_off = list(requests.waiting().select_related("conversation").order_by("pk"))
        for request in called_off:
            cancel(request, now=now)
        empty(requests, at=now)
        empty_baskets(baskets_to_erase(contact), at=now)
        Touch.objects.filter(contact=contact).delete()
        Consent.objects.filter(contact=contact).delete()
        _forget_browsers(contact)
        Identity.objects.filter(contact=contact).delete()
        _erase_conversations(Conversation.objects.filter(contact=contact), now)
        _forget(contact)
        for request in called_off:
            request.refresh_from_db()  # after the commit integrators are given these very objects
    return found


def stored_of_guests(email: str) -> Stored:
    """What :func:`erase_guests` would find."""
    return Stored(baskets=watches_of_guests([email]).count())


def erase_guests(email: str, *, now: datetime | None = None) -> Stored:
    """Erase the baskets of guests who typed this address at the checkout: nothing else of it is known. Returns what there was."""
    with transaction.atomic():
        return Stored(baskets=empty_baskets(watches_of_guests([email]), at=now or timezone.now()))


def _hold(requests: CallbackRequestQuerySet) -> None:
    """All rows before the first conversation: others hold a request, then its conversation, which may have several."""
    # By the keys alone, as MariaDB would lock another index first; it is also the one that keeps the order.
    chosen = list(requests.order_by("pk").values_list("pk", flat=True))
    CallbackRequest.objects.filter(pk__in=chosen).order_by("pk").update(updated_at=F("updated_at"))


def _forget_browsers(contact: Contact) -> None:
    """Live updates of theirs end, too."""
    keys = list(Visitor.objects.filter(contact=contact).values_list("key_hash", flat=True))
    revoke(holders.of_visitor(key) for key in keys)
    if contact.user is not None:
        revoke([holders.of_account(contact.user)])
    Visitor.objects.filter(contact=contact).delete()


def _erase_conversations(conversations: "QuerySet[Conversation]", now: datetime) -> None:
    """Those that a callback request hangs on are emptied, the others are gone."""
    needed = set(CallbackRequest.objects.filter(conversation__in=conversations).values_list("conversation", flat=True))
    for conversation in conversations.filter(pk__in=needed).order_by("pk"):
        _empty(conversation, now)
    gone = conversations.exclude(pk__in=needed)
    for number in gone.values_list("number", flat=True):
        hints.announce(number, private=False)
    gone.delete()


def _empty(conversation: Conversation, now: datetime) -> None:
    Message.objects.filter(conversation=conversation).delete()
    Receipt.objects.filter(conversation=conversation).delete()
    Delivery.objects.filter(conversation=conversation).delete()
    events.record(
        conversation, ERASED, at=now, page="", state=Conversation.State.CLOSED, closed_at=now, waiting_since=None
    )


def _forget(contact: Contact) -> None:
    """The row stays where requests are, and says nothing of anybody."""
    if CallbackRequest.objects.filter(contact=contact).exists():
        Contact.objects.filter(pk=contact.pk).update(user=None)
    else:
        Contact.objects.filter(pk=contact.pk).delete()
