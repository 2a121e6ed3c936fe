"""Who wants to be reminded of their basket and who does not, as they say it themselves."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from shopchat.carts.basis import account_address
from shopchat.channels.known import EMAIL
from shopchat.contacts.agreeing import agree, withdraw
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity
from shopchat.touches.models import Suppression, Touch
from shopchat.touches.planning import call_off
from shopchat.touches.suppressing import find, is_suppressed, lift, suppress

REMINDERS = ConsentText.Purpose.REMINDERS


def subscribe(contact: Contact, identity: Identity, *, text: ConsentText, page: str = "") -> Consent:
    """The contact agrees to be reminded at this address. Nothing goes there before it is proven to be theirs."""
    with transaction.atomic():
        if is_suppressed(EMAIL, identity.value):
            # What was agreed to before that says nothing any more.
            withdraw(identity, REMINDERS)
        consent = agree(contact, identity=identity, text=text, page=page)
        welcome_back(identity)
    return consent


def welcome_back(identity: Identity) -> bool:
    """Whoever has unsubscribed and agreed anew, with a proven address, is written to again. Returns whether that was so.

    An address that bounced, complained or was entered at the desk stays where it is; and so it does for a consent of
    before, such as another browser gave with the same address.
    """
    noted = find(EMAIL, identity.value)
    if noted is None or noted.reason != Suppression.Reason.UNSUBSCRIBED or not identity.may_be_written_to():
        return False
    anew = Consent.objects.filter(
        identity=identity, purpose=REMINDERS, withdrawn_at=None, given_at__gte=noted.created_at
    )
    return anew.exists() and lift(EMAIL, identity.value)


def unsubscribe(identity: Identity, *, now: datetime | None = None) -> None:
    """No proactive mail to this address any more: the consent ends, the address is noted, what is planned is called off.

    Doing it twice changes nothing.
    """
    at = now or timezone.now()
    with transaction.atomic():
        withdraw(identity, REMINDERS, now=at)
        suppress(EMAIL, identity.value, Suppression.Reason.UNSUBSCRIBED)
        about = _about(identity)
        if about:
            call_off(*about, reason="stopped", now=at)


def unsubscribe_all(contact: Contact) -> None:
    """The contact wants no reminders at any address of theirs, nor at that of their account.

    An address that they only typed may be another person's, who is not silenced by it.
    """
    account_address(contact)
    agreed = Q(consents__purpose=REMINDERS, consents__withdrawn_at=None)
    for identity in Identity.objects.filter(agreed | Q(stopped_at=None), contact=contact, channel=EMAIL).distinct():
        if identity.verified_at is None and identity.source == Identity.Source.TYPED:
            withdraw(identity, REMINDERS)
        else:
            unsubscribe(identity)


def _about(identity: Identity) -> list[str]:
    """What is planned for them, or waits in the outbox, is about."""
    waits = Q(state=Touch.State.PLANNED) | Q(state=Touch.State.HANDED, left_at=None)
    mine = Q(identity=identity) | Q(contact=identity.contact_id)
    found = Touch.objects.filter(waits, mine, channel=EMAIL, called_off_at=None).exclude(about="")
    return list(found.order_by().values_list("about", flat=True).distinct())
