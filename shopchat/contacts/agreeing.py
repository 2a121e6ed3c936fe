"""Agreeing to something, and taking it back. What was agreed to is one version of a text, which is stored with it."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from shopchat.contacts.consents import publish
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity


def agree(
    contact: Contact, *, identity: Identity | None, text: ConsentText, page: str = "", now: datetime | None = None
) -> Consent:
    """The contact agrees to ``text``, as :func:`shopchat.contacts.consents.text_for` gave it, for ``identity``.

    Agreeing again to the same words changes nothing; agreeing to other words is another consent beside the first.
    """
    at = now or timezone.now()
    with transaction.atomic():
        # A write, for SQLite: two clicks at once are one consent.
        Contact.objects.filter(pk=contact.pk).update(seen_at=F("seen_at"))
        agreed = text if text.pk else publish(text.inbox, text.purpose, text.language, text.text)
        valid = Consent.objects.filter(contact=contact, identity=identity, text=agreed, withdrawn_at=None)
        return valid.first() or Consent.objects.create(
            contact=contact,
            identity=identity,
            purpose=agreed.purpose,
            text=agreed,
            page=page[: Consent._meta.get_field("page").max_length],
            given_at=at,
        )


def withdraw(who: Contact | Identity, purpose: str, *, now: datetime | None = None) -> int:
    """Everything that a contact, or one address of theirs, agreed to for this purpose ends. Answers how many consents."""
    return _of(who).filter(purpose=purpose, withdrawn_at=None).update(withdrawn_at=now or timezone.now())


def has_agreed(identity: Identity, purpose: str) -> bool:
    """Whether a consent for this address holds."""
    return _of(identity).filter(purpose=purpose, withdrawn_at=None).exists()


def _of(who: Contact | Identity) -> QuerySet[Consent]:
    return Consent.objects.filter(identity=who) if isinstance(who, Identity) else Consent.objects.filter(contact=who)
