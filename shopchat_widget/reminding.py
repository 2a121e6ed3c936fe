"""Agreeing to reminders of one's basket, and taking it back, as the chat's pages offer it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from shopchat.carts.basis import agreed_address
from shopchat.carts.rules import rules_of
from shopchat.carts.subscribing import subscribe, unsubscribe_all
from shopchat.channels.known import EMAIL
from shopchat.contacts.confirming import masked
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity
from shopchat.conversations.mailing import ask_to_confirm
from shopchat_widget.answers import Refused
from shopchat_widget.callers import Caller
from shopchat_widget.leaving import agreed_text, left_address, offered_text

REMINDERS = ConsentText.Purpose.REMINDERS
PAGE = "reminders"


@dataclass(frozen=True)
class Standing:
    """What the page shows. ``state``: ``off`` (this shop sends none), ``stranger`` (nobody whom we know), ``open`` (a form),
    ``waiting`` for the proof of the ``address``, or ``agreed``. The address is masked.

    ``text`` is what is agreed to. ``known``: there is a proven address, and nobody has to type one. ``is_customer``: the
    shop also writes to those who bought before, who may refuse.
    """

    state: str
    text: ConsentText | None = None
    address: str = ""
    known: str = ""
    typed: str = ""
    error: str = ""
    is_customer: bool = False


def standing(caller: Caller) -> Standing:
    """Where the caller stands. Writes nothing."""
    text, contact = offered_text(caller.inbox), caller.contact
    if contact is not None and (there := agreed_address(contact)):
        return Standing("agreed", text, masked(there.value))
    if contact is not None and (waiting := _waiting(contact)):
        return Standing("waiting", text, masked(waiting.value))
    if text is None:
        return Standing("off")
    if contact is None and not caller.user.is_authenticated:
        return Standing("stranger", text)
    proven = _proven(contact)
    return Standing(
        "open",
        text,
        known=masked(proven.value) if proven else "",
        typed=str(getattr(caller.user, "email", "")),
        is_customer=rules_of(caller.inbox).existing_customers and caller.user.is_authenticated,
    )


def refused(caller: Caller, fields: Mapping[str, str], refusal: Refused) -> Standing:
    """The form again, with what was typed and why it was not taken."""
    return replace(standing(caller), typed=fields.get("email", ""), error=refusal.reason)


def change(caller: Caller, fields: Mapping[str, str]) -> None:
    """Do what the form says: ``do`` is ``agree`` or ``stop``. Raises :class:`Refused`."""
    contact = caller.contact or (contact_for(caller.user) if caller.user.is_authenticated else None)
    if contact is None:
        raise Refused(422, _("Sign in first, or write to us in the chat."))
    if fields.get("do") == "stop":
        unsubscribe_all(contact)
        return
    text = agreed_text(caller.inbox, fields)
    if text is None:
        raise Refused(422, _("Tick the box if you want to be reminded."))
    with transaction.atomic():
        identity = _proven(contact) or left_address(caller, contact, fields.get("email", ""))
        subscribe(contact, identity, text=text, page=PAGE)
        if identity.verified_at is None:
            ask_to_confirm(identity, None)


def _proven(contact: Contact | None) -> Identity | None:
    proven = Identity.objects.filter(contact=contact, channel=EMAIL, stopped_at=None).exclude(verified_at=None)
    return proven.order_by("-verified_at").first() if contact else None


def _waiting(contact: Contact) -> Identity | None:
    """The address that was agreed to and is not proven yet."""
    held = Consent.objects.filter(
        contact=contact, purpose=REMINDERS, withdrawn_at=None, identity__stopped_at=None, identity__verified_at=None
    )
    consent = held.exclude(identity=None).select_related("identity").order_by("-given_at").first()
    return consent.identity if consent else None
