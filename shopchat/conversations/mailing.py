"""Mails to customers: "is this address yours?", and "you have an answer" to somebody who has left.

The first goes to an address that somebody typed, so it says nothing of theirs and goes out seldom, whoever asks for it. The
second goes to a proven address, once for each stretch of unread answers, and does not quote the answer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shopchat.channels.base import Outgoing
from shopchat.channels.known import EMAIL
from shopchat.conf import settings
from shopchat.contacts.agreeing import has_agreed
from shopchat.contacts.confirming import CONFIRM_DAYS, confirm_token, stop_token
from shopchat.contacts.models import Consent, ConsentText, Identity
from shopchat.conversations.delivery import enqueue
from shopchat.conversations.kinds import Kind, register_kind
from shopchat.conversations.letters import letter
from shopchat.conversations.models import Conversation, Delivery, Message
from shopchat.core.ratelimits import allowance
from shopchat.core.tokens import digest
from shopchat.inboxes.links import can_link, link, shop_name
from shopchat.inboxes.models import Inbox

CONFIRMATION, ANSWER = "confirmation", "answer"
# After a longer silence of the worker an answer is old news; a burst of mails would be worse.
ANSWERS_OF = timedelta(days=3)
BATCH = 500


def ask_to_confirm(identity: Identity, conversation: Conversation | None) -> bool:
    """Queue the mail that asks whether the address is theirs. ``False``: it has had as many as it may get for now.

    Without a ``conversation`` it is for what they agreed to at this address.
    Counted by the mailbox, whoever names it and from wherever, in the rows: no cache can forget them. What stands between
    a plus and the @ makes no other mailbox.
    """
    count, time = allowance(settings.RATE_LIMITS["confirmation_mails"])
    name, _at, host = identity.value.rpartition("@")
    name = name.partition("+")[0]
    same = Q(identity__value=f"{name}@{host}")
    same |= Q(identity__value__startswith=f"{name}+", identity__value__endswith=f"@{host}")
    asked = Delivery.objects.filter(same, kind=CONFIRMATION, identity__channel=EMAIL)
    # One look for both questions, how many and which is the latest: whoever asked in between would answer them differently.
    times = dict(asked.values_list("pk", "created_at"))
    since = timezone.now() - time
    if sum(asked_at > since for asked_at in times.values()) >= count:
        return False
    # Of two who ask at once, both after the same mail, one makes the next.
    latest = max(times, default=0)
    row = enqueue(
        purpose=f"{CONFIRMATION}:{digest(f'{name}@{host}')[:32]}:{latest}",
        kind=CONFIRMATION,
        channel=EMAIL,
        conversation=conversation,
        identity=identity,
    )
    return row.identity_id == identity.pk


def mail_answers(*, now: datetime | None = None) -> int:
    """Queue a mail for each conversation whose answer has waited too long for its reader. Returns how many were queued."""
    now = now or timezone.now()
    queued = 0
    for inbox in Inbox.objects.filter(answer_mail_after_minutes__gt=0):
        if can_link(inbox):
            queued += sum(map(_mail_answer, _unnoticed(inbox, now)[:BATCH]))
    return queued


def register() -> None:
    """Teach the outbox both kinds."""
    register_kind(
        Kind(
            name=CONFIRMATION,
            label=_("Question whether an address is the customer’s"),
            check=_confirmation_not_wanted,
            build=_build_confirmation,
            at_least_once=False,
            reasons={"stopped": _("The address was taken back."), "confirmed": _("The address is confirmed already.")},
        )
    )
    register_kind(
        Kind(
            name=ANSWER,
            label=_("News of an answer"),
            check=_answer_not_wanted,
            build=_build_answer,
            at_least_once=True,
            reasons={
                "read": _("The customer has read the answer."),
                "stopped": _("The customer wants no mail."),
                "moved": _("The conversation belongs to somebody else now."),
                "off": _("Answers by e-mail are switched off."),
            },
        )
    )


def _unnoticed(inbox: Inbox, now: datetime) -> QuerySet[Conversation]:
    """Conversations whose oldest unread reply is due for a mail and has had none, with a proven address."""
    unread = Message.objects.filter(
        conversation=OuterRef("pk"), kind=Message.Kind.REPLY, seq__gt=OuterRef("contact_seen_seq")
    ).order_by("seq")
    mailed = Delivery.objects.filter(kind=ANSWER, message=OuterRef("first_unread"))
    proven = Identity.objects.filter(channel=EMAIL, verified_at__isnull=False, stopped_at=None)
    recent = Conversation.objects.filter(inbox=inbox, updated_at__gt=now - ANSWERS_OF)
    waiting = recent.filter(contact__in=proven.values("contact")).annotate(
        first_unread=Subquery(unread.values("pk")[:1]), unread_since=Subquery(unread.values("created_at")[:1])
    )
    due = now - timedelta(minutes=inbox.answer_mail_after_minutes)
    return (
        waiting.filter(unread_since__lte=due, unread_since__gt=now - ANSWERS_OF).exclude(Exists(mailed)).order_by("pk")
    )


def _mail_answer(conversation: Conversation) -> bool:
    message = Message.objects.get(pk=conversation.first_unread)  # type: ignore[attr-defined]  # annotated
    proven = Identity.objects.filter(contact=conversation.contact_id, channel=EMAIL, stopped_at=None)
    identity = proven.exclude(verified_at=None).order_by("-verified_at").first()
    if identity is None:  # stopped just now
        return False
    purpose = f"{ANSWER}:{conversation.pk}:{message.seq}"
    enqueue(purpose=purpose, kind=ANSWER, channel=EMAIL, conversation=conversation, message=message, identity=identity)
    return True


def _confirmation_not_wanted(delivery: Delivery) -> str:
    identity, site = delivery.identity, _site_of(delivery)
    if identity is None or site is None or identity.stopped_at is not None or not can_link(site[0]):
        return "stopped"
    return "confirmed" if identity.verified_at is not None else ""


def _answer_not_wanted(delivery: Delivery) -> str:
    identity, conversation, message = delivery.identity, delivery.conversation, delivery.message
    if identity is None or conversation is None or message is None or not identity.may_be_written_to():
        return "stopped"
    if not conversation.inbox.answer_mail_after_minutes or not can_link(conversation.inbox):
        return "off"
    if identity.contact_id != conversation.contact_id:
        return "moved"
    return "read" if conversation.contact_seen_seq >= message.seq else ""


def _build_confirmation(delivery: Delivery) -> Outgoing:
    identity, site = delivery.identity, _site_of(delivery)
    if identity is None or site is None:
        raise LookupError("a question about an address without the address or a site")
    inbox, language = site
    context = {
        "link": link(inbox, "confirm", confirm_token(identity), lang=language),
        "days": CONFIRM_DAYS,
        "answers": delivery.conversation is not None,
        "reminders": has_agreed(identity, ConsentText.Purpose.REMINDERS),
    }
    return _build(CONFIRMATION, identity, inbox, language, context)


def _site_of(delivery: Delivery) -> tuple[Inbox, str] | None:
    """Where somebody left the address, and in which language: in a conversation, else with a consent that still holds."""
    if delivery.conversation is not None:
        return delivery.conversation.inbox, delivery.conversation.language
    held = Consent.objects.filter(identity=delivery.identity_id, withdrawn_at=None).select_related("text__inbox")
    consent = held.order_by("-given_at").first() if delivery.identity_id else None
    return (consent.text.inbox, consent.text.language) if consent else None


def _build_answer(delivery: Delivery) -> Outgoing:
    identity, conversation = _parties(delivery)
    stop = link(conversation.inbox, "stop", stop_token(identity), lang=conversation.language)
    page = link(conversation.inbox, "page", lang=conversation.language, c=conversation.number)
    # RFC 8058: mail programs show a button of their own, which posts to the address.
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    context = {"link": page, "stop": stop, "number": conversation.readable_number}
    return _build(ANSWER, identity, conversation.inbox, conversation.language, context, headers)


def _build(
    name: str,
    identity: Identity,
    inbox: Inbox,
    language: str,
    context: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> Outgoing:
    shop = shop_name(inbox, language)
    written = letter(name, language=language, context={**context, "shop": shop})
    return Outgoing(
        to=identity.value,
        subject=written.subject,
        text=written.text,
        html=written.html,
        language=language,
        headers=headers or {},
        key="",
    )


def _parties(delivery: Delivery) -> tuple[Identity, Conversation]:
    if delivery.identity is None or delivery.conversation is None:
        raise LookupError("a mail to a customer without an address or a conversation")
    return delivery.identity, delivery.conversation
