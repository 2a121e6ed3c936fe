"""A shop that offers calls, and a form that is filled in well."""

from datetime import UTC, datetime, timedelta

from shopchat.callbacks import slots
from shopchat.callbacks.requesting import request_callback
from shopchat.callbacks.wishes import Wish
from shopchat.contacts import consents
from tests.factories import CallbackRulesFactory, OperatorFactory, client_id

# A Monday, 11:00 in Kyiv.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIRST, SECOND, THIRD = "20261123T0930Z", "20261123T1000Z", "20261123T1030Z"
PHONE = "+380501234567"


def shop(*, at_the_desk=False, seats=2, **fields):
    """The rules of a shop with one operator on phone duty."""
    OperatorFactory(takes_calls=True, seen_at=NOW - timedelta(seconds=5) if at_the_desk else None)
    return CallbackRulesFactory(calls_per_operator=seats, **fields)


def wish(rules, **changes):
    shown = consents.text_for(rules.inbox, "callback", changes.get("language", "en"))
    fields = {
        "phone": "050 123 45 67",
        "name": "Olena",
        "about": "Does it fit a bicycle?",
        "subject": "product",
        "subject_ref": "sku-1",
        "subject_label": "Child seat",
        "slot": FIRST,
        "time_zone": "Europe/Warsaw",
        "page": "/seats/?utm=1#top",
        "language": "en",
        "client_id": client_id(),
        "consent": True,
        "consent_hash": shown.text_hash,
    }
    return Wish(**{**fields, **changes})


def ask(contact, rules, form=None, **changes):
    return request_callback(contact, rules.inbox, form or wish(rules, **changes), now=NOW)


def free_seats(rules, value):
    found = {slot.value: slot.free for slot in slots.free_slots(rules, now=NOW)}
    return found.get(value, 0)
