"""Answers by e-mail, as the chat's page offers them: an address is left, waits for its proof, is in use, is stopped."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from shopchat.carts.rules import rules_of
from shopchat.carts.subscribing import subscribe
from shopchat.conf import settings
from shopchat.contacts import consents
from shopchat.contacts.confirming import BadAddress, leave_address, masked, present_address, stop_addresses
from shopchat.contacts.models import ConsentText, Contact, Identity
from shopchat.conversations.mailing import ask_to_confirm
from shopchat.conversations.models import Conversation
from shopchat.core.ratelimits import RateLimited, hit
from shopchat.inboxes.links import can_link
from shopchat.inboxes.models import Inbox
from shopchat_widget import languages
from shopchat_widget.answers import Refused
from shopchat_widget.callers import Caller
from shopchat_widget.sending import source_of, too_often

PAGE = "chat"


@dataclass(frozen=True)
class AddressBox:
    """What the box shows. ``state`` is ``later`` (nothing, until the customer has written), ``open`` (a form), ``waiting``
    for the proof, or ``used``; empty: no box at all.

    ``reminders`` are the words beside a box that agrees to reminders, where the shop sends them. ``address`` is masked; ``typed`` is what the form holds. ``moved``: the reader's eyes are to go there.
    """

    state: str
    address: str = ""
    typed: str = ""
    error: str = ""
    moved: bool = False
    reminders: ConsentText | None = None


def address_box(caller: Caller, conversation: Conversation | None, *, moved: bool = False) -> AddressBox:
    """The box as it stands for this caller."""
    inbox = caller.inbox
    if conversation is not None and conversation.inbox_id != inbox.pk:
        inbox = conversation.inbox
    if not inbox.answer_mail_after_minutes or not can_link(inbox):
        return AddressBox("")
    if conversation is None:
        return AddressBox("later")
    identity = present_address(caller.contact)
    if identity is None:
        typed = caller.contact.email if caller.contact else ""
        return AddressBox("open", typed=typed, moved=moved, reminders=offered_text(inbox))
    return AddressBox("used" if identity.verified_at else "waiting", address=masked(identity.value), moved=moved)


def refused_box(caller: Caller, fields: Mapping[str, str], refused: Refused) -> AddressBox:
    """The form again, with what was typed and why it was not taken."""
    reminders = offered_text(caller.inbox)
    return AddressBox("open", typed=fields.get("email", ""), error=refused.reason, moved=True, reminders=reminders)


def change_address(caller: Caller, fields: Mapping[str, str]) -> Conversation:
    """Do what the form says: ``do`` is ``leave`` (with ``email``) or ``stop``. Returns the conversation that it stood in.

    Raises :class:`Refused` with the reason in the active language, ``Http404`` for a conversation that is not theirs.
    """
    conversation = caller.named_or_current(fields.get("conversation", ""))
    if conversation is None:
        raise Refused(422, _("Write a message first."))
    if fields.get("do") == "stop":
        stop_addresses(conversation.contact)
    else:
        _leave(caller, conversation, fields)
    return conversation


def offered_text(inbox: Inbox) -> ConsentText | None:
    """The words by which one agrees to reminders of the basket; ``None`` where none are sent."""
    if not rules_of(inbox).mails or not can_link(inbox):
        return None
    return consents.text_for(inbox, ConsentText.Purpose.REMINDERS, languages.active())


def agreed_text(inbox: Inbox, fields: Mapping[str, str]) -> ConsentText | None:
    """The words that the box in the form was ticked beside; ``None`` if it was not. Raises :class:`Refused` for others."""
    text = offered_text(inbox) if fields.get("reminders") == "yes" else None
    if text is not None and fields.get("reminders_text") != text.text_hash:
        raise Refused(422, _("This text has changed. Please read it again and tick the box."))
    return text


def _leave(caller: Caller, conversation: Conversation, fields: Mapping[str, str]) -> None:
    contact, text = conversation.contact, agreed_text(conversation.inbox, fields)
    with transaction.atomic():
        identity = left_address(caller, contact, fields.get("email", ""))
        if text is not None:
            subscribe(contact, identity, text=text, page=PAGE)
        _ask(identity, conversation)


def left_address(caller: Caller, contact: Contact, typed: str) -> Identity:
    """The address that the contact leaves with this request. Raises :class:`Refused`."""
    limits = settings.RATE_LIMITS
    try:
        hit(limits["answer_addresses"], "answer_addresses", str(contact.pk))
        # Customers are made by writing, so that their number is no limit to whoever wants to have strangers mailed.
        hit(limits["address_sources"], "address_sources", source_of(caller))
        return leave_address(contact, typed=typed)
    except BadAddress as error:
        raise Refused(422, _("Write an e-mail address like name@example.com.")) from error
    except RateLimited as error:
        raise Refused(429, too_often(error.retry_after), retry_after=error.retry_after) from error


def _ask(identity: Identity, conversation: Conversation) -> None:
    # Whether the mail goes out or the address has had enough of them is not told: it would tell of others who left it.
    if identity.verified_at is None:
        ask_to_confirm(identity, conversation)
