"""The widget's look and texts, with a preview beside the form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, TabbedInterface
from wagtail.admin.ui.tables import BooleanColumn
from wagtail.snippets.views.chooser import SnippetChooserViewSet
from wagtail.snippets.views.snippets import SnippetViewSet

from shopchat.desk.languages import languages
from shopchat.desk.models import WidgetLook

LABELS = {
    "title": _("Title"),
    "launcher": _("Text on the button"),
    "welcome": _("Greeting in the empty chat"),
    "away": _("Greeting while nobody is here"),
    "shop": _("Name of the shop in e-mails"),
    "delivery": _("Delivery, for those who ask about it: a text, or the address of your page about it"),
}
MAX_LENGTHS = {"title": 40, "launcher": 30, "welcome": 300, "away": 300, "shop": 60, "delivery": 300}


def field_name(language: str, key: str) -> str:
    """The form field of one text in one language."""
    return f"text_{language.replace('-', '_').lower()}_{key}"


class ColourInput(forms.TextInput):
    """The browser's colour picker: it gives exactly ``#rrggbb``."""

    input_type = "color"


class WidgetForm(WagtailAdminModelForm):
    """A widget with one field for each text in each language."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for language, _name in languages():
            for key in WidgetLook.TEXTS:
                self.initial[field_name(language, key)] = self.instance.text(key, language)

    def save(self, commit: bool = True) -> WidgetLook:
        # Texts of languages that the shop has left out for now are kept.
        texts = dict(self.instance.texts)
        for language, _name in languages():
            written = {key: self.cleaned_data[field_name(language, key)].strip() for key in WidgetLook.TEXTS}
            texts[language] = {key: text for key, text in written.items() if text}
        self.instance.texts = {language: written for language, written in texts.items() if written}
        saved: WidgetLook = super().save(commit=commit)
        return saved


def _text_field(key: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2}) if MAX_LENGTHS[key] > 100 else forms.TextInput()
    return forms.CharField(label=LABELS[key], max_length=MAX_LENGTHS[key], required=False, widget=widget)


def _language_panel(language: str, name: str) -> MultiFieldPanel:
    return MultiFieldPanel([FieldPanel(field_name(language, key)) for key in WidgetLook.TEXTS], heading=name)


for _language, _name in languages():
    for _key in WidgetLook.TEXTS:
        _field = field_name(_language, _key)
        WidgetForm.base_fields[_field] = WidgetForm.declared_fields[_field] = _text_field(_key)


class NoChooser(SnippetChooserViewSet):
    """Nothing chooses a widget, and Wagtail's chooser would list them to everybody who may enter the admin."""

    def get_urlpatterns(self) -> list[Any]:
        return []


class WidgetViewSet(SnippetViewSet):
    model = WidgetLook
    chooser_viewset_class = NoChooser
    base_url_path = "chat/widgets"
    admin_url_namespace = "shopchat_widgets"
    icon = "sliders"
    menu_item_is_registered = True  # in the Chat menu, so that "Snippets" need not list it
    add_to_reference_index = False
    copy_view_enabled = False
    search_fields = ["name", "hostname"]
    search_backend_name = None
    list_display = ["name", "hostname", BooleanColumn("is_active", label=_("Shown on the site"))]
    edit_handler = TabbedInterface(
        [
            ObjectList(
                [
                    MultiFieldPanel(
                        [
                            FieldPanel("accent", widget=ColourInput),
                            FieldPanel("launcher", widget=forms.RadioSelect),
                            FieldPanel("side", widget=forms.RadioSelect),
                        ],
                        heading=_("Look"),
                    ),
                    MultiFieldPanel(
                        [
                            FieldPanel("name"),
                            FieldPanel("hostname"),
                            FieldPanel("schedule"),
                            FieldPanel("is_active"),
                        ],
                        heading=_("Site"),
                    ),
                    MultiFieldPanel(
                        [FieldPanel("alert_after_minutes"), FieldPanel("answer_mail_after_minutes")], heading=_("Mail")
                    ),
                ],
                heading=_("Widget"),
            ),
            ObjectList(
                [_language_panel(language, name) for language, name in languages()],
                heading=_("Texts"),
                help_text=_("An empty field shows the standard text of that language."),
            ),
        ],
        base_form_class=WidgetForm,
    )
