"""Addresses that get no proactive contact any more. Only a keyed hash is stored: it tells nobody whom, and erasing a person
leaves it, so that whoever unsubscribed stays unsubscribed."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from shopchat.contacts.identities import normalise
from shopchat.touches.models import Suppression


def suppress(channel: str, address: str, reason: str) -> Suppression:
    """The address gets nothing from now on. The first reason stays, but for that which the customer may take back."""
    found = _of(channel, address).first()
    if found is not None:
        if found.reason == Suppression.Reason.UNSUBSCRIBED != reason:
            found.reason = reason
            found.save(update_fields=["reason"])
        return found
    hashed = address_hash(channel, address)
    try:
        with transaction.atomic():
            return Suppression.objects.create(
                channel=channel, address_hash=hashed, reason=reason, created_at=timezone.now()
            )
    except IntegrityError:  # at the same moment
        return Suppression.objects.get(channel=channel, address_hash=hashed)


def is_suppressed(channel: str, address: str) -> bool:
    """Whether nothing may go to this address."""
    return _of(channel, address).exists()


def find(channel: str, address: str) -> Suppression | None:
    """What is noted of this address."""
    return _of(channel, address).first()


def lift(channel: str, address: str) -> bool:
    """The address may be written to again. Returns whether it was suppressed."""
    return _of(channel, address).delete()[0] > 0


def address_hash(channel: str, address: str) -> str:
    """What is stored of an address: made with ``SECRET_KEY``."""
    return _hashed(channel, address, settings.SECRET_KEY)


def address_hashes(channel: str, address: str) -> list[str]:
    """All under which it may be stored: also under former keys, as long as ``SECRET_KEY_FALLBACKS`` has them."""
    return [_hashed(channel, address, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _of(channel: str, address: str) -> QuerySet[Suppression]:
    return Suppression.objects.filter(channel=channel, address_hash__in=address_hashes(channel, address))


def _hashed(channel: str, address: str, key: str | bytes) -> str:
    value = f"{channel}\n{normalise(channel, address)}"
    return salted_hmac("shopchat.touches.suppression", value, secret=key, algorithm="sha256").hexdigest()
