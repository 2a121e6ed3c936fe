"""The words of consent beside the rules that need them: a field for each language, and a new version for each change."""

from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel, ObjectList

from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from shopchat.desk.languages import languages
from shopchat.inboxes.models import Inbox


def consent_field(language: str) -> str:
    """The form field with the consent of one language."""
    return f"consent_{language.replace('-', '_').lower()}"


class ConsentFields:
    """Mixed into the form of rules with an ``inbox``. ``purpose`` is what people agree to."""

    purpose: str
    instance: Any
    initial: dict[str, Any]
    fields: dict[str, Any]
    cleaned_data: dict[str, Any]

    def show_consents(self) -> None:
        """What is in force; the standard texts for rules that are being made."""
        for language, _name in languages():
            name = consent_field(language)
            if self.instance.pk:
                current = consents.text_for(self.instance.inbox, self.purpose, language)
                self.initial[name], self.fields[name].help_text = current.text, _version_words(current)
            else:
                self.initial[name] = consents.default_text(self.purpose, language)
                self.fields[name].help_text = _("The standard text.")

    def publish_consents(self, inbox: Inbox) -> None:
        """A text that nobody changed stays what it is; the standard one is stored when somebody agrees to it."""
        for language, _name in languages():
            text = self.cleaned_data[consent_field(language)] or consents.default_text(self.purpose, language)
            if text != consents.text_for(inbox, self.purpose, language).text:
                consents.publish(inbox, self.purpose, language, text)


def add_consent_fields(form: Any) -> None:
    """Give the form class a field for each language."""
    for language, name in languages():
        field = forms.CharField(label=name, max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
        form.base_fields[consent_field(language)] = form.declared_fields[consent_field(language)] = field


def consent_panel(help_text: Any) -> ObjectList:
    """The tab with these fields."""
    panels = [FieldPanel(consent_field(language)) for language, _name in languages()]
    return ObjectList(panels, heading=gettext_lazy("Consent"), help_text=help_text)


def _version_words(text: ConsentText) -> str:
    if not text.version:
        return _("The standard text.")
    since = formats.date_format(timezone.localtime(text.created_at), "SHORT_DATE_FORMAT")
    return _("Version %(version)s, in force since %(date)s.") % {"version": text.version, "date": since}
