"""What becomes of an address after mail went there: it does not exist, or whoever reads it complains or unsubscribes.

For the shop's own code, whatever tells it: a mail service, a mailbox for returned mail, a list. It is about addresses, not
about mails of ours: an order's confirmation that came back says as much. Each may be told as often as it happens.
"""

from django.db import transaction

from shopchat.carts.subscribing import unsubscribe
from shopchat.channels.known import EMAIL
from shopchat.contacts.identities import normalise
from shopchat.contacts.models import Identity
from shopchat.touches.models import Suppression
from shopchat.touches.suppressing import suppress

Reason = Suppression.Reason


def bounced(address: str) -> None:
    """The address does not exist: nothing goes there unasked. What its owner agreed to stays."""
    suppress(EMAIL, address, Reason.BOUNCED)


def complained(address: str) -> None:
    """Whoever reads the address called a mail of the shop unwanted: nothing goes there unasked, and consents end."""
    _refused(address, Reason.COMPLAINED)


def unsubscribed(address: str) -> None:
    """Whoever reads the address wants no more, as the link in our mails would have it: they may agree anew."""
    _refused(address, Reason.UNSUBSCRIBED)


def _refused(address: str, reason: Reason) -> None:
    with transaction.atomic():
        suppress(EMAIL, address, reason)
        for identity in Identity.objects.filter(channel=EMAIL, value=normalise(EMAIL, address)):
            unsubscribe(identity)
