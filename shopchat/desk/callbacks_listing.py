"""The queue of callbacks: its sections, and pages of them that do not shift while requests come and go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from shopchat.callbacks import access
from shopchat.callbacks.models import CallbackRules
from shopchat.callbacks.querysets import COUNTED_LIMIT, CallbackRequestQuerySet
from shopchat.desk.callbacks import Line, line
from shopchat.desk.cursors import decode, encode
from shopchat.desk.searches import MAX_LENGTH
from shopchat.operators.models import Operator

PAGE = 25
OVERDUE, DUE, TODAY, UPCOMING, FINISHED = SECTIONS = ("overdue", "due", "today", "upcoming", "finished")
OPEN = SECTIONS[:4]
ALL, MINE, UNASSIGNED = SHOWN = ("all", "mine", "unassigned")
FOUND = "found"
ORDERS = {OVERDUE: "promised_until", DUE: "promised_until", TODAY: "due_at", UPCOMING: "due_at"}
ORDERS |= {FINISHED: "-closed_at", FOUND: "-created_at"}


@dataclass(frozen=True)
class Asked:
    """What the queue is asked for. No section: all that wait. ``after`` is the cursor of a further page; ``search`` stands
    for ``query`` in addresses, see :mod:`shopchat.desk.searches`.
    """

    section: str = ""
    show: str = ALL
    site: str = ""
    query: str = ""
    search: str = ""
    after: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Asked":
        """From a query string; what makes no sense there falls back to the default."""
        section, show, site = (parameters.get(name, "") for name in ("section", "show", "site"))
        return cls(
            section=section if section in SECTIONS else "",
            show=show if show in SHOWN else ALL,
            site=site if site.isascii() and site.isdecimal() and len(site) < 10 else "",
            query=parameters.get("q", "").replace("\x00", "").strip()[:MAX_LENGTH],
            search=parameters.get("search", ""),
            after=parameters.get("after", ""),
        )

    @property
    def here(self) -> str:
        """The query string that asks for the same again."""
        return self.address(after=self.after)

    def address(self, **changes: str) -> str:
        """A query string that asks for this, with changes; for the first page unless they say another."""
        asked = replace(self, **{"after": "", **changes})
        fields = {"section": asked.section, "show": asked.show, "site": asked.site, "after": asked.after}
        if asked.query:
            fields |= {"search": asked.search} if asked.search else {"q": asked.query}
        return "?" + urlencode({name: value for name, value in fields.items() if value})


@dataclass(frozen=True)
class Section:
    """Some of the requests that belong together. ``further`` asks for those that come after, empty for the last."""

    key: str
    label: str
    count: int
    lines: list[Line]
    further: str
    is_whole: bool

    @property
    def shown_count(self) -> str:
        return f"{COUNTED_LIMIT}+" if self.count >= COUNTED_LIMIT else str(self.count)


@dataclass(frozen=True)
class Queue:
    """What the page shows. ``rules`` are those of all sites that are called from."""

    asked: Asked
    now: datetime
    rules: list[CallbackRules]
    tabs: list[tuple[str, str, str, str]]
    sections: list[Section]

    @property
    def filters(self) -> list[tuple[str, str, str]]:
        labels = {ALL: _("All"), MINE: _("Mine"), UNASSIGNED: _("Unassigned")}
        return [(key, label, self.asked.address(show=key, query="")) for key, label in labels.items()]

    @property
    def sites(self) -> list[tuple[str, str, bool]]:
        """Address, label and whether it is the one that is shown."""
        names = [("", _("All sites"))] + [(str(one.inbox_id), one.inbox.name) for one in self.rules]
        return [(self.asked.address(site=key, query=""), name, key == self.asked.site) for key, name in names]

    @property
    def is_empty(self) -> bool:
        return not any(section.lines for section in self.sections)

    @property
    def nothing(self) -> str:
        """What an empty queue means."""
        if self.asked.query:
            return _("Nothing was found.")
        return {
            OVERDUE: _("No promise was missed."),
            DUE: _("Nobody has to be called right now."),
            TODAY: _("Nothing else is planned for today."),
            UPCOMING: _("Nothing is planned for the coming days."),
            FINISHED: _("Nothing was finished yet."),
        }.get(self.asked.section, _("Nobody waits for a call."))


def queue(user: Any, operator: Operator, asked: Asked) -> Queue:
    """The requests that ``asked`` describes. Raises ``Refusal`` for a cursor that is none of ours."""
    now, rules = timezone.now(), list(CallbackRules.objects.select_related("inbox", "schedule"))
    whole_numbers = access.sees_numbers(user)
    chosen = _chosen(access.for_operator(user), operator, asked)
    parts = _parts(chosen, now, _zone(rules, asked))
    counts = {key: parts[key].counted() for key in OPEN}
    if asked.query:
        parts = {FOUND: access.for_operator(user).search(asked.query, whole_numbers=whole_numbers)}
    wanted = [FOUND] if asked.query else [asked.section] if asked.section else OPEN
    sections = []
    for key in wanted:
        rows, further = _page(parts[key].with_refusals(now), key, asked)
        lines = [line(row, operator, now=now, whole_numbers=whole_numbers) for row in rows]
        sections.append(
            Section(key, label(key), counts.get(key, 0), lines, further, is_whole=len(wanted) == 1 or not further)
        )
    return Queue(asked, now, rules, _tabs(asked, counts), sections)


def label(section: str) -> str:
    return {
        OVERDUE: _("Overdue"),
        DUE: _("Due now"),
        TODAY: _("Later today"),
        UPCOMING: _("Upcoming"),
        FINISHED: _("Finished"),
        FOUND: _("Found in all requests"),
    }[section]


def _chosen(permitted: CallbackRequestQuerySet, operator: Operator, asked: Asked) -> CallbackRequestQuerySet:
    if asked.show == MINE:
        permitted = permitted.of_operator(operator)
    elif asked.show == UNASSIGNED:
        permitted = permitted.unassigned()
    return permitted.of_inbox(int(asked.site)) if asked.site else permitted


def _parts(chosen: CallbackRequestQuerySet, now: datetime, zone: tzinfo) -> dict[str, CallbackRequestQuerySet]:
    return {
        OVERDUE: chosen.overdue(now),
        DUE: chosen.due_now(now),
        TODAY: chosen.later_today(now, zone),
        UPCOMING: chosen.upcoming(now, zone),
        FINISHED: chosen.finished(),
    }


def _zone(rules: list[CallbackRules], asked: Asked) -> tzinfo:
    """Where "today" is: at the site that was asked for, else at the first one."""
    zones = [one.schedule.time_zone for one in rules if not asked.site or one.inbox_id == int(asked.site)]
    return ZoneInfo(zones[0]) if zones else timezone.get_current_timezone()


def _page(found: CallbackRequestQuerySet, key: str, asked: Asked) -> tuple[list[Any], str]:
    field = ORDERS[key]
    if asked.after and (asked.section or asked.query):
        found = found.beyond(field, *decode(asked.after))
    rows = list(found.for_list().in_order(field)[: PAGE + 1])
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    after = encode(getattr(last, field.lstrip("-")), last.pk) if asked.section or asked.query else ""
    section = "" if key == FOUND else key
    return rows[:PAGE], asked.address(section=section, after=after)


def _tabs(asked: Asked, counts: Mapping[str, int]) -> list[tuple[str, str, str, str]]:
    """Key, label, address and number for each section, all that wait first."""
    tabs = [("", _("Waiting"), asked.address(section="", query=""), "")]
    for key in SECTIONS:
        count = counts.get(key, 0)
        shown = f"{COUNTED_LIMIT}+" if count >= COUNTED_LIMIT else str(count or "")
        tabs.append((key, label(key), asked.address(section=key, query=""), shown))
    return tabs
