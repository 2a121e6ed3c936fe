"""Everything that is stored about a person, as plain JSON.

Of other people only what the person was shown: the public name of who answered. Who wrote a note about them and who called
stays "operator". Not in it: keys and ids that mean something to machines only, and ticks.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.carts.models import BasketTransition, IssuedVoucher, RecoveryLink
from shopchat.contacts.models import Consent, Contact, Identity
from shopchat.conversations import events
from shopchat.conversations.models import Conversation, Delivery, Message
from shopchat.privacy.finding import baskets_of
from shopchat.touches.models import Touch
from shopchat.visitors.models import Visitor

FORMAT = "shopchat/1"


def export(contact: Contact, *, now: datetime | None = None) -> dict[str, Any]:
    """All of it, with moments in ISO 8601 and UTC. The number of queries does not depend on how much there is."""
    return {
        "format": FORMAT,
        "exported_at": _moment(now or timezone.now()),
        "person": _person(contact),
        "addresses": [_address(row) for row in Identity.objects.filter(contact=contact).order_by("pk")],
        "browsers": [_browser(row) for row in Visitor.objects.filter(contact=contact).order_by("pk")],
        "conversations": _conversations(contact),
        "deliveries": _deliveries(contact),
        "callbacks": _callbacks(contact),
        "baskets": _baskets(contact),
        "approaches": [_touch(row) for row in Touch.objects.filter(contact=contact).order_by("pk")],
        "consents": _consents(contact),
    }


def _person(contact: Contact) -> dict[str, Any]:
    user = contact.user
    account = {"username": user.get_username(), "email": contact.email, "name": contact.name} if user else None
    return {
        "account": account,
        "basket": contact.basket_ref,
        "first_seen_at": _moment(contact.created_at),
        "last_seen_at": _moment(contact.seen_at),
    }


def _address(row: Identity) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "address": row.value,
        "source": row.source,
        "noted_at": _moment(row.created_at),
        "verified_at": _moment(row.verified_at),
        "stopped_at": _moment(row.stopped_at),
    }


def _browser(row: Visitor) -> dict[str, Any]:
    return {"known_since": _moment(row.created_at), "confirmed_at": _moment(row.confirmed_at)}


def _conversations(contact: Contact) -> list[dict[str, Any]]:
    theirs = Conversation.objects.filter(contact=contact).select_related("inbox").order_by("pk")
    said = _by_parent(
        Message.objects.filter(conversation__contact=contact)
        .select_related("operator")
        .order_by("conversation", "seq"),
        "conversation_id",
    )
    return [
        {
            "number": row.readable_number,
            "site": row.inbox.name,
            "language": row.language,
            "page": row.page,
            "state": row.state,
            "began_at": _moment(row.created_at),
            "last_message_at": _moment(row.last_message_at),
            "closed_at": _moment(row.closed_at),
            "messages": [_message(message) for message in said[row.pk]],
        }
        for row in theirs
    ]


def _message(message: Message) -> dict[str, Any]:
    public = message.kind == Message.Kind.REPLY and message.operator
    return {
        "at": _moment(message.created_at),
        "kind": message.kind,
        "from": message.author,
        "name": message.operator.public_name if public and message.operator else "",
        "text": message.text or events.describe(message),
        "about_you_only_for_operators": message.is_private,
        **({"details": message.details} if message.details else {}),
    }


def _deliveries(contact: Contact) -> list[dict[str, Any]]:
    """What was sent to them."""
    sent = Delivery.objects.filter(identity__contact=contact).select_related("identity", "conversation")
    return [
        {
            "kind": row.kind,
            "channel": row.channel,
            "to": row.identity.value if row.identity else "",
            "conversation": row.conversation.readable_number if row.conversation else "",
            "state": row.state,
            "asked_for_at": _moment(row.created_at),
            "sent_at": _moment(row.sent_at),
        }
        for row in sent.order_by("pk")
    ]


def _callbacks(contact: Contact) -> list[dict[str, Any]]:
    theirs = CallbackRequest.objects.filter(contact=contact).select_related("inbox", "consent_text", "conversation")
    called = _by_parent(
        CallAttempt.objects.filter(request__contact=contact).order_by("request", "started_at", "pk"), "request_id"
    )
    return [
        {
            "number": row.readable_number,
            "site": row.inbox.name,
            "conversation": row.conversation.readable_number,
            "phone": row.phone,
            "last_digits": row.phone_tail,
            "name": row.name,
            "about": row.about,
            "subject": {"kind": row.subject, "reference": row.subject_ref, "label": row.subject_label},
            "page": row.page,
            "language": row.language,
            "time_zone": row.time_zone,
            "asked_at": _moment(row.created_at),
            "as_soon_as_possible": row.is_asap,
            "due_at": _moment(row.due_at),
            "promised_until": _moment(row.promised_until),
            "first_promised_until": _moment(row.first_promised_until),
            "state": row.state,
            "outcome": row.outcome,
            "result": row.result,
            "reached_at": _moment(row.reached_at),
            "closed_at": _moment(row.closed_at),
            "erased_at": _moment(row.erased_at),
            "consent": _consent(row),
            "attempts": [_attempt(attempt) for attempt in called[row.pk]],
        }
        for row in theirs.order_by("pk")
    ]


def _baskets(contact: Contact) -> list[dict[str, Any]]:
    """What is remembered of their baskets; the shop's own rows are the shop's to export."""
    watches = {watch.pk: watch for watch in baskets_of(contact).select_related("inbox").order_by("pk")}
    steps, links, vouchers = (
        _by_parent(model._default_manager.filter(watch__in=watches).order_by("pk"), "watch_id")
        for model in (BasketTransition, RecoveryLink, IssuedVoucher)
    )
    return [
        {
            "reference": row.ref,
            "site": row.inbox.name,
            "state": row.state,
            "reason": row.reason,
            "since": _moment(row.state_at),
            "first_seen_at": _moment(row.created_at),
            "last_changed_at": _moment(row.last_activity),
            "left_at": _moment(row.abandoned_at),
            "written_to_at": _moment(row.contacted_at),
            "came_back_at": _moment(row.returned_at),
            "restored_at": _moment(row.restored_at),
            "lines": row.lines,
            "total": _amount(row.total),
            "currency": row.currency,
            "language": row.language,
            "device": row.device,
            "source": row.source,
            "left_alone_for_comparison": row.held_out,
            "why_left": row.why,
            "order": row.order_number,
            "ordered_at": _moment(row.ordered_at),
            "order_total": _amount(row.order_total),
            "order_currency": row.order_currency,
            "order_cancelled_at": _moment(row.order_cancelled_at),
            "story": [_step(step) for step in steps[row.pk]],
            "links": [_link(link) for link in links[row.pk]],
            "vouchers": [_voucher(voucher) for voucher in vouchers[row.pk]],
        }
        for row in watches.values()
    ]


def _step(row: BasketTransition) -> dict[str, Any]:
    return {
        "at": _moment(row.at),
        "from": row.from_state,
        "to": row.to_state,
        "reason": row.reason,
        **({"details": row.details} if row.details else {}),
    }


def _link(row: RecoveryLink) -> dict[str, Any]:
    return {
        "purpose": row.purpose,
        "made_at": _moment(row.created_at),
        "expires_at": _moment(row.expires_at),
        "revoked_at": _moment(row.revoked_at),
        "used_at": _moment(row.restored_at),
        "lines": row.lines,
    }


def _voucher(row: IssuedVoucher) -> dict[str, Any]:
    return {
        "code": row.code,
        "for_account": row.for_account,
        "percent": _amount(row.percent),
        "issued_at": _moment(row.issued_at),
        "expires_at": _moment(row.expires_at),
        "used_at": _moment(row.used_at),
        "withdrawn_at": _moment(row.withdrawn_at),
        "gave": _amount(row.cost),
        "currency": row.currency,
    }


def _touch(row: Touch) -> dict[str, Any]:
    """Also those that were not made, with the reason."""
    return {
        "kind": row.kind,
        "class": row.touch_class,
        "channel": row.channel,
        "rule": row.rule,
        "planned_for": _moment(row.planned_for),
        "state": row.state,
        "reason": row.reason,
        "settled_at": _moment(row.settled_at),
        "opened_at": _moment(row.clicked_at),
        "dismissed_at": _moment(row.dismissed_at),
        **({"details": row.details} if row.details else {}),
    }


def _consents(contact: Contact) -> list[dict[str, Any]]:
    given = Consent.objects.filter(contact=contact).select_related("text", "identity").order_by("pk")
    return [
        {
            "to": row.purpose,
            "address": row.identity.value if row.identity else "",
            "text": row.text.text,
            "version": row.text.version,
            "page": row.page,
            "given_at": _moment(row.given_at),
            "withdrawn_at": _moment(row.withdrawn_at),
        }
        for row in given
    ]


def _consent(row: CallbackRequest) -> dict[str, Any] | None:
    if row.consented_at is None:
        return None
    return {
        "at": _moment(row.consented_at),
        "page": row.consent_page,
        "version": row.consent_version,
        "text": row.consent_text.text if row.consent_text else "",
        "sha256": row.consent_hash,
    }


def _attempt(row: CallAttempt) -> dict[str, Any]:
    return {
        "by": "operator",
        "began_at": _moment(row.started_at),
        "answered_at": _moment(row.answered_at),
        "ended_at": _moment(row.ended_at),
        "seconds": row.duration_seconds,
        "outcome": row.outcome,
        "result": row.result,
        "note": row.note,
    }


def _by_parent(rows: Iterable[Any], parent: str) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, parent)].append(row)
    return grouped


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
