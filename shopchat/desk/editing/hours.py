"""Working hours: one line of text for each weekday, and the days on which other hours hold.

A script makes a picture of the week and fields for times out of the lines; they stay what is sent.
"""

import re
from datetime import date, time
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, ObjectList, Panel
from wagtail.admin.viewsets.model import ModelViewSet

from shopchat.desk.editing.promises import CarefulDeleteView, CarefulEditView
from shopchat.operators.models import Schedule, ScheduleException, WorkingInterval

Interval = tuple[time, time]
MIDNIGHT = time(0, 0)
SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-\u2013\u2014\u2212]\s*(\d{1,2})(?:[:.](\d{2}))?", re.ASCII)
DAYS = [f"day_{weekday}" for weekday in range(7)]


def parse_day(text: str) -> list[Interval]:
    """``"09:00–13:00, 22–6"`` as pairs of times in order; 24:00 is midnight, and what ends earlier ends the next day.

    Raises ``ValidationError`` that quotes what it could not read.
    """
    spans = sorted(_parse_span(part.strip()) for part in re.split(r"[,;]", text) if part.strip())
    for (opens, closes), (next_opens, _closes) in pairwise(spans):
        if closes <= opens or next_opens < closes:
            raise ValidationError(_("Two of these times overlap. Join them into one."))
    return spans


def write_day(intervals: list[Interval]) -> str:
    """The other way round, as people write it."""
    return ", ".join(
        f"{opens:%H:%M}–{'24:00' if closes == MIDNIGHT else f'{closes:%H:%M}'}" for opens, closes in intervals
    )


class HoursField(forms.CharField):
    """The times of one day."""

    def __init__(self, **kwargs: Any):
        super().__init__(required=False, max_length=200, **kwargs)

    def clean(self, value: Any) -> list[Interval]:
        return parse_day(super().clean(value))


class _DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _zone_choices() -> list[tuple[str, str]]:
    return [(name, name) for name in _zones()]


@cache
def _zones() -> list[str]:
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return [*sorted(name for name in available_timezones() if name.startswith(areas)), "UTC"]


class OtherHoursForm(forms.Form):
    """Days on which other hours hold, or none."""

    name = forms.CharField(
        label=gettext_lazy("Occasion"), max_length=80, required=False, help_text=gettext_lazy("For example “New Year”.")
    )
    first_day = forms.DateField(label=gettext_lazy("First day"), widget=_DayInput)
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=_DayInput,
        help_text=gettext_lazy("Leave it empty for a single day."),
    )
    times = HoursField(
        label=gettext_lazy("Hours"),
        help_text=gettext_lazy("For example 10:00–15:00. Empty: closed all day."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("This is before the first day."))
        return cleaned

    def rows(self, schedule: Schedule) -> list[ScheduleException]:
        """One for each of the times; one without times says "closed"."""
        first = self.cleaned_data["first_day"]
        days = {"first_day": first, "last_day": self.cleaned_data["last_day"] or first}
        return [
            ScheduleException(
                schedule=schedule, name=self.cleaned_data["name"], opens_at=opens, closes_at=closes, **days
            )
            for opens, closes in self.cleaned_data["times"] or [(None, None)]
        ]


OtherHours = forms.formset_factory(OtherHoursForm, extra=1, can_delete=True)


class HoursForm(WagtailAdminModelForm):
    """A schedule together with its intervals and exceptions."""

    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=_zone_choices)

    class Media:
        js = ["shopchat/editing/hours.js"]
        css = {"all": ["shopchat/editing/hours.css"]}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.other_hours = OtherHours(
            self.data if self.is_bound else None, prefix="other", initial=_stored_exceptions(self.instance)
        )
        if not self.instance.pk:
            self.initial.setdefault("time_zone", timezone.get_default_timezone_name())
            return
        for weekday, name in enumerate(DAYS):
            self.initial[name] = write_day(_stored(self.instance, weekday))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        for weekday, name in enumerate(DAYS):
            following = (weekday + 1) % 7
            today, tomorrow = cleaned.get(name), cleaned.get(DAYS[following])
            if today and tomorrow and _lasts_into(today[-1], tomorrow[0]):
                self.add_error(name, _overlap(today[-1], tomorrow[0], following))
        return cleaned

    def is_valid(self) -> bool:
        # Both, so that all errors are shown at once.
        return all([super().is_valid(), self.other_hours.is_valid()])

    def save(self, commit: bool = True) -> Schedule:
        with transaction.atomic():
            schedule: Schedule = super().save(commit=commit)
            if commit:
                self._replace_intervals(schedule)
                self._replace_exceptions(schedule)
        return schedule

    def _replace_intervals(self, schedule: Schedule) -> None:
        schedule.intervals.all().delete()
        WorkingInterval.objects.bulk_create(
            WorkingInterval(schedule=schedule, weekday=weekday, opens_at=opens, closes_at=closes)
            for weekday, name in enumerate(DAYS)
            for opens, closes in self.cleaned_data[name]
        )

    def _replace_exceptions(self, schedule: Schedule) -> None:
        filled = [form for form in self.other_hours if form.cleaned_data and not form.cleaned_data["DELETE"]]
        schedule.exceptions.all().delete()
        ScheduleException.objects.bulk_create(row for form in filled for row in form.rows(schedule))


for _weekday, _name in enumerate(DAYS):
    HoursForm.base_fields[_name] = HoursForm.declared_fields[_name] = HoursField(label=WEEKDAYS[_weekday])


class WeekPanel(Panel):
    """The seven lines, each with the picture of its day."""

    def get_form_options(self) -> dict[str, Any]:
        return {"fields": DAYS}

    class BoundPanel(Panel.BoundPanel):
        template_name = "shopchat/desk/editing/week.html"

        def days(self) -> list[forms.BoundField]:
            return [self.form[name] for name in DAYS]


class OtherHoursPanel(Panel):
    """The days that are not like their weekday."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "shopchat/desk/editing/other_hours.html"


class ScheduleViewSet(ModelViewSet):
    model = Schedule
    name = "shopchat_hours"
    url_prefix = "chat/hours"
    icon = "time"
    add_to_reference_index = False
    copy_view_enabled = False
    edit_view_class = CarefulEditView
    delete_view_class = CarefulDeleteView
    search_fields = ["name"]
    search_backend_name = None
    list_display = ["name", "time_zone"]
    edit_handler = ObjectList(
        [
            FieldPanel("name"),
            FieldPanel("time_zone"),
            WeekPanel(
                heading=gettext_lazy("Working hours"),
                help_text=gettext_lazy(
                    "For example 09:00–13:00, 14:00–18:00 or, over midnight, 22:00–06:00. "
                    "Leave a day empty when nobody answers."
                ),
            ),
            OtherHoursPanel(
                heading=gettext_lazy("Other hours on some days"),
                help_text=gettext_lazy(
                    "Holidays, one-off closures, longer days before a feast. On such a day only the hours given here hold; "
                    "hours of the night before end at midnight."
                ),
            ),
        ],
        base_form_class=HoursForm,
    )


def _parse_span(text: str) -> Interval:
    match = SPAN.fullmatch(text)
    if not match:
        raise ValidationError(
            _("“%(text)s” cannot be read. Write times like 09:00–18:00, several separated by commas."),
            params={"text": text},
        )
    opens, closes = _time(match[1], match[2], text), _time(match[3], match[4], text)
    if match[1] == "24":
        raise ValidationError(
            _("“%(text)s” begins when the day is over. Write it on the next day."), params={"text": text}
        )
    if opens == closes != MIDNIGHT:
        raise ValidationError(_("“%(text)s” has no length. A whole day is 00:00–24:00."), params={"text": text})
    return opens, closes


def _time(hour: str, minute: str | None, text: str) -> time:
    if (int(hour), int(minute or 0)) == (24, 0):
        return MIDNIGHT
    try:
        return time(int(hour), int(minute or 0))
    except ValueError as error:
        raise ValidationError(_("“%(text)s” is not a time of day."), params={"text": text}) from error


def _stored(schedule: Schedule, weekday: int) -> list[Interval]:
    found = [interval for interval in schedule.intervals.all() if interval.weekday == weekday]
    return [(interval.opens_at, interval.closes_at) for interval in found]


def _stored_exceptions(schedule: Schedule) -> list[dict[str, Any]]:
    """Rows of the same name and days are one line, with several times."""
    rows = schedule.exceptions.all() if schedule.pk else []
    lines: dict[tuple[str, date, date], list[Interval]] = {}
    for row in rows:
        times = lines.setdefault((row.name, row.first_day, row.last_day), [])
        if row.opens_at is not None and row.closes_at is not None:
            times.append((row.opens_at, row.closes_at))
    return [
        {"name": name, "first_day": first, "last_day": None if last == first else last, "times": write_day(times)}
        for (name, first, last), times in lines.items()
    ]


def _lasts_into(interval: Interval, following: Interval) -> bool:
    """Whether it goes on after midnight for so long that the next day's first hours begin before it ends."""
    return interval[1] <= interval[0] and following[0] < interval[1]


def _overlap(interval: Interval, following: Interval, weekday: int) -> ValidationError:
    return ValidationError(
        _(
            "“%(times)s” lasts into the hours of the next day (%(day)s), which begin at %(begins)s. "
            "End it by then, or let those begin at %(ends)s."
        ),
        params={
            "times": write_day([interval]),
            "day": WEEKDAYS[weekday],
            "begins": f"{following[0]:%H:%M}",
            "ends": f"{interval[1]:%H:%M}",
        },
    )
