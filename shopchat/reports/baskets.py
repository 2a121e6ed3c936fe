"""The baskets behind the figures, one row for each, for a file."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shopchat.carts.models import BasketWatch
from shopchat.reports.carts import About, chosen

AT_ONCE = 1000


def header(about: About) -> list[str]:
    """The names of the columns, in the active language."""
    zone = {"zone": str(about.span.zone)}
    return [
        pgettext("what customers fill", "Basket"),
        _("Site"),
        _("First seen (%(zone)s)") % zone,
        _("Last change (%(zone)s)") % zone,
        _("State"),
        _("Left at (%(zone)s)") % zone,
        _("Written to at (%(zone)s)") % zone,
        _("Came back at (%(zone)s)") % zone,
        _("Restored at (%(zone)s)") % zone,
        _("Ordered at (%(zone)s)") % zone,
        _("Order"),
        _("How it was ordered"),
        _("Cancelled at (%(zone)s)") % zone,
        _("Paid"),
        _("Currency of the order"),
        _("Pieces"),
        _("Worth when last seen"),
        _("Currency"),
        _("Language"),
        _("Device"),
        _("Source"),
        _("Why they left"),
    ]


def rows(about: About) -> Iterator[Sequence[Any]]:
    """The cells of each basket, the oldest first. Read in pieces, so that a year needs no more memory than a day.

    Nobody is named. In the language that is active now, whichever it is when the rows are asked for.
    """
    return _rows(about, _Words())


class _Words:
    def __init__(self) -> None:
        self.states, self.hows, self.whys = (
            {value: str(label) for value, label in choices.choices}
            for choices in (BasketWatch.State, BasketWatch.How, BasketWatch.Why)
        )
        self.point = str(get_format("DECIMAL_SEPARATOR"))


def _rows(about: About, words: _Words) -> Iterator[Sequence[Any]]:
    watches = chosen(about).defer("lines").select_related("inbox").order_by("created_at", "pk")
    for watch in watches.iterator(chunk_size=AT_ONCE):
        yield [
            watch.pk,
            watch.inbox.name,
            _local(watch.created_at, about),
            _local(watch.last_activity, about),
            words.states.get(watch.state, watch.state),
            _local(watch.abandoned_at, about),
            _local(watch.contacted_at, about),
            _local(watch.returned_at, about),
            _local(watch.restored_at, about),
            _local(watch.ordered_at, about),
            watch.order_number,
            words.hows.get(watch.how, ""),
            _local(watch.order_cancelled_at, about),
            _amount(watch.order_total, words.point),
            watch.order_currency,
            watch.quantity,
            _amount(watch.total, words.point),
            watch.currency,
            watch.language,
            watch.device,
            watch.source,
            words.whys.get(watch.why, ""),
        ]


def _local(moment: datetime | None, about: About) -> str:
    """As every spreadsheet reads it."""
    return f"{moment.astimezone(about.span.zone):%Y-%m-%d %H:%M}" if moment else ""


def _amount(amount: Decimal | None, point: str) -> str:
    return "" if amount is None else str(amount).replace(".", point)
