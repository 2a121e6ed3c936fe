"""Who can be compared, to see whether reminders help: people who might have been reminded, and were or were left alone.

A basket counts from the moment when a reminder's time has come, its person has a lawful basis and an address, and nothing
speaks against it: the ledger then notes the basis, before chance decides. What happens later, a cap or quiet hours, happens
to one group only and must not choose who counts. The ledger is pruned in time; :func:`keep` writes down what it says first.
"""

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.carts.reminding import KIND
from shopchat.touches.models import Touch
from shopchat.touches.querysets import TouchQuerySet


def compared(watches: BasketWatchQuerySet) -> BasketWatchQuerySet:
    """Those that can be compared, with ``alone`` (whether they were left alone) and ``whose`` (the person's key)."""
    person = Subquery(considered().values("person")[:1])
    nobody = Concat(Value("basket:"), Cast("pk", CharField(max_length=32)))
    # A person is left alone or not, so one touch of several says it.
    alone = Case(When(held_out=None, then=Exists(_left_alone())), default=F("held_out"))
    known = watches.filter(Q(held_out__isnull=False) | Exists(considered()))
    return known.annotate(alone=alone, whose=Coalesce(person, nobody))


def considered() -> TouchQuerySet:
    """For a subquery over baskets: the reminders whose time came and that might have been sent."""
    return Touch.objects.filter(about=OuterRef("ref"), kind=KIND, details__has_key="basis")


def keep(watches: BasketWatchQuerySet) -> None:
    """Note on the baskets what the ledger says of them."""
    undecided = watches.filter(held_out=None)
    undecided.filter(Exists(_left_alone())).update(held_out=True)
    undecided.filter(Exists(considered())).update(held_out=False)


def _left_alone() -> TouchQuerySet:
    return considered().filter(state=Touch.State.HELD_OUT)
