"""What a report is asked for, and how its figures are laid out."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator
from shopchat.reports import carts
from shopchat.reports.access import sees_everybodys
from shopchat.reports.callbacks import About, Week, zone_for
from shopchat.reports.spans import LONGEST_DAYS, BadSpan, Span, last_days

LAST_DAYS = (7, 30, 90)
USUAL_DAYS = 30
LEVELS = 5


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DaysForm(forms.Form):
    """Days and site, from an address."""

    first = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=DayInput, input_formats=["%Y-%m-%d"]
    )
    last = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DayInput, input_formats=["%Y-%m-%d"])
    site = forms.ModelChoiceField(
        Inbox.objects.all(), label=gettext_lazy("Site"), required=False, empty_label=gettext_lazy("All sites")
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "first" not in cleaned or "last" not in cleaned:
            return cleaned
        first, last = cleaned["first"], cleaned["last"]
        if bool(first) is not bool(last):
            self.add_error("last" if first else "first", _("Choose both days, or neither."))
        elif first and last:
            self._check(first, last)
        return cleaned

    def _check(self, first: date, last: date) -> None:
        try:
            Span(first, last, ZoneInfo("UTC"))
        except BadSpan as bad:
            words = {
                "order": _("This day is before the first one."),
                "length": ngettext("Choose at most %(count)s day.", "Choose at most %(count)s days.", LONGEST_DAYS)
                % {"count": LONGEST_DAYS},
            }
            self.add_error("last", words[bad.reason])


class AboutForm(DaysForm):
    """Also an operator, who is asked for by those only who see everybody's figures."""

    operator = forms.ModelChoiceField(
        Operator.objects.all(),
        label=gettext_lazy("Operator"),
        required=False,
        empty_label=gettext_lazy("All operators"),
    )

    def __init__(self, asked: QueryDict, *, user: Any) -> None:
        super().__init__(asked)
        sites: Any = self.fields["site"]
        sites.queryset = Inbox.objects.filter(callback_rules__isnull=False)
        if not sees_everybodys(user):
            del self.fields["operator"]


@dataclass(frozen=True)
class Asked:
    """What was asked for: a valid form says what the report is ``about``."""

    form: AboutForm
    about: About | None
    days: int | None


def asked(query: QueryDict, *, user: Any, own: Operator | None) -> Asked:
    """``own``: the operator whose figures these are, for somebody who sees no others."""
    form = AboutForm(query, user=user)
    if not form.is_valid():
        return Asked(form, None, None)
    inbox = form.cleaned_data["site"]
    span, days = _span(form, query, zone_for(inbox))
    return Asked(form, About(span, inbox, own or form.cleaned_data.get("operator")), days)


@dataclass(frozen=True)
class AskedOfBaskets:
    """The same of the report of baskets."""

    form: DaysForm
    about: carts.About | None
    days: int | None


def asked_of_baskets(query: QueryDict) -> AskedOfBaskets:
    form = DaysForm(query)
    if not form.is_valid():
        return AskedOfBaskets(form, None, None)
    inbox = form.cleaned_data["site"]
    span, days = _span(form, query, carts.zone_for(inbox))
    return AskedOfBaskets(form, carts.About(span, inbox), days)


def _span(form: DaysForm, query: QueryDict, zone: ZoneInfo) -> tuple[Span, int | None]:
    """The days of a valid form; and how many of the last they are, unless they were chosen one by one."""
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    if first and last:
        return Span(first, last, zone), None
    days = _days(query.get("days", ""))
    return last_days(days, zone), days


def _days(text: str) -> int:
    return next((days for days in LAST_DAYS if str(days) == text), USUAL_DAYS)


@dataclass(frozen=True)
class WeekRow:
    """One weekday: each hour's count and how dark its cell is."""

    name: str
    cells: list[tuple[int, int]]
    total: int


def week_rows(week: Week) -> list[WeekRow]:
    """Monday first. A cell with anything in it is never as light as one with nothing."""
    return [
        WeekRow(str(WEEKDAYS[day]), [(count, _level(count, week.most)) for count in counts], sum(counts))
        for day, counts in enumerate(week.counts)
    ]


def _level(count: int, most: int) -> int:
    return -(-LEVELS * count // most) if most else 0
