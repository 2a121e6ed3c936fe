"""What a site promises to those who want to be called, and the words with which they agree to it."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import SUPPORTED_REGIONS
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, TabbedInterface
from wagtail.admin.ui.tables import BooleanColumn
from wagtail.admin.viewsets.model import ModelViewSet

from shopchat.callbacks.models import CallbackRules, default_retries
from shopchat.contacts.models import ConsentText
from shopchat.desk.editing.consenting import ConsentFields, add_consent_fields, consent_panel
from shopchat.desk.editing.promises import CarefulDeleteView, CarefulEditView
from shopchat.desk.editing.sites import choose_site

RETRIES = 9
WEEK = 7 * 24 * 60


def read_country(text: str) -> str:
    """``" ua "`` as ``UA``. Raises ``ValidationError`` that quotes what is no country of the telephone."""
    code = text.strip().upper()
    if code not in SUPPORTED_REGIONS:
        raise ValidationError(
            _("“%(text)s” is no country. Write its code of two letters, for example UA or PL."),
            params={"text": text.strip()},
        )
    return code


class ListField(forms.CharField):
    """Several values, separated by commas."""

    def __init__(self, **kwargs: Any):
        super().__init__(required=False, max_length=1000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[Any]:
        parts = re.split(r"[,;\s]+", super().clean(value))
        return list(dict.fromkeys(self.read(part) for part in parts if part))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def read(self, text: str) -> Any:
        raise NotImplementedError


class CountriesField(ListField):
    def read(self, text: str) -> str:
        return read_country(text)


class MinutesField(ListField):
    """Not each value once: half an hour and again half an hour is a plan."""

    def clean(self, value: Any) -> list[Any]:
        parts = [part for part in re.split(r"[,;\s]+", forms.CharField.clean(self, value)) if part]
        if len(parts) > RETRIES:
            raise ValidationError(_("Write at most %(count)s numbers."), params={"count": RETRIES})
        return [self.read(part) for part in parts]

    def read(self, text: str) -> int:
        if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or not 1 <= int(text) <= WEEK:
            raise ValidationError(
                _("“%(text)s” is no number of minutes. Write whole numbers from 1 to %(most)s, for example 30, 120."),
                params={"text": text, "most": WEEK},
            )
        return int(text)


class ClockInput(forms.TimeInput):
    """The browser's own field for a time of day."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class CallbackRulesForm(ConsentFields, WagtailAdminModelForm):
    """The rules of a site, with one text of consent for each language."""

    purpose = ConsentText.Purpose.CALLBACK
    countries = CountriesField(
        label=gettext_lazy("Countries that are called"),
        help_text=gettext_lazy("Codes of two letters, separated by commas, for example UA, PL. Empty: the above only."),
    )
    retry_minutes = MinutesField(
        label=gettext_lazy("Minutes until the next attempts"),
        initial=default_retries,
        help_text=gettext_lazy(
            "Separated by commas, for example 30, 120. After the last of them: in the first hour of the next day."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        choose_site(self, "callback_rules")
        self.show_consents()

    def clean_default_region(self) -> str:
        return read_country(self.cleaned_data["default_region"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        starts, ends = cleaned.get("day_starts_at"), cleaned.get("day_ends_at")
        if starts and ends and ends <= starts:
            self.add_error("day_ends_at", _("The day ends before it begins. Choose a later time."))
        notice, horizon = cleaned.get("lead_minutes"), cleaned.get("horizon_days")
        if notice is not None and horizon and timedelta(minutes=notice) >= timedelta(days=horizon):
            self.add_error(
                "lead_minutes", _("So long a notice leaves no slot to offer. Shorten it, or look more days ahead.")
            )
        return cleaned

    def save(self, commit: bool = True) -> CallbackRules:
        with transaction.atomic():
            rules: CallbackRules = super().save(commit=commit)
            if commit:
                self.publish_consents(rules.inbox)
        return rules


add_consent_fields(CallbackRulesForm)


class CallbackRulesViewSet(ModelViewSet):
    model = CallbackRules
    name = "shopchat_callback_rules"
    url_prefix = "chat/callback-rules"
    icon = "cogs"
    add_to_reference_index = False
    copy_view_enabled = False
    edit_view_class = CarefulEditView
    delete_view_class = CarefulDeleteView
    search_fields = ["inbox__name", "inbox__hostname"]
    search_backend_name = None
    list_display = ["inbox", BooleanColumn("is_active", label=gettext_lazy("Offered")), "schedule"]
    edit_handler = TabbedInterface(
        [
            ObjectList(
                [
                    MultiFieldPanel(
                        [FieldPanel("inbox"), FieldPanel("is_active"), FieldPanel("schedule")],
                        heading=gettext_lazy("Site"),
                    ),
                    MultiFieldPanel(
                        [
                            FieldPanel("slot_minutes", help_text=gettext_lazy("Minutes.")),
                            FieldPanel("calls_per_operator"),
                            FieldPanel("lead_minutes"),
                            FieldPanel("horizon_days"),
                            FieldPanel("asap_minutes"),
                        ],
                        heading=gettext_lazy("What is promised"),
                    ),
                    MultiFieldPanel(
                        [FieldPanel("default_region"), FieldPanel("countries")], heading=gettext_lazy("Who is called")
                    ),
                    MultiFieldPanel(
                        [
                            FieldPanel("max_repeats"),
                            FieldPanel("retry_minutes"),
                            FieldRowPanel(
                                [
                                    FieldPanel("day_starts_at", widget=ClockInput),
                                    FieldPanel("day_ends_at", widget=ClockInput),
                                ],
                                help_text=gettext_lazy(
                                    "By the customer's clock. Nobody is called again out of their day."
                                ),
                            ),
                            FieldPanel("tells_unreached"),
                        ],
                        heading=gettext_lazy("When nobody answers the phone"),
                    ),
                    MultiFieldPanel(
                        [FieldPanel("alert_before_minutes"), FieldPanel("retention_days")],
                        heading=gettext_lazy("Alerts and retention"),
                    ),
                ],
                heading=gettext_lazy("Rules"),
            ),
            consent_panel(
                gettext_lazy(
                    "Customers tick a box beside this text before they can ask for a call. A change is a new version; "
                    "each request keeps the version that was agreed to. An empty field means the standard text."
                )
            ),
        ],
        base_form_class=CallbackRulesForm,
    )
