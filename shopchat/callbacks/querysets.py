"""Reading callback requests: by when they have to be answered, and by what people remember of them.

Every section of the queue is a range of one index, in the order of that index.
"""

import re
from datetime import datetime, time, timedelta, tzinfo
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Exists, Max, OuterRef, Q

if TYPE_CHECKING:
    from shopchat.callbacks.models import CallbackRequest
    from shopchat.operators.models import Operator

# Nobody reads such a number digit by digit, and counting more would take longer the more there are.
COUNTED_LIMIT = 500
TAIL = 4
MAX_DIGITS = 15
# A person may have changed their mind, and a number its owner, by then.
REFUSAL_DAYS = 90
# As people write it down after a call; the Cyrillic letter looks the same.
REQUEST_NUMBER = re.compile(r"[cс]\s*-?\s*([0-9]{1,12})", re.IGNORECASE)


class CallbackRequestQuerySet(models.QuerySet["CallbackRequest"]):
    def waiting(self) -> "CallbackRequestQuerySet":
        """Those whom somebody still has to call."""
        return self.filter(state="waiting")

    def overdue(self, now: datetime) -> "CallbackRequestQuerySet":
        """The promised time has passed."""
        return self.waiting().filter(promised_until__lte=now)

    def due_now(self, now: datetime) -> "CallbackRequestQuerySet":
        """The promised time is now."""
        return self.waiting().filter(due_at__lte=now, promised_until__gt=now)

    def later_today(self, now: datetime, zone: tzinfo) -> "CallbackRequestQuerySet":
        """Still to come before the day ends in ``zone``."""
        return self.waiting().filter(due_at__gt=now, due_at__lt=_midnight(now, zone))

    def upcoming(self, now: datetime, zone: tzinfo) -> "CallbackRequestQuerySet":
        """On a later day in ``zone``."""
        return self.waiting().filter(due_at__gte=_midnight(now, zone))

    def finished(self) -> "CallbackRequestQuerySet":
        """Nobody has to call them any more. By the moment, which both ways to end set, so that one index has them all."""
        return self.filter(closed_at__isnull=False)

    def refused_at(self, phone: str, now: datetime) -> "CallbackRequestQuerySet":
        """Calls to this number, for whatever site, that lately ended with the word not to call it; the latest first."""
        if not phone:  # all that were erased share it
            return self.none()
        return self.filter(_refused(now), phone=phone).in_order("-closed_at")

    def with_refusals(self, now: datetime) -> "CallbackRequestQuerySet":
        """Each with ``was_refused``: whether :meth:`refused_at` has another request with its number."""
        others = self.model.objects.filter(_refused(now), phone=OuterRef("phone")).exclude(pk=OuterRef("pk"))
        return self.annotate(was_refused=Exists(others.exclude(phone="")))

    def of_operator(self, operator: "Operator") -> "CallbackRequestQuerySet":
        return self.filter(assignee=operator)

    def unassigned(self) -> "CallbackRequestQuerySet":
        return self.filter(assignee=None)

    def of_inbox(self, inbox: int) -> "CallbackRequestQuerySet":
        return self.filter(inbox=inbox)

    def calling(self, operator: "Operator", now: datetime) -> "CallbackRequestQuerySet":
        """Due or overdue, and this operator's or nobody's: what the badge counts."""
        return self._due(now).filter(Q(assignee=None) | Q(assignee=operator))

    def calling_user(self, user: Any, now: datetime) -> "CallbackRequestQuerySet":
        """The same for a user who may not have been at the desk yet."""
        return self._due(now).filter(Q(assignee=None) | Q(assignee__user=user))

    def counted(self) -> int:
        """How many these are; ``COUNTED_LIMIT`` stands for that many and more."""
        return self.order_by()[:COUNTED_LIMIT].count()

    def summed_up(self, now: datetime) -> dict[str, Any]:
        """``count`` and ``newest`` of :meth:`calling`, in one query.

        ``newest`` is when the latest of them became due or overdue, ``None`` if there is none: the desk sounds when it
        grows.
        """
        counted = self.order_by("-due_at")[:COUNTED_LIMIT].aggregate(
            count=Count("pk"), due=Max("due_at"), late=Max("promised_until", filter=Q(promised_until__lte=now))
        )
        moments = [moment for moment in (counted["due"], counted["late"]) if moment is not None]
        return {"count": counted["count"], "newest": max(moments, default=None)}

    def search(self, text: str, *, whole_numbers: bool) -> "CallbackRequestQuerySet":
        """By the request's number, the phone, the number of the order it is about, or the name.

        Without ``whole_numbers`` the last digits of a phone are all that is looked at, whatever else was typed: who may
        not see a number cannot learn it by trying either.
        """
        if match := REQUEST_NUMBER.fullmatch(text.strip()):
            return self.filter(number=match[1])
        digits = re.sub(r"[\s()+./-]", "", text)
        if digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS:
            return self.filter(self._by_digits(text, digits, whole_numbers))
        found = self
        for word in text.split():
            found = found.filter(_any(Q(name__icontains=form) for form in _written(word)) | Q(subject_ref=word))
        return found

    def in_order(self, field: str) -> "CallbackRequestQuerySet":
        """By a moment, with ``-`` the latest first; of two at the same moment by the order in which they came."""
        return self.order_by(field, "-pk" if field.startswith("-") else "pk")

    def beyond(self, field: str, at: datetime, pk: int) -> "CallbackRequestQuerySet":
        """What comes after the request with these values in the order of :meth:`in_order`."""
        name, direction = (field[1:], "lt") if field.startswith("-") else (field, "gt")
        # The first condition follows from the second, but it alone tells a database where in the index to begin.
        begins = Q(**{f"{name}__{direction}e": at})
        return self.filter(begins).filter(Q(**{f"{name}__{direction}": at}) | Q(**{f"pk__{direction}": pk}))

    def for_list(self) -> "CallbackRequestQuerySet":
        """With everything that a row of the queue shows, in one query."""
        return self.select_related("assignee", "inbox__callback_rules__schedule", "contact__user")

    def for_page(self) -> "CallbackRequestQuerySet":
        """With everything that the page of a request shows, but its attempts, in one query."""
        return self.for_list().select_related("conversation__contact__user", "conversation__assignee")

    def _due(self, now: datetime) -> "CallbackRequestQuerySet":
        return self.waiting().filter(due_at__lte=now)

    def _by_digits(self, text: str, digits: str, whole_numbers: bool) -> Q:
        found = Q(number=digits) | Q(subject_ref=text.strip())
        if len(digits) < TAIL:
            return found
        # The last four are indexed; what stands before them is compared in the few rows that are left.
        phone = Q(phone_tail=digits[-TAIL:])
        if whole_numbers and len(digits) > TAIL:
            phone &= Q(phone__endswith=digits.lstrip("0"))
        return found | phone


def _refused(now: datetime) -> Q:
    return Q(outcome__in=["refused", "wrong_number"], closed_at__gt=now - timedelta(days=REFUSAL_DAYS))


def _midnight(now: datetime, zone: tzinfo) -> datetime:
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=zone)


def _written(word: str) -> set[str]:
    """Ways to write a word: SQLite knows the case of ASCII letters only, and a name may be in any script."""
    return {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}


def _any(conditions: Any) -> Q:
    return reduce(or_, conditions)
