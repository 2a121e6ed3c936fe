"""Who is meant, when somebody asks for their data: by account, address, or a number that they were given.

A telephone number names nobody: it was typed, and whoever typed it may not be who answers it.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.carts.guests import watches_of_guests
from shopchat.carts.models import BasketWatch
from shopchat.carts.people import watches_of
from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.channels.known import EMAIL
from shopchat.contacts.identities import normalise
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import Contact, Identity
from shopchat.conversations.models import Conversation
from shopchat.core.phones import InvalidPhone, parse

Found = QuerySet[Contact]


def by_user(text: str) -> Found:
    """The user name or the e-mail address of an account.

    An account of which nothing but baskets is known becomes a contact now, so that there is one to name.
    """
    users = get_user_model()
    wanted = Q(**{users.USERNAME_FIELD: text})
    if email := users.get_email_field_name():
        wanted |= Q(**{f"{email}__iexact": text})
    accounts = users._default_manager.filter(wanted)
    for user in accounts.filter(shopchat_contact=None):
        if BasketWatch.objects.filter(user_id_text=str(user.pk)).exists():
            contact_for(user)
    return Contact.objects.filter(user__in=accounts)


def by_email(text: str) -> Found:
    """An address that was proven to be theirs. One that was only typed may be anybody's."""
    value = normalise(EMAIL, text)
    return Contact.objects.filter(
        identities__channel=EMAIL, identities__value=value, identities__verified_at__isnull=False
    )


def by_conversation(text: str) -> Found:
    """A conversation's number, with or without the dash."""
    return Contact.objects.filter(conversations__number=re.sub(r"\D", "", text))


def by_callback(text: str) -> Found:
    """A callback request's number, with or without the letter."""
    return Contact.objects.filter(callbacks__number=re.sub(r"\D", "", text))


def baskets_of(contact: Contact) -> BasketWatchQuerySet:
    """All that is known of the person's baskets, those that went over to another of theirs included."""
    theirs = watches_of(contact)
    return BasketWatch.objects.filter(
        Q(pk__in=theirs.values("pk")) | Q(merged_into__in=theirs.values("ref"), state=BasketWatch.State.MERGED)
    )


def baskets_to_erase(contact: Contact) -> BasketWatchQuerySet:
    """Those, and the ones for which an address that is theirs was typed by a guest. Of such an address there is but a hash."""
    proven = Identity.objects.filter(contact=contact, channel=EMAIL).exclude(verified_at=None)
    typed = watches_of_guests([contact.email, *proven.values_list("value", flat=True)])
    return BasketWatch.objects.filter(Q(pk__in=baskets_of(contact).values("pk")) | Q(pk__in=typed.values("pk")))


WAYS: Mapping[str, Callable[[str], Found]] = {
    "user": by_user,
    "email": by_email,
    "conversation": by_conversation,
    "callback": by_callback,
}


class Ambiguous(Exception):
    """Several people fit: ``numbers`` are those of their requests and conversations, which say nothing of them."""

    def __init__(self, numbers: list[str]) -> None:
        super().__init__()
        self.numbers = numbers


def find(way: str, text: str) -> Contact | None:
    """The one person who fits, else ``None``. Raises :class:`Ambiguous`."""
    people = list(WAYS[way](text).select_related("user").distinct().order_by("pk"))
    if len(people) > 1:
        raise Ambiguous([_number_of(person) for person in people])
    return people[0] if people else None


def requests_to_call(phone: str) -> list[str]:
    """The numbers of all requests to call a telephone, the newest first.

    It may be written internationally or as at home in a country whose numbers are called.
    """
    found = CallbackRequest.objects.filter(phone__in=_spellings(phone)).order_by("-pk")
    return [request.readable_number for request in found]


def _number_of(contact: Contact) -> str:
    """By which this person alone can be asked for."""
    request = CallbackRequest.objects.filter(contact=contact).order_by("-pk").first()
    conversation = Conversation.objects.filter(contact=contact).order_by("-pk").first()
    if request is not None:
        return f"--callback {request.readable_number}"
    return f"--conversation {conversation.readable_number}" if conversation else "--user, by the name of the account"


def _spellings(text: str) -> set[str]:
    found = set()
    for region, countries in CallbackRules.objects.values_list("default_region", "countries"):
        with suppress(InvalidPhone):
            found.add(parse(text, region=region, countries={region, *countries}))
    digits = re.sub(r"\D", "", text)
    if text.strip().startswith("+"):
        found.add(f"+{digits}")
    return found
