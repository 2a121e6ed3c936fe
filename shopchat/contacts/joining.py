"""The contact of a signed-in user, and what goes over to it when a browser that wrote before signs in."""

from typing import Any

from django.db.models import Max, Q

from shopchat.channels.known import EMAIL
from shopchat.contacts.identities import normalise
from shopchat.contacts.models import Consent, Contact, Identity


def contact_for(user: Any) -> Contact:
    """The contact of this account, made when the customer first writes."""
    return Contact.objects.get_or_create(user=user)[0]


def join(old: Contact, new: Contact) -> int:
    """What ``old``, a browser's contact, agreed to counts for ``new``, an account's. Returns how many consents that are.

    With the words, the page, the moment and the proof of then, as far as the address is the one of the account: another
    one may be somebody else's who sat there before, and would get mail about the account's baskets. A refusal goes over
    without its address, and a consent ends that was given before it was taken back. Part of the caller's transaction.
    """
    went = 0
    address = normalise(EMAIL, new.email)
    left = Identity.objects.filter(contact=old, channel=EMAIL, value=address).first() if address else None
    if left is not None:
        went += _join_address(left, new)
    went += Consent.objects.filter(contact=old, identity=None).update(contact=new)
    return went + _refuse(old, new)


def _join_address(left: Identity, new: Contact) -> int:
    """Move it, or what is known of it to the row that the account has already. That it was stopped says nothing of others."""
    consents = Consent.objects.filter(identity=left)
    known = Identity.objects.filter(contact=new, channel=left.channel, value=left.value).first()
    if known is None:
        if left.stopped_at is not None:
            return 0
        Identity.objects.filter(pk=left.pk).update(contact=new)
        return consents.update(contact=new)
    if not left.may_be_written_to():
        # Whoever typed it need not be whoever reads its mail; what they refused counts all the same.
        consents = consents.exclude(withdrawn_at=None)
    elif known.stopped_at is None:
        _prove(known, left)
    went = consents.update(contact=new, identity=known)
    _end_what_was_taken_back(known)
    return went


def _prove(known: Identity, left: Identity) -> None:
    """Proven once is proven, and since the first time."""
    if known.verified_at is None:
        known.source = left.source
    known.verified_at = min(filter(None, (known.verified_at, left.verified_at)))
    known.save(update_fields=["verified_at", "source"])


def _end_what_was_taken_back(identity: Identity) -> None:
    """A consent of one row that is older than the refusal of the other."""
    theirs = Consent.objects.filter(identity=identity)
    refused = theirs.values_list("purpose").annotate(at=Max("withdrawn_at")).exclude(at=None).order_by()
    for purpose, at in list(refused):
        theirs.filter(purpose=purpose, withdrawn_at=None, given_at__lte=at).update(withdrawn_at=at)


def _refuse(old: Contact, new: Contact) -> int:
    """Purposes for which ``old`` took everything back: the last of it, under no address."""
    theirs = Consent.objects.filter(contact=old)
    holding = theirs.filter(withdrawn_at=None).values("purpose")
    last: dict[str, Consent] = {
        consent.purpose: consent for consent in theirs.filter(~Q(purpose__in=holding)).order_by("withdrawn_at", "pk")
    }
    for consent in last.values():
        consent.pk, consent.contact, consent.identity = None, new, None
    return len(Consent.objects.bulk_create(last.values()))
