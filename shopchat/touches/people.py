"""Who somebody is to the ledger, and whether they are left alone for comparison."""

from django.db.models import F
from django.utils.crypto import salted_hmac

from shopchat.contacts.models import Contact
from shopchat.core.tokens import digest
from shopchat.inboxes.models import Inbox

# So fine that shares of whole percents come out even.
PARTS = 10_000
LONGEST = 120
USER, CONTACT = "user:", "contact:"


def person_key(*, contact: Contact | None = None, user_id: str = "", ref: str = "") -> str:
    """The same for all devices of an account; without one that of the contact, else of the basket or browser ``ref``.

    Raises ``ValueError`` when nothing is known of anybody.
    """
    if contact is not None and contact.user_id:
        return f"{USER}{contact.user_id}"
    if user_id:
        return f"{USER}{user_id}"
    if contact is not None:
        return f"{CONTACT}{contact.pk}"
    if not ref:
        raise ValueError("a touch of nobody")
    key = f"ref:{ref}"
    return key if len(key) <= LONGEST else f"ref:{digest(ref)}"


def is_held_out(person: str, rule: str, percent: int) -> bool:
    """Whether this person is one of the ``percent`` who get nothing of this rule. Always the same answer.

    Keyed, so that nobody who knows the ids can tell, and by rule, so that it is not always the same people.
    """
    mac = salted_hmac("shopchat.touches.holdout", f"{rule}\n{person}", algorithm="sha256").digest()
    return int.from_bytes(mac[:8], "big") % PARTS < percent * PARTS // 100


def line_up(person: str, inbox: Inbox) -> None:
    """Whoever approaches a person waits here for whoever is approaching them, until the end of the transaction.

    Caps are counted, and the database knows no constraint that counts. A write, because SQLite has no row locks: the first
    statement of the transaction, before any lock on a touch. Somebody without a contact lines up with all such people of
    the site.
    """
    contact = _contact_of(person)
    if contact is None or not Contact.objects.filter(pk=contact).update(seen_at=F("seen_at")):
        Inbox.objects.filter(pk=inbox.pk).update(name=F("name"))


def _contact_of(person: str) -> int | None:
    """By a plain reading, so that the write goes by the key alone; MariaDB would lock what else it looks at."""
    if person.startswith(CONTACT):
        return int(person.removeprefix(CONTACT))
    if person.startswith(USER):
        found: int | None = (
            Contact.objects.filter(user_id=person.removeprefix(USER)).values_list("pk", flat=True).first()
        )
        return found
    return None
