"""What editors put on pages of the CMS."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks


class CallbackBlock(blocks.StructBlock):
    """An invitation to be called, with a button that opens the form."""

    heading = blocks.CharBlock(label=_("heading"), required=False, max_length=120)
    text = blocks.TextBlock(label=_("text"), required=False, max_length=600, rows=3)
    button = blocks.CharBlock(
        label=_("text on the button"),
        required=False,
        max_length=60,
        help_text=_("Empty: “Call me back” in the reader's language."),
    )
    subject = blocks.CharBlock(
        label=_("what about"),
        required=False,
        max_length=120,
        help_text=_("Filled into the form and shown to whoever calls, for example “Tents for families”."),
    )

    class Meta:
        label = _("Call me back")
        group = _("Chat")
        icon = "mobile-alt"
        template = "shopchat_widget/blocks/callback.html"
        description = _("A button by which customers ask for a call at a time that the shop can keep.")
        preview_value: dict[str, Any] = {
            "heading": _("Rather talk?"),
            "text": _("Leave your number, choose a time, and we call you."),
            "button": "",
            "subject": "",
        }
