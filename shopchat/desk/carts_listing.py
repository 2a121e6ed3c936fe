"""The list of baskets that were left: its tabs and filters, and pages that do not shift while customers buy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shopchat.carts import access
from shopchat.carts.models import BasketWatch
from shopchat.carts.people import email_hash
from shopchat.carts.querysets import COUNTED_LIMIT, BasketWatchQuerySet
from shopchat.desk.carts import Row, rows
from shopchat.desk.cursors import decode, encode
from shopchat.desk.languages import languages
from shopchat.desk.searches import MAX_LENGTH
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator

PAGE = 25
HELP, LEFT, REACHED, ORDERED, OTHER = TABS = ("help", "left", "reached", "ordered", "other")
FOUND = "found"
ORDERS = {HELP: "help_wanted_at"}
LATEST = "-last_activity"
PERIODS = {"1": 1, "7": 7, "30": 30, "90": 90, "all": None}
PERIOD = "30"
State = BasketWatch.State
STATES = {
    LEFT: [State.ABANDONED, State.PAYMENT_INTERRUPTED],
    REACHED: [State.CONTACTED, State.RETURNED, State.RESTORED],
    ORDERED: [State.ORDERED],
    OTHER: [State.SUPPRESSED, State.EMPTIED, State.EXPIRED],
}
MAX_SOURCE = 64
LARGEST = Decimal("9999999999")


@dataclass(frozen=True)
class Asked:
    """What the list is asked for. ``after`` is the cursor of a further page; ``search`` stands for ``query`` in addresses,
    see :mod:`shopchat.desk.searches`.
    """

    tab: str = LEFT
    site: str = ""
    value: str = ""
    contact: str = ""
    signed: str = ""
    language: str = ""
    source: str = ""
    why: str = ""
    days: str = PERIOD
    query: str = field(default="", repr=False)
    search: str = ""
    after: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Asked":
        """From a query string; what makes no sense there falls back to the default."""
        given = {name: text.replace("\x00", "").strip() for name, text in parameters.items()}
        return cls(
            tab=_one_of(TABS, given.get("tab", ""), LEFT),
            site=_digits(given.get("site", "")),
            value=_amount(given.get("value", "")),
            contact=_one_of(("1",), given.get("contact", ""), ""),
            signed=_one_of(("1",), given.get("signed", ""), ""),
            language=_one_of(dict(languages()), given.get("language", ""), ""),
            source=given.get("source", "")[:MAX_SOURCE],
            why=_one_of(BasketWatch.Why.values, given.get("why", ""), ""),
            days=_one_of(PERIODS, given.get("days", ""), PERIOD),
            query=given.get("q", "")[:MAX_LENGTH],
            search=given.get("search", ""),
            after=given.get("after", ""),
        )

    @property
    def narrows(self) -> int:
        """How many filters are set."""
        names = ("site", "value", "contact", "signed", "language", "source", "why")
        return sum(bool(getattr(self, name)) for name in names) + (self.days != PERIOD)

    def address(self, **changes: str) -> str:
        """A query string that asks for this, with changes; for the first page unless they say another."""
        asked = replace(self, **{"after": "", **changes})
        defaults = Asked()
        named = {one.name: getattr(asked, one.name) for one in fields(asked) if one.name not in ("query", "search")}
        named = {name: value for name, value in named.items() if value != getattr(defaults, name)}
        if asked.query:
            named |= {"search": asked.search} if asked.search else {"q": asked.query}
        return "?" + urlencode(named)


@dataclass(frozen=True)
class Listing:
    """A page of the list. ``further`` asks for the next one, empty on the last; ``calling`` counts the tasks that call
    this operator.
    """

    asked: Asked
    rows: list[Row]
    further: str
    calling: int
    sites: list[Inbox]

    @property
    def tabs(self) -> list[tuple[str, str, str, str]]:
        """Key, label, address and number."""
        shown = f"{COUNTED_LIMIT}+" if self.calling >= COUNTED_LIMIT else str(self.calling or "")
        return [(key, label(key), self.asked.address(tab=key, query=""), shown if key == HELP else "") for key in TABS]

    @property
    def languages(self) -> list[tuple[str, str]]:
        return languages()

    @property
    def whys(self) -> list[tuple[str, Any]]:
        return list(BasketWatch.Why.choices)

    @property
    def periods(self) -> list[tuple[str, str]]:
        return [
            ("1", _("24 hours")),
            ("7", _("7 days")),
            ("30", _("30 days")),
            ("90", _("90 days")),
            ("all", _("any time")),
        ]

    @property
    def nothing(self) -> str:
        """What an empty list means."""
        if self.asked.query:
            return _("Nothing was found.")
        if self.asked.narrows:
            return _("No basket fits these filters.")
        return {
            HELP: _("Nobody waits for help."),
            LEFT: _("No basket was left."),
            REACHED: _("Nobody was written to yet."),
            ORDERED: _("No basket that was left has been ordered yet."),
            OTHER: _("Nothing was left alone or given up."),
        }[self.asked.tab]


def listing(user: Any, operator: Operator, asked: Asked) -> Listing:
    """The baskets that ``asked`` describes. Raises ``Refusal`` for a cursor that is none of ours."""
    permitted = access.for_operator(user)
    order = LATEST if asked.query else ORDERS.get(asked.tab, LATEST)
    found = _chosen(permitted, asked, timezone.now())
    if asked.after:
        found = found.beyond(order, *decode(asked.after))
    page = list(found.for_list().in_order(order)[: PAGE + 1])
    further = ""
    if len(page) > PAGE:
        last = page[PAGE - 1]
        further = asked.address(after=encode(getattr(last, order.lstrip("-")), last.pk))
    calling = permitted.calling_user(user).counted()
    return Listing(asked, rows(page[:PAGE], operator), further, calling, list(Inbox.objects.all()))


def label(tab: str) -> str:
    return {
        HELP: _("Needs a person"),
        LEFT: pgettext("basket", "Left"),
        REACHED: _("Written to or back"),
        ORDERED: _("Ordered"),
        OTHER: _("Left alone, given up"),
    }[tab]


def _chosen(permitted: BasketWatchQuerySet, asked: Asked, now: datetime) -> BasketWatchQuerySet:
    found = permitted.fitting(
        inbox=int(asked.site) if asked.site else None,
        worth=Decimal(asked.value) if asked.value else None,
        with_contact=bool(asked.contact),
        signed_in=bool(asked.signed),
        language=asked.language,
        source=asked.source,
        why=asked.why,
    )
    if asked.query:  # who searches wants it found, wherever it is
        hashes = [email_hash(asked.query)] if "@" in asked.query else []
        return _lately(found, asked, now).search(asked.query, email_hashes=hashes)
    if asked.tab == HELP:  # what waits does so whenever it began
        return found.needing_a_person()
    found = _lately(found, asked, now).in_states(STATES[asked.tab])
    return found.once_left() if asked.tab in (ORDERED, OTHER) else found


def _lately(found: BasketWatchQuerySet, asked: Asked, now: datetime) -> BasketWatchQuerySet:
    days = PERIODS[asked.days]
    return found if days is None else found.changed_since(now - timedelta(days=days))


def _one_of(allowed: Any, given: str, default: str) -> str:
    return given if given in allowed else default


def _digits(given: str) -> str:
    return given if given.isascii() and given.isdecimal() and len(given) < 10 else ""


def _amount(given: str) -> str:
    try:
        amount = Decimal(given.replace(",", "."))
    except InvalidOperation:
        return ""
    return str(amount) if amount.is_finite() and 0 < amount < LARGEST else ""
