"""The requests behind the figures, one row for each, for a file."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.reports.callbacks import About, chosen, promise_of

AT_ONCE = 1000


def header(about: About, *, numbers: bool) -> list[str]:
    """The names of the columns, in the active language. ``numbers``: with who is called, and under which number."""
    zone = str(about.span.zone)
    names = [
        _("Number"),
        _("Site"),
        _("Came in (%(zone)s)") % {"zone": zone},
        _("First promised until (%(zone)s)") % {"zone": zone},
        _("First called at (%(zone)s)") % {"zone": zone},
        _("Promise"),
        _("Reached at (%(zone)s)") % {"zone": zone},
        _("Attempts"),
        _("State"),
        _("Last outcome"),
        _("Assignee"),
        _("Page"),
    ]
    return [*names, _("Name"), _("Phone")] if numbers else names


def rows(about: About, *, numbers: bool, now: datetime | None = None) -> Iterator[Sequence[Any]]:
    """The cells of each request, the oldest first. Read in pieces, so that a year needs no more memory than a day.

    In the language that is active now, whichever it is when the rows are asked for.
    """
    return _rows(about, numbers, now or timezone.now(), _Words())


class _Words:
    def __init__(self) -> None:
        self.promises = promise_words()
        self.states = {value: str(label) for value, label in CallbackRequest.State.choices}
        self.outcomes = {value: str(label) for value, label in CallAttempt.Outcome.choices}


def _rows(about: About, numbers: bool, now: datetime, words: _Words) -> Iterator[Sequence[Any]]:
    requests = chosen(about).select_related("inbox", "assignee").order_by("created_at", "pk")
    for request in requests.iterator(chunk_size=AT_ONCE):
        cells = [
            request.readable_number,
            request.inbox.name,
            _local(request.created_at, about),
            _local(request.first_promised_until, about),
            _local(request.first_attempt_at, about),
            words.promises[promise_of(request, now=now)],
            _local(request.reached_at, about),
            request.attempts_made,
            words.states.get(request.state, request.state),
            words.outcomes.get(request.outcome, ""),
            request.assignee.public_name if request.assignee else "",
            request.page,
        ]
        yield [*cells, request.name, request.phone] if numbers else cells


def promise_words() -> dict[str, str]:
    """What became of a promise, in the active language."""
    return {
        "kept": _("kept"),
        "missed": _("missed"),
        "open": _("not yet due"),
        "withdrawn": _("called off in time"),
    }


def _local(moment: datetime | None, about: About) -> str:
    """As every spreadsheet reads it."""
    return f"{moment.astimezone(about.span.zone):%Y-%m-%d %H:%M}" if moment else ""
