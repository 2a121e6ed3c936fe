"""What a site does about baskets that are left: when, by what, with which words, and how often people may be approached."""

from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, TabbedInterface
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.viewsets.model import ModelViewSet

from shopchat.carts.models import CartRules, CartStep
from shopchat.carts.rules import steps_of
from shopchat.carts.wording import BadText, check_text
from shopchat.contacts.models import ConsentText
from shopchat.desk.editing.callbacks import ClockInput
from shopchat.desk.editing.consenting import ConsentFields, add_consent_fields, consent_panel
from shopchat.desk.editing.sites import choose_site
from shopchat.desk.languages import languages
from shopchat.inboxes.models import Inbox
from shopchat.stores.abilities import IssuesVouchers
from shopchat.stores.reading import able
from shopchat.touches.models import TouchRules
from shopchat.touches.rules import rules_of as touch_rules_of

STEPS = (1, 2, 3)
SUBJECT_LENGTH, TEXT_LENGTH = 120, 2000
STEP_FIELDS = ("is_active", "delay_minutes", "with_voucher")
TOUCH_FIELDS = ("per_day", "per_week", "quiet_from", "quiet_until", "defer_hours", "holdout_percent")
VOUCHER_FIELDS = ("voucher_percent", "voucher_days", "voucher_pause_days", "voucher_minimum")


def step_field(number: int, name: str) -> str:
    """The form field with one value of a reminder."""
    return f"step_{number}_{name}"


def words_field(number: int, language: str, name: str) -> str:
    """The form field with the ``subject`` or the ``text`` of a reminder in one language."""
    return f"step_{number}_{name}_{language.replace('-', '_').lower()}"


def touch_field(name: str) -> str:
    """The form field with one of the rules of contacts."""
    return f"touch_{name}"


class CartRulesForm(ConsentFields, WagtailAdminModelForm):
    """The rules of a site with its reminders, the words of consent, and how often its people may be approached."""

    purpose = ConsentText.Purpose.REMINDERS

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        choose_site(self, "cart_rules")
        self._show_steps()
        self._show_touch_rules()
        self.show_consents()
        if able(IssuesVouchers) is None:
            self._hide_vouchers()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        self._check_times(cleaned)
        self._check_steps(cleaned)
        self._check_words(cleaned)
        return cleaned

    def save(self, commit: bool = True) -> CartRules:
        with transaction.atomic():
            self._note_since_when()
            rules: CartRules = super().save(commit=commit)
            if commit:
                self._save_steps(rules)
                self._save_touch_rules(rules.inbox)
                self.publish_consents(rules.inbox)
        return rules

    def _note_since_when(self) -> None:
        """Reminders are only about baskets left after they were switched on, each time anew."""
        rules = self.instance
        if not rules.mails:
            rules.mails_since = None
        elif rules.mails_since is None or not self.initial.get("mails"):
            rules.mails_since = timezone.now()

    def _check_times(self, cleaned: dict[str, Any]) -> None:
        idle, left, gone = (cleaned.get(name) for name in ("idle_minutes", "abandoned_minutes", "expire_days"))
        if idle and left and left < idle:
            self.add_error(
                "abandoned_minutes", _("A basket is idle before it is left. Enter at least as many minutes.")
            )
        if left and gone is not None and gone * 24 * 60 <= left:
            self.add_error("expire_days", _("It would be given up before it is left. Enter more days."))
        for name in ("link_days", "expire_days"):
            if cleaned.get(name) == 0:
                self.add_error(name, _("Enter at least one day."))
        quiet_from, quiet_until = cleaned.get(touch_field("quiet_from")), cleaned.get(touch_field("quiet_until"))
        if quiet_from is not None and quiet_from == quiet_until:
            self.add_error(
                touch_field("quiet_until"), _("The quiet hours would be the whole day. Choose another time.")
            )
        per_day, per_week = cleaned.get(touch_field("per_day")), cleaned.get(touch_field("per_week"))
        if per_day is not None and per_week is not None and per_week < per_day:
            self.add_error(touch_field("per_week"), _("A week holds at least as many as a day. Enter a larger number."))

    def _check_steps(self, cleaned: dict[str, Any]) -> None:
        before, left = None, cleaned.get("abandoned_minutes")
        for number in STEPS:
            after = cleaned.get(step_field(number, "delay_minutes"))
            if not cleaned.get(step_field(number, "is_active")) or after is None:
                continue
            field = step_field(number, "delay_minutes")
            if left and after < left:
                self.add_error(field, _("The basket is not left by then. Enter at least %(count)s.") % {"count": left})
            if before is not None and after <= before:
                self.add_error(field, _("It has to come after the reminder before it. Enter more minutes."))
            before = after
            self._check_voucher(cleaned, number)
        if cleaned.get("mails") and before is None:
            self.add_error("mails", _("No reminder is on. Switch one on in the next tab, or this off."))

    def _check_voucher(self, cleaned: dict[str, Any], number: int) -> None:
        wants_one = cleaned.get(step_field(number, "with_voucher"))
        if wants_one and "voucher_percent" in cleaned and not cleaned["voucher_percent"]:
            text = _("Say how many percent vouchers give, above under “Rules”, or take the voucher out.")
            self.add_error(step_field(number, "with_voucher"), text)

    def _check_words(self, cleaned: dict[str, Any]) -> None:
        fields = [
            words_field(n, code, name) for n in STEPS for code, _name in languages() for name in ("subject", "text")
        ]
        for field in fields:
            try:
                check_text(cleaned.get(field, ""))
            except BadText as error:
                self.add_error(field, str(error))

    def _show_steps(self) -> None:
        for step in steps_of(self.instance):
            for name in STEP_FIELDS:
                self.initial[step_field(step.number, name)] = getattr(step, name)
            for language, _name in languages():
                for name in ("subject", "text"):
                    self.initial[words_field(step.number, language, name)] = step.texts.get(language, {}).get(name, "")

    def _show_touch_rules(self) -> None:
        rules = touch_rules_of(self.instance.inbox) if self.instance.pk else TouchRules()
        for name in TOUCH_FIELDS:
            self.initial[touch_field(name)] = getattr(rules, name)

    def _hide_vouchers(self) -> None:
        """This shop makes none."""
        for name in (*VOUCHER_FIELDS, *(step_field(number, "with_voucher") for number in STEPS)):
            del self.fields[name]
        price = self.fields["price_answer"]
        price.choices = [choice for choice in price.choices if choice[0] != CartRules.PriceAnswer.VOUCHER]

    def _save_steps(self, rules: CartRules) -> None:
        for number in STEPS:
            step = rules.steps.filter(number=number).first() or CartStep(rules=rules, number=number)
            for name in STEP_FIELDS:
                if step_field(number, name) in self.cleaned_data:
                    setattr(step, name, self.cleaned_data[step_field(number, name)])
            step.texts = self._texts(step)
            step.save()

    def _texts(self, step: CartStep) -> dict[str, dict[str, str]]:
        """What was written; texts of languages that the shop has left out for now are kept."""
        texts = dict(step.texts)
        for language, _name in languages():
            written = {
                name: self.cleaned_data[words_field(step.number, language, name)].strip()
                for name in ("subject", "text")
            }
            texts[language] = {name: text for name, text in written.items() if text}
        return {language: written for language, written in texts.items() if written}

    def _save_touch_rules(self, inbox: Inbox) -> None:
        values = {name: self.cleaned_data[touch_field(name)] for name in TOUCH_FIELDS}
        TouchRules.objects.update_or_create(inbox=inbox, defaults=values)


def _add(name: str, field: forms.Field) -> str:
    CartRulesForm.base_fields[name] = CartRulesForm.declared_fields[name] = field
    return name


def _step_panel(number: int, heading: Any) -> MultiFieldPanel:
    minutes = forms.IntegerField(
        label=gettext_lazy("After"),
        help_text=gettext_lazy("Minutes since the basket was last changed. A day is 1440."),
        max_value=30 * 24 * 60,
        validators=[MinValueValidator(20)],
    )
    switches = [
        _add(step_field(number, "is_active"), forms.BooleanField(label=gettext_lazy("On"), required=False)),
        _add(step_field(number, "delay_minutes"), minutes),
        _add(
            step_field(number, "with_voucher"), forms.BooleanField(label=gettext_lazy("With a voucher"), required=False)
        ),
    ]
    words = [field for language, name in languages() for field in _words_fields(number, language, name)]
    return MultiFieldPanel([FieldPanel(name) for name in [*switches, *words]], heading=heading)


def _words_fields(number: int, language: str, name: str) -> list[str]:
    subject = forms.CharField(
        label=format_lazy("{field}: {language}", field=gettext_lazy("Subject"), language=name),
        max_length=SUBJECT_LENGTH,
        required=False,
    )
    text = forms.CharField(
        label=format_lazy("{field}: {language}", field=gettext_lazy("Text"), language=name),
        max_length=TEXT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    return [
        _add(words_field(number, language, "subject"), subject),
        _add(words_field(number, language, "text"), text),
    ]


def _touch_panels() -> dict[str, FieldPanel]:
    made = forms.fields_for_model(TouchRules, fields=TOUCH_FIELDS)
    for name, field in made.items():
        field.validators = [*field.validators, *getattr(TouchRules._meta.get_field(name), "validators", ())]
    for name in ("quiet_from", "quiet_until"):
        made[name].widget = ClockInput()
    return {name: FieldPanel(_add(touch_field(name), field)) for name, field in made.items()}


STEP_NAMES = {
    1: gettext_lazy("First reminder"),
    2: gettext_lazy("Second reminder"),
    3: gettext_lazy("Third reminder"),
}
add_consent_fields(CartRulesForm)
_contacts = _touch_panels()


class CartRulesViewSet(ModelViewSet):
    model = CartRules
    name = "shopchat_cart_rules"
    url_prefix = "chat/cart-rules"
    icon = "sc-cart"
    add_to_reference_index = False
    copy_view_enabled = False
    search_fields = ["inbox__name", "inbox__hostname"]
    search_backend_name = None
    list_display = [
        "inbox",
        Column("onsite", label=gettext_lazy("On the site"), accessor=lambda rules: rules.get_onsite_display()),
        BooleanColumn("mails", label=gettext_lazy("Reminders")),
    ]
    edit_handler = TabbedInterface(
        [
            ObjectList(
                [
                    MultiFieldPanel([FieldPanel("inbox")], heading=gettext_lazy("Site")),
                    MultiFieldPanel(
                        [
                            FieldPanel("onsite", widget=forms.RadioSelect),
                            FieldPanel("hesitation"),
                            FieldPanel("mails"),
                            FieldPanel("existing_customers"),
                            FieldPanel("asks_why"),
                            FieldPanel("price_answer", widget=forms.RadioSelect),
                        ],
                        heading=gettext_lazy("What is done"),
                    ),
                    MultiFieldPanel(
                        [
                            FieldPanel("idle_minutes"),
                            FieldPanel("abandoned_minutes"),
                            FieldPanel("payment_minutes"),
                            FieldPanel("expire_days"),
                        ],
                        heading=gettext_lazy("When a basket is left"),
                    ),
                    MultiFieldPanel([FieldPanel(name) for name in VOUCHER_FIELDS], heading=gettext_lazy("Vouchers")),
                    MultiFieldPanel(
                        [FieldPanel("link_days"), FieldPanel("attribution_days"), FieldPanel("retention_days")],
                        heading=gettext_lazy("Links, report and retention"),
                    ),
                ],
                heading=gettext_lazy("Rules"),
            ),
            ObjectList(
                [_step_panel(number, name) for number, name in STEP_NAMES.items()],
                heading=gettext_lazy("Reminders"),
                help_text=gettext_lazy(
                    "They go out only while reminders by e-mail are switched on. An empty field means the standard "
                    "text of that language. You may write {shop}, {title}, {count}, {total}, {percent} and {until}."
                ),
            ),
            ObjectList(
                [
                    MultiFieldPanel([_contacts["per_day"], _contacts["per_week"]], heading=gettext_lazy("How often")),
                    MultiFieldPanel(
                        [
                            FieldRowPanel([_contacts["quiet_from"], _contacts["quiet_until"]]),
                            _contacts["defer_hours"],
                        ],
                        heading=gettext_lazy("When"),
                    ),
                    MultiFieldPanel([_contacts["holdout_percent"]], heading=gettext_lazy("Comparison")),
                ],
                heading=gettext_lazy("How often and when"),
                help_text=gettext_lazy("For everything that this site sends or shows unasked, not for baskets alone."),
            ),
            consent_panel(
                gettext_lazy(
                    "Customers tick a box beside this text before they are reminded of a basket. A change is a new "
                    "version; each consent keeps the version that was agreed to. An empty field means the standard text."
                )
            ),
        ],
        base_form_class=CartRulesForm,
    )
