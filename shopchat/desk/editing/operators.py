"""Operators as the shop's owner edits them, and as they edit themselves in their account."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.views.account import BaseSettingsPanel
from wagtail.admin.viewsets.model import ModelViewSet

from shopchat.desk.editing.promises import CarefulDeleteView, CarefulEditView
from shopchat.operators.models import Operator
from shopchat.operators.photos import squared, validate_photo
from shopchat.operators.roster import may_answer, operator_for, people_who_may_answer

OWN_FIELDS = ["public_name", "role", "photo", "greeting", "sends_with_ctrl_enter", "plays_sound", "alerts_by_email"]


class PhotoForm(WagtailAdminModelForm):
    """Keeps an uploaded photo as a square, and removes the one it replaces once the change is stored."""

    def clean_photo(self) -> Any:
        photo = self.cleaned_data["photo"]
        if not photo or "photo" not in self.changed_data:
            return photo
        validate_photo(photo)
        try:
            return squared(photo)
        except Exception as error:  # Pillow raises many kinds for broken files
            raise ValidationError(_("Choose a picture in JPEG, PNG or WebP format.")) from error

    def save(self, commit: bool = True) -> Operator:
        before = self.initial.get("photo")
        operator: Operator = super().save(commit=commit)
        if commit and before and before.name != operator.photo.name:
            transaction.on_commit(lambda: before.storage.delete(before.name), robust=True)
        return operator


class OperatorForm(PhotoForm):
    """An operator, as the owner makes and changes them."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        user = self.fields["user"]
        if self.instance.pk:
            user.disabled = True
        else:
            user.queryset = people_who_may_answer().filter(shopchat_operator=None)

    def clean_phone(self) -> str:
        written = re.sub(r"[\s().-]", "", self.cleaned_data["phone"])
        if written and not re.fullmatch(r"\+[1-9]\d{6,14}|\d{2,8}", written, re.ASCII):
            raise ValidationError(
                _("Write a number with its country code, for example +380441234567, or an extension, for example 101.")
            )
        return written


class ProfileForm(PhotoForm):
    """An operator's own side."""

    class Meta:
        model = Operator
        fields = OWN_FIELDS


class OperatorViewSet(ModelViewSet):
    model = Operator
    name = "shopchat_operators"
    url_prefix = "chat/operators"
    icon = "group"
    add_to_reference_index = False
    copy_view_enabled = False
    edit_view_class = CarefulEditView
    delete_view_class = CarefulDeleteView
    search_fields = ["public_name", "role"]
    search_backend_name = None
    list_display = [
        "public_name",
        "role",
        "user",
        BooleanColumn("takes_calls", label=_("Phone duty")),
        Column("presence", label=_("At the desk"), accessor=lambda operator: _("now") if operator.is_present() else ""),
    ]
    edit_handler = ObjectList(
        [
            FieldPanel("user", help_text=_("Somebody with the permission “Can answer customers at the desk”.")),
            MultiFieldPanel(
                [FieldPanel("public_name"), FieldPanel("role"), FieldPanel("photo"), FieldPanel("greeting")],
                heading=_("What customers see"),
            ),
            MultiFieldPanel(
                [FieldPanel("takes_calls"), FieldPanel("call_schedule"), FieldPanel("phone")], heading=_("On the phone")
            ),
            MultiFieldPanel([FieldPanel("sends_with_ctrl_enter"), FieldPanel("plays_sound")], heading=_("At the desk")),
            MultiFieldPanel([FieldPanel("alerts_by_email")], heading=_("Away from the desk")),
        ],
        base_form_class=OperatorForm,
    )


class ProfilePanel(BaseSettingsPanel):
    """A panel of the operator's Wagtail account."""

    name = "shopchat"
    title = _("Chat")
    order = 150
    form_class = ProfileForm

    def is_active(self) -> bool:
        return may_answer(self.user)

    def get_form(self) -> ProfileForm:
        operator = operator_for(self.user)
        if self.request.method == "POST":
            return ProfileForm(self.request.POST, self.request.FILES, instance=operator, prefix=self.name)
        return ProfileForm(instance=operator, prefix=self.name)
