"""On what strength somebody is reminded by mail: their own consent, or, where the shop chose it, that they bought before.

A consent counts with an address that is proven to be theirs. The other basis is for the address of the account with which
they bought, as far as they never took a consent back. What somebody typed and nobody proved is no basis, whatever they say.
"""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from shopchat.carts.models import BasketWatch
from shopchat.carts.people import contact_of
from shopchat.carts.rules import rules_of
from shopchat.channels.known import EMAIL
from shopchat.contacts.identities import normalise
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity
from shopchat.stores.base import Person, Store
from shopchat.stores.reading import able
from shopchat.touches.suppressing import is_suppressed

CONSENT, CUSTOMER = "consent", "customer"
# Whom nobody has sold anything to for longer is no customer of the shop any more.
CUSTOMER_FOR = timedelta(days=3 * 365)
REMINDERS = ConsentText.Purpose.REMINDERS


def basis_for(watch: BasketWatch, ask: Callable[[str], bool] | None = None) -> tuple[Identity, str] | None:
    """The address to which reminders of this basket may go, and why: :data:`CONSENT` or :data:`CUSTOMER`.

    ``ask``: :func:`is_customer`, or what remembers its answers. Raises what the store raises: without its answer nobody is
    a customer.
    """
    contact = contact_of(watch)
    if contact is not None and (identity := agreed_address(contact)):
        return identity, CONSENT
    if rules_of(watch.inbox).existing_customers and (
        identity := _customers_address(watch, contact, ask or is_customer)
    ):
        return identity, CUSTOMER
    return None


def agreed_address(contact: Contact) -> Identity | None:
    """The proven address for which the contact's consent to reminders holds, the latest first."""
    proven = Identity.objects.filter(contact=contact, channel=EMAIL, stopped_at=None).exclude(verified_at=None)
    agreed = proven.filter(consents__purpose=REMINDERS, consents__withdrawn_at=None)
    return agreed.order_by("-consents__given_at").first()


def has_proven(contact: Contact) -> bool:
    """Whether any address is proven to be the contact's, agreed to or not."""
    return Identity.objects.filter(contact=contact, channel=EMAIL).exclude(verified_at=None).exists()


def account_address(contact: Contact) -> Identity | None:
    """The account's own address as a row of ours, made if there is none; unproven, so that nothing else goes there."""
    value = normalise(EMAIL, contact.email)
    if not _is_address(value):
        return None
    identity, _is_new = Identity.objects.get_or_create(
        contact=contact, channel=EMAIL, value=value, defaults={"source": Identity.Source.ACCOUNT}
    )
    return identity


def is_customer(user_id: str) -> bool:
    """Whether this account has bought in the last three years. Raises what the store raises."""
    store = able(Store)
    if store is None:
        return False
    # By the account alone: nobody proved that its address is theirs, so a stranger's order under it says nothing.
    person = Person(user_id=user_id)
    orders = store.recent_orders([person], since=timezone.now() - CUSTOMER_FOR)
    return any(not order.is_cancelled for order in orders.get(person, ()))


def has_refused(contact: Contact) -> bool:
    """Whether the contact has taken back a consent to reminders and given none since, or unsubscribed any address."""
    consents = Consent.objects.filter(contact=contact, purpose=REMINDERS)
    if consents.exists() and not consents.filter(withdrawn_at=None).exists():
        return True
    addresses = Identity.objects.filter(contact=contact, channel=EMAIL).values_list("value", flat=True)
    return any(is_suppressed(EMAIL, address) for address in addresses)


def _customers_address(
    watch: BasketWatch, contact: Contact | None, is_customer: Callable[[str], bool]
) -> Identity | None:
    contact = contact if contact is not None and contact.user_id else _contact_of_account(watch.user_id_text)
    if contact is None or has_refused(contact) or not is_customer(str(contact.user_id)):
        return None
    identity = account_address(contact)
    return identity if identity is not None and identity.stopped_at is None else None


def _contact_of_account(user_id: str) -> Contact | None:
    """A store may name accounts that are not Django's."""
    if not user_id:
        return None
    try:
        user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    except (ValueError, ValidationError):
        return None
    return contact_for(user) if user else None


def _is_address(value: str) -> bool:
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True
