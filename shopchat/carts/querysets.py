import json
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from shopchat.contacts.models import Contact

# Nobody reads such a number digit by digit, and counting more would take longer the more there are.
COUNTED_LIMIT = 500


class BasketWatchQuerySet(models.QuerySet[Any]):
    def to_look_at(self, now: datetime) -> Self:
        """Those whose timer has run out, the longest first."""
        return self.filter(look_at__lte=now).order_by("look_at", "pk")

    def unfinished(self) -> Self:
        """Those that may still become an order."""
        return self.exclude(state__in=self.model.FINAL)

    def needing_a_person(self) -> Self:
        """Those whose customer somebody should help, and nobody has yet."""
        return self.filter(help_wanted_at__isnull=False, helped_at__isnull=True)

    def calling_user(self, user: Any) -> Self:
        """Of :meth:`needing_a_person` those that this user or nobody has taken: what the badge counts."""
        return self.needing_a_person().filter(Q(helped_by=None) | Q(helped_by__user=user))

    def counted(self) -> int:
        """How many these are; ``COUNTED_LIMIT`` stands for that many and more."""
        return self.order_by()[:COUNTED_LIMIT].count()

    def once_left(self) -> Self:
        """Those that were left at some time, whatever became of them."""
        return self.filter(abandoned_at__isnull=False)

    def in_states(self, states: Iterable[str]) -> Self:
        return self.filter(state__in=list(states))

    def changed_since(self, moment: datetime) -> Self:
        return self.filter(last_activity__gte=moment)

    def in_order(self, field: str) -> Self:
        """By a moment, with ``-`` the latest first; of two at the same moment by the order in which they came."""
        return self.order_by(field, "-pk" if field.startswith("-") else "pk")

    def beyond(self, field: str, at: datetime, pk: int) -> Self:
        """What comes after the basket with these values in the order of :meth:`in_order`."""
        name, direction = (field[1:], "lt") if field.startswith("-") else (field, "gt")
        # The first condition follows from the second, but it alone tells a database where in the index to begin.
        begins = Q(**{f"{name}__{direction}e": at})
        return self.filter(begins).filter(Q(**{f"{name}__{direction}": at}) | Q(**{f"pk__{direction}": pk}))

    def fitting(
        self,
        *,
        inbox: int | None = None,
        worth: Decimal | None = None,
        with_contact: bool = False,
        signed_in: bool = False,
        **exact: str,
    ) -> Self:
        """Those that fit all that is asked for; ``exact`` values, such as ``language``, ask for nothing when empty.

        ``worth`` is the least sum, in whatever currency.
        """
        found = self.filter(**{name: value for name, value in exact.items() if value})
        if inbox is not None:
            found = found.filter(inbox=inbox)
        if worth is not None:
            found = found.filter(total__gte=worth)
        if with_contact:
            accounts = Contact.objects.exclude(user=None).annotate(text=_as_text("user_id")).values("text")
            found = found.filter(Q(contact__isnull=False) | Q(user_id_text__in=accounts))
        return found.exclude(user_id_text="") if signed_in else found

    def search(self, text: str, *, email_hashes: Iterable[str] = ()) -> Self:
        """By the number of the order, by words in titles of products, by the customer's name, or by a whole address.

        ``email_hashes`` are those under which the address of a guest may be known.
        """
        text = text.strip()
        if "@" in text:
            people = get_user_model()._default_manager
            accounts = people.filter(**{f"{people.model.get_email_field_name()}__iexact": text})
            written = Contact.objects.filter(identities__value__iexact=text, identities__verified_at__isnull=False)
            hashed = Q(email_hash__in=list(email_hashes))
            return self.filter(hashed | _of_accounts(accounts) | Q(contact__in=written.values("pk")))
        found = self
        for word in text.split():
            found = found.filter(_titles(word) | _names(word) | Q(order_number=word))
        return found

    def for_list(self) -> Self:
        """With everything that a row of the list shows, but its story, in one query."""
        return self.select_related("contact__user", "helped_by", "inbox")


def _titles(word: str) -> Q:
    """A title that holds the word. Some databases keep JSON with its letters escaped, some do not."""
    forms = {word, word.lower(), word.upper(), word.capitalize()}
    written = {re.escape(json.dumps(form, ensure_ascii=escaped)[1:-1]) for form in forms for escaped in (True, False)}
    within = r'"title": "([^"\\]|\\.)*(' + "|".join(sorted(written)) + ")"
    return Q(lines__iregex=within)


def _names(word: str) -> Q:
    people = get_user_model()._default_manager
    fields = {"first_name", "last_name"} & {field.name for field in people.model._meta.get_fields()}
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    matches = [Q(**{f"{name}__icontains": form}) for name in sorted(fields) for form in sorted(forms)]
    return _of_accounts(people.filter(reduce(or_, matches, Q(pk__in=[]))))


def _of_accounts(people: models.QuerySet[Any]) -> Q:
    """Baskets of these accounts, which a store names by text."""
    theirs = Q(user_id_text__in=people.annotate(text=_as_text("pk")).values("text"))
    return theirs | Q(contact__user__in=people.values("pk"))


def _as_text(field: str) -> Cast:
    return Cast(field, models.CharField(max_length=64))
