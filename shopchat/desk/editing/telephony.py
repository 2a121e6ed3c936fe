"""Who makes a site's calls: the provider, its credentials, what it may cost.

Secrets go in and do not come out: their fields are empty, and stay as they were when they are left empty.
"""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.views.generic import CreateView, EditView
from wagtail.admin.viewsets.model import ModelViewSet

from shopchat.callbacks import accounts
from shopchat.callbacks.models import TelephonyAccount
from shopchat.core import http, sealing
from shopchat.core.tokens import new_secret
from shopchat.telephony.base import E164, CallError, Field, Telephony
from shopchat.telephony.known import provider, providers

TRY = "try"
MISSING = gettext_lazy("This provider needs a package that the server lacks: pip install “shopchat[telephony]”.")


def field_name(adapter: type[Telephony], field: Field) -> str:
    """The form field of one thing that one provider's customer has to know."""
    return f"{adapter.name}_{field.name}"


class TelephonyForm(WagtailAdminModelForm):
    """An account with the fields of every provider; those of the chosen one count."""

    backend = forms.ChoiceField(label=gettext_lazy("Provider"), widget=forms.RadioSelect)
    # Longer than what is stored, so that it may be written with spaces.
    caller_id = forms.CharField(
        label=gettext_lazy("Number that customers see"),
        max_length=32,
        required=False,
        help_text=gettext_lazy("In international form: +380441234567."),
    )

    @sensitive_variables()
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["backend"].choices = [(adapter.name, adapter.label) for adapter in providers()]
        self.stored = self._stored()
        for adapter in providers():
            own = self.stored if adapter.name == self.instance.backend else {}
            for field in adapter.fields:
                self._prepare(field_name(adapter, field), field, own.get(field.name, ""))

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        adapter = provider(cleaned["backend"]) if "backend" in cleaned else None
        if adapter is None:
            return cleaned
        if adapter.makes_calls and not (http.is_installed() and sealing.is_installed()):
            self.add_error("backend", MISSING)
            return cleaned
        self._check_caller_id(adapter)
        entered = self._entered(adapter)
        for problem in adapter(entered).check():
            self.add_error(f"{adapter.name}_{problem.field}", problem.text)
        self.instance.credentials = sealing.seal(entered) if adapter.makes_calls else ""
        return cleaned

    def clean_caller_id(self) -> str:
        number = re.sub(r"[\s().-]", "", self.cleaned_data["caller_id"])
        if number and not E164.fullmatch(number):
            raise forms.ValidationError(_("Write it in international form, for example +380441234567."))
        return number

    def save(self, commit: bool = True) -> TelephonyAccount:
        self.instance.secret = self.instance.secret or new_secret()
        saved: TelephonyAccount = super().save(commit=commit)
        return saved

    def _prepare(self, name: str, field: Field, stored: str) -> None:
        if name not in self.fields:  # a provider that was registered after this form was made
            self.fields[name] = _form_field(field)
        if field.is_secret and stored:
            self.fields[name].help_text = _("Stored. Leave it empty to keep it.")
        elif not field.is_secret:
            self.initial[name] = bool(stored) if field.is_switch else stored or field.default

    @sensitive_variables()
    def _stored(self) -> dict[str, str]:
        try:
            return sealing.unseal(self.instance.credentials) if sealing.is_installed() else {}
        except sealing.CannotUnseal:
            return {}  # to be entered once more; the page says so

    @sensitive_variables()
    def _entered(self, adapter: type[Telephony]) -> dict[str, str]:
        kept = self.stored if adapter.name == self.initial.get("backend") else {}
        entered = {}
        for field in adapter.fields:
            value = self.cleaned_data.get(field_name(adapter, field), "")
            text = ("1" if value else "") if field.is_switch else str(value).strip()
            entered[field.name] = text or (kept.get(field.name, "") if field.is_secret else "")
        return entered

    def _check_caller_id(self, adapter: type[Telephony]) -> None:
        if adapter.needs_caller_id and not self.cleaned_data.get("caller_id") and "caller_id" not in self.errors:
            self.add_error("caller_id", _("This provider has to be told which number customers see."))


@sensitive_variables()
def try_out(request: HttpRequest, account: TelephonyAccount) -> None:
    """Ask the provider whether it takes the credentials, and say so on the next page."""
    try:
        accounts.opened(account).try_out()
    except (CallError, accounts.Unusable) as error:
        says = _failures().get(error.code, _("The provider gave no usable answer (%(code)s)."))
        messages.warning(request, says % {"code": error.code})
    else:
        messages.success(request, _("The provider accepts these credentials."))


def _failures() -> dict[str, str]:
    return {
        "no_login": _("The provider does not accept these credentials."),
        "no_connection": _("The provider cannot be reached. Look at the address and at your firewall."),
        "no_trust": _("The provider's certificate is not valid, so nothing was sent."),
        "forbidden_address": _("This address is in a private network. Say that it is yours, if it is."),
        "cannot_be_tried": _("This provider cannot be tried without calling somebody."),
    }


class Trying:
    """A view that saves and then tries, if that is what the button said."""

    request: HttpRequest
    object: TelephonyAccount

    def form_valid(self, form: TelephonyForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        if TRY in self.request.POST:
            # The provider may take its time, and no transaction should wait for it.
            transaction.on_commit(lambda: try_out(self.request, form.instance), robust=True)
        return response


# Django's reports of errors quote what was posted, and here that is somebody's password.
kept_out_of_reports = method_decorator(sensitive_post_parameters(), name="dispatch")


@kept_out_of_reports
class AccountCreate(Trying, CreateView):
    pass


@kept_out_of_reports
class AccountEdit(Trying, EditView):
    pass


class EventsPanel(HelpPanel):
    """Where the provider is to send its events, and what is wrong with what is stored."""

    class BoundPanel(HelpPanel.BoundPanel):
        @property
        def address(self) -> str:
            return accounts.webhook_url(self.instance) if self.instance.secret else ""

        @property
        def is_stored(self) -> bool:
            return bool(self.instance.pk)

        @property
        def is_unreadable(self) -> bool:
            return bool(self.instance.pk) and accounts.trouble(self.instance) == "cannot_unseal"

        @property
        def try_name(self) -> str:
            return TRY


def _form_field(field: Field) -> forms.Field:
    if field.is_switch:
        return forms.BooleanField(label=field.label, help_text=field.help, required=False)
    # Browsers fill in what they take for a log-in.
    attrs = {"autocomplete": "new-password" if field.is_secret else "off"}
    widget = forms.PasswordInput(attrs=attrs) if field.is_secret else forms.TextInput(attrs=attrs)
    return forms.CharField(label=field.label, help_text=field.help, required=False, max_length=500, widget=widget)


def _panel_of(adapter: type[Telephony]) -> MultiFieldPanel:
    return MultiFieldPanel(
        [FieldPanel(field_name(adapter, field)) for field in adapter.fields],
        heading=adapter.label,
        attrs=_shown_for([adapter.name]),
    )


def _shown_for(names: list[str]) -> dict[str, str]:
    listed = ", ".join(f'"{name}"' for name in names)
    return {"data-w-rules-target": "show", "data-w-rules": f'{{"backend": [{listed}]}}'}


for _adapter in providers():
    for _field in _adapter.fields:
        _name = field_name(_adapter, _field)
        TelephonyForm.base_fields[_name] = TelephonyForm.declared_fields[_name] = _form_field(_field)

_CALLING = [adapter for adapter in providers() if adapter.makes_calls]


class TelephonyViewSet(ModelViewSet):
    model = TelephonyAccount
    name = "shopchat_telephony"
    url_prefix = "chat/telephony"
    icon = "mobile-alt"
    add_view_class = AccountCreate
    edit_view_class = AccountEdit
    add_to_reference_index = False
    copy_view_enabled = False
    list_display = [
        "inbox",
        Column("backend", label=gettext_lazy("Provider"), accessor=lambda account: _label(account.backend)),
        BooleanColumn("is_active", label=gettext_lazy("In use")),
    ]
    edit_handler = ObjectList(
        [
            FieldPanel("inbox"),
            FieldPanel("backend"),
            *[_panel_of(adapter) for adapter in _CALLING],
            MultiFieldPanel(
                [FieldPanel("caller_id"), FieldPanel("calls_per_day")],
                heading=gettext_lazy("Calls"),
                attrs=_shown_for([adapter.name for adapter in _CALLING]),
            ),
            EventsPanel(
                template="shopchat/desk/telephony/_account.html",
                heading=gettext_lazy("Events"),
                attrs=_shown_for([adapter.name for adapter in _CALLING]),
            ),
            FieldPanel("is_active"),
        ],
        base_form_class=TelephonyForm,
        attrs={"data-controller": "w-rules", "data-action": "change->w-rules#resolve"},
    )


def _label(backend: str) -> Any:
    try:
        return provider(backend).label
    except KeyError:
        return _("unknown (%(name)s)") % {"name": backend}
