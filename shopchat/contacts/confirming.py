"""An e-mail address on its way: typed by somebody, proven by whoever reads its mail, stopped by either.

What was typed proves nothing. Until the link in our mail has been opened and its button pressed, nothing goes to the address
but that one mail, which holds no word of the person who typed it. Confirming opens no conversation and signs nobody in.
"""

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from shopchat.channels.known import EMAIL
from shopchat.contacts.identities import normalise
from shopchat.contacts.models import Contact, Identity

CONFIRM_SALT, STOP_SALT = "shopchat.contacts.confirm", "shopchat.contacts.stop"
CONFIRM_DAYS = 3
MAX_LENGTH = 254


class BadAddress(ValueError):
    """That is no e-mail address."""


class BadLink(Exception):
    """The link is forged, cut short, too old, or of an address that is no longer there."""


def present_address(contact: Contact | None) -> Identity | None:
    """The address that the contact has left and not stopped, proven or not, the latest first."""
    if contact is None:
        return None
    return _left(contact).filter(stopped_at=None).order_by("-pk").first()


def leave_address(contact: Contact, *, typed: str) -> Identity:
    """The contact wants answers at this address; it takes the place of another that waits for its proof.

    An address that was stopped has to be proven anew. Raises :class:`BadAddress`.
    """
    value = _clean(typed)
    with transaction.atomic():
        identity, is_new = Identity.objects.get_or_create(
            contact=contact,
            channel=EMAIL,
            value=value,
            defaults={"source": Identity.Source.TYPED},
        )
        _left(contact).filter(verified_at=None, stopped_at=None).exclude(pk=identity.pk).update(
            stopped_at=timezone.now()
        )
        if not is_new and identity.stopped_at is not None:
            identity.stopped_at = identity.verified_at = None
            identity.save(update_fields=["stopped_at", "verified_at"])
        if not is_new and identity.verified_at is None and identity.source == Identity.Source.ACCOUNT:
            identity.source = Identity.Source.TYPED
            identity.save(update_fields=["source"])
    return identity


def confirm(identity: Identity) -> bool:
    """Whoever reads the mail of this address says that it is theirs. Other addresses of the contact stop.

    Returns whether answers go there now: not when it was stopped meanwhile.
    """
    now = timezone.now()
    with transaction.atomic():
        Identity.objects.filter(pk=identity.pk, stopped_at=None, verified_at=None).update(verified_at=now)
        identity.refresh_from_db()
        if not identity.may_be_written_to():
            return False
        others = _left(identity.contact).filter(stopped_at=None).exclude(pk=identity.pk)
        others.update(stopped_at=now)
    return True


def stop(identity: Identity) -> None:
    """No more mail of ours to this address on account of this contact. Stopping twice changes nothing."""
    Identity.objects.filter(pk=identity.pk, stopped_at=None).update(stopped_at=timezone.now())


def stop_addresses(contact: Contact) -> None:
    """The contact wants no more answers by mail."""
    _left(contact).filter(stopped_at=None).update(stopped_at=timezone.now())


def confirm_token(identity: Identity) -> str:
    """What the link in the first mail carries; good for ``CONFIRM_DAYS``."""
    return signing.dumps(_named(identity), salt=CONFIRM_SALT)


def stop_token(identity: Identity) -> str:
    """What each later mail carries so that its reader can stop them; good for ever."""
    return signing.dumps(_named(identity), salt=STOP_SALT)


def to_confirm(token: str) -> Identity:
    """The address whose proof the token is. Raises :class:`BadLink`."""
    return _meant(token, CONFIRM_SALT, max_age=CONFIRM_DAYS * 24 * 3600)


def to_stop(token: str) -> Identity:
    """The address whose mails the token may stop. Raises :class:`BadLink`."""
    return _meant(token, STOP_SALT, max_age=None)


def masked(address: str) -> str:
    """``a•••@mail.example``: enough for whoever typed it, nothing for who looks over their shoulder."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}•••@{_readable(host)}"


def _readable(host: str) -> str:
    """Browsers send почта.рф as xn--80a1acny.xn--p1ai, in which nobody knows their own address again."""
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host


def _clean(typed: str) -> str:
    value = normalise(EMAIL, typed)
    try:
        validate_email(value)  # at most 320 characters; ours holds what mail servers take
    except ValidationError as error:
        raise BadAddress from error
    if len(value) > MAX_LENGTH:
        raise BadAddress
    return value


def _addresses(contact: Contact) -> QuerySet[Identity]:
    return Identity.objects.filter(contact=contact, channel=EMAIL)


def _left(contact: Contact) -> QuerySet[Identity]:
    """Without the account's own address that nobody has proven, at which nobody asked for answers."""
    return _addresses(contact).exclude(source=Identity.Source.ACCOUNT, verified_at=None)


def _named(identity: Identity) -> list[object]:
    return [identity.pk, _mark(identity)]


def _mark(identity: Identity) -> str:
    """Keyed: links stand in logs, and a plain hash of an address is found in a list of addresses."""
    return salted_hmac("shopchat.contacts.address", identity.value, algorithm="sha256").hexdigest()[:16]


def _meant(token: str, salt: str, *, max_age: int | None) -> Identity:
    try:
        pk, value = signing.loads(token, salt=salt, max_age=max_age)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadLink from error
    identity = Identity.objects.select_related("contact").filter(pk=pk, channel=EMAIL).first()
    if identity is None or not constant_time_compare(_mark(identity), str(value)):
        raise BadLink
    return identity
