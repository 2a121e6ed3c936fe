"""Promises that nobody can keep any more, because hours, holidays or phone duty were changed after they were given."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from shopchat.callbacks import slots
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.operators.hours import Span

LOOKED_AT = 500


def unkept(*, now: datetime) -> list[CallbackRequest]:
    """Who waits for a slot to come in which, by the hours and the phone duty of today, nobody calls, or fewer people are
    called than were promised; the soonest first.

    Where seats are missing, those with the highest ones are meant. Looks at the 500 that come first: whoever changed the
    hours is told of more as soon as these have another time.
    """
    held = CallbackRequest.objects.waiting().filter(slot_at__gt=now, seat__isnull=False).order_by("slot_at", "seat")
    taken: dict[Span, int] = defaultdict(int)
    found = []
    requests = list(held.select_related("inbox__callback_rules__schedule")[:LOOKED_AT])
    seats = _seats(requests)
    for request, span in _with_spans(requests):
        taken[span] += 1
        if taken[span] > seats.get((request.inbox_id, span), taken[span]):
            found.append(request)
    return found


def _seats(requests: list[CallbackRequest]) -> dict[tuple[int, Span], int]:
    """How many can be called in the slots of each site; a site without rules says nothing."""
    spans: dict[CallbackRules, set[Span]] = defaultdict(set)
    for request, span in _with_spans(requests):
        if rules := getattr(request.inbox, "callback_rules", None):
            spans[rules].add(span)
    return {
        (rules.inbox_id, span): count
        for rules, wanted in spans.items()
        for span, count in slots.capacities(rules, wanted).items()
    }


def _with_spans(requests: Iterable[CallbackRequest]) -> Iterator[tuple[CallbackRequest, Span]]:
    for request in requests:
        if request.slot_at is not None and request.slot_until is not None:
            yield request, (request.slot_at, request.slot_until)
