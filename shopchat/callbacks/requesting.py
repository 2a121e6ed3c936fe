"""How a request comes in: once, with one promise that can be kept, from somebody who agreed to it.

One number, two people
    Typing a number proves nothing about whoever types it. So the person is the contact (a browser's key or an account)
    and never the number:

    * the contact's own waiting request is shown, and changed once they say so (:class:`NumberWaits`);
    * a request of another contact is neither shown nor changed nor called off by typing its number. The second one is
      told, beside the field, that this number waits for a call already and where that can be changed. It has to be told
      that much: the shop calls a number once, nothing is refused silently, and an answer that pretended to have taken the
      request would break its promise. The words say neither who asked, when, nor for when. Whoever tries numbers out is
      counted like everybody who asks (:mod:`shopchat.callbacks.admission`), before a number is looked up;
    * most often it is the same person with another browser, or one household: the call comes to the number in any case, and
      until then they may write in the chat. Two rows would have the shop call twice; handing the row over would let
      anybody move or hush somebody else's call;
    * who fills the queue with somebody else's number, browser after browser, is stopped by the limit
      ``callback_numbers``: so many new requests a day for a number, whoever makes them.

One form, sent twice
    A form has an id of its own. Sent again by a double click, a reload or the back button it answers what was stored.
    Under the same id with other content it is not taken: whoever went back and changed something is asked as with any
    second request for their number, and anybody else's id is nobody's business.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from shopchat.callbacks import happenings, links, wishes
from shopchat.callbacks.choosing import choose, gone, is_chosen, promise
from shopchat.callbacks.happenings import happened
from shopchat.callbacks.limiting import count_move, count_number
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.callbacks.refusing import NumberWaits, Rejected
from shopchat.callbacks.slots import NoSlot
from shopchat.callbacks.wishes import Cleaned, Wish
from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText, Contact
from shopchat.conversations import starting
from shopchat.conversations.models import Conversation
from shopchat.core.phones import tail
from shopchat.inboxes.models import Inbox
from shopchat.signals import callback_requested

NUMBER_MAX_LENGTH = 12
ATTEMPTS = 10


@dataclass(frozen=True)
class Requested:
    """What is stored now. ``created`` and ``changed`` are both false when the form was sent before."""

    request: CallbackRequest
    created: bool
    changed: bool


class _Overtaken(Exception):
    """Somebody closed the request between our looking and our writing."""


def check(contact: Contact | None, inbox: Inbox, wish: Wish, *, now: datetime | None = None) -> CallbackRequest | None:
    """Whether the form is filled in as it should be; stores nothing. Returns the request that this form has made already.

    Raises :class:`Rejected`. Of other people's requests it tells nothing.
    """
    rules = rules_of(inbox)
    cleaned = wishes.clean(wish, rules)
    stored = _repeated(contact, rules, wish, cleaned)
    if stored is None:
        choose(rules, wish.slot, now=now or timezone.now(), but=_own(contact, rules, cleaned.phone))
    return stored


def confirms(contact: Contact | None, inbox: Inbox, wish: Wish) -> bool:
    """Whether the form says that the contact's own request for this very number is to be changed, as we asked.

    Raises :class:`Rejected`.
    """
    if contact is None or not wish.replace:
        return False
    rules = rules_of(inbox)
    own = _own(contact, rules, wishes.clean(wish, rules).phone)
    return own is not None and links.may_replace(wish.replace, contact, own)


def request_callback(contact: Contact, inbox: Inbox, wish: Wish, *, now: datetime | None = None) -> Requested:
    """Store what the contact wishes, or change their waiting request for this number if they confirmed that.

    Raises :class:`Rejected` with all that is wrong, by field, and :class:`NumberWaits`.
    """
    rules = rules_of(inbox)
    cleaned = wishes.clean(wish, rules)
    now = now or timezone.now()
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _take_in(contact, rules, wish, cleaned, now)
        except NoSlot as error:
            raise gone(rules, wish.slot, error, now=now, but=_own(contact, rules, cleaned.phone)) from error
        except (_Overtaken, IntegrityError):  # the number to read out is taken, or the phone's, by somebody just now
            continue
    raise RuntimeError(f"A callback request could not be stored in {ATTEMPTS} attempts.")


def rules_of(inbox: Inbox) -> CallbackRules:
    """What the shop promises here. Raises :class:`Rejected` where it promises nothing."""
    rules = CallbackRules.objects.filter(inbox=inbox, is_active=True).select_related("schedule", "inbox").first()
    if rules is None:
        raise Rejected({"": _("Calls cannot be asked for here at the moment. Please write to us in the chat.")})
    return rules


def new_number() -> str:
    """Random digits that are nobody's yet, four of them while that leaves most of them free."""
    latest = CallbackRequest.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    # No row has a higher key than there ever were rows, so that half of the numbers are free at least.
    length = max(4, len(str(2 * latest + 1000)))
    while True:
        drawn = {str(10 ** (length - 1) + secrets.randbelow(9 * 10 ** (length - 1))) for _draw in range(8)}
        taken = set(CallbackRequest.objects.filter(number__in=drawn).values_list("number", flat=True))
        if drawn - taken:
            return (drawn - taken).pop()
        length = min(length + 1, NUMBER_MAX_LENGTH)


def _take_in(contact: Contact, rules: CallbackRules, wish: Wish, cleaned: Cleaned, now: datetime) -> Requested:
    """Under the lock of the contact's row, which ``start`` takes before it looks: one form sent twice comes here in turn.

    After it come the request's row, the line of those who book, and the conversation, everywhere in this order.
    """
    conversation = starting.start(contact, rules.inbox, language=cleaned.language, page=cleaned.page)
    if (stored := _repeated(contact, rules, wish, cleaned)) is not None:
        return Requested(stored, created=False, changed=False)
    waiting = _waiting(rules, cleaned.phone).first()
    if waiting is None:
        return Requested(_create(conversation, rules, wish, cleaned, now), created=True, changed=False)
    if waiting.contact_id != contact.pk:
        raise Rejected({"phone": _waits_already()})
    if not links.may_replace(wish.replace, contact, waiting):
        raise NumberWaits(waiting, links.replace_token(contact, waiting))
    return Requested(_change(waiting, rules, wish, cleaned, now), created=False, changed=True)


def _create(
    conversation: Conversation, rules: CallbackRules, wish: Wish, cleaned: Cleaned, now: datetime
) -> CallbackRequest:
    choice = choose(rules, wish.slot, now=now)
    request = CallbackRequest(
        number=new_number(),
        inbox=rules.inbox,
        contact=conversation.contact,
        conversation=conversation,
        phone=cleaned.phone,
        phone_tail=tail(cleaned.phone),
        open_phone=cleaned.phone,
        created_at=now,
        **_details(rules, cleaned, now),
    )
    promise(request, choice, rules=rules, now=now)
    count_number(cleaned.phone)
    happened(request, happenings.ASKED, at=now)
    transaction.on_commit(lambda: callback_requested.send_robust(sender=CallbackRequest, request=request), robust=True)
    return request


def _change(
    request: CallbackRequest, rules: CallbackRules, wish: Wish, cleaned: Cleaned, now: datetime
) -> CallbackRequest:
    """A new moment, other words, or both. What stays the same keeps its promise, and writes no line."""
    moves, differs = not is_chosen(request, wish.slot), not _is_the_same(request, cleaned)
    choice = choose(rules, wish.slot, now=now, but=request) if moves else None
    if not CallbackRequest.objects.waiting().filter(pk=request.pk).update(**_details(rules, cleaned, now)):
        raise _Overtaken
    if moves or differs:
        count_move(request.pk)
    request.refresh_from_db()
    if choice is not None:
        promise(request, choice, rules=rules, now=now)
    if moves or differs:
        happened(request, happenings.MOVED, at=now)
    return request


def _details(rules: CallbackRules, cleaned: Cleaned, now: datetime) -> dict[str, Any]:
    """What the customer may say anew. The consent is theirs to what they saw, published now if nobody had agreed before."""
    shown = _in_force(rules, cleaned.consent)
    return {
        **cleaned.fields(),
        "client_id": cleaned.client_id,
        "consent_text": shown,
        "consent_version": shown.version,
        "consent_hash": shown.text_hash,
        "consented_at": now,
        "consent_page": cleaned.page,
        "updated_at": now,
    }


def _in_force(rules: CallbackRules, shown: ConsentText) -> ConsentText:
    """What was shown, as a version that is stored; unless the shop has published its first one since."""
    if shown.pk:
        return shown
    current = consents.current_text(rules.inbox, shown.purpose, shown.language)
    if current is None:
        return consents.publish(rules.inbox, shown.purpose, shown.language, shown.text)
    if current.text_hash != shown.text_hash:
        raise Rejected({"consent": wishes.text_has_changed()})
    return current


def _repeated(contact: Contact | None, rules: CallbackRules, wish: Wish, cleaned: Cleaned) -> CallbackRequest | None:
    """The request that this very form has made before. Raises :class:`Rejected` if that was with other content.

    Who went back, chose another time and sent the form again, wants their waiting request changed: that is no repetition.
    """
    stored = _requests().filter(client_id=cleaned.client_id).first()
    if stored is None:
        return None
    theirs = contact is not None and stored.contact_id == contact.pk
    same = theirs and _is_the_same(stored, cleaned)
    if same and (not stored.is_waiting() or is_chosen(stored, wish.slot)):
        return stored
    if theirs and stored.inbox_id == rules.inbox_id and stored.open_phone == cleaned.phone:
        return None
    raise Rejected({"": _("This form was sent before with other content. Please reload the page and try again.")})


def _is_the_same(stored: CallbackRequest, cleaned: Cleaned) -> bool:
    sent = (cleaned.phone, cleaned.name, cleaned.about, cleaned.subject, cleaned.subject_ref)
    return sent == (stored.phone, stored.name, stored.about, stored.subject, stored.subject_ref)


def _own(contact: Contact | None, rules: CallbackRules, phone: str) -> CallbackRequest | None:
    """The contact's own request that waits for a call to this number."""
    return _waiting(rules, phone).filter(contact=contact).first() if contact is not None else None


def _waiting(rules: CallbackRules, phone: str) -> CallbackRequestQuerySet:
    return _requests().filter(inbox=rules.inbox, open_phone=phone)


def _requests() -> CallbackRequestQuerySet:
    return CallbackRequest.objects.select_related("inbox", "contact", "conversation")


def _waits_already() -> str:
    return _(
        "This number waits for a call already. It can be changed only where it was asked for, or by the link that was "
        "given there. If that was not you, write to us in the chat."
    )
