"""Words of their own that a shop puts into a reminder: plain text with a few placeholders."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Name and meaning of each.
PLACEHOLDERS: Mapping[str, Any] = {
    "shop": gettext_lazy("the name of the shop"),
    "title": gettext_lazy("the first product in the basket"),
    "count": gettext_lazy("the number of pieces in the basket"),
    "total": gettext_lazy("what they cost together today"),
    "percent": gettext_lazy("what the voucher takes off, in percent; empty without one"),
    "until": gettext_lazy("the last day of the voucher; empty without one"),
}
_formatter = Formatter()


class BadText(ValueError):
    """The text cannot be filled in. The message is for whoever wrote it, in the active language."""


def check_text(text: str) -> None:
    """Raises :class:`BadText` for braces that are no placeholder of ours."""
    for name in _names(text):
        if name not in PLACEHOLDERS:
            raise BadText(
                _("There is no placeholder {%(name)s}. There are: %(all)s.")
                % {"name": name, "all": ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)}
            )


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its placeholders filled in. Raises :class:`BadText`."""
    check_text(text)
    return text.format_map({name: values.get(name, "") for name in PLACEHOLDERS})


def _names(text: str) -> list[str]:
    """What stands between braces. Nothing but a plain name may: neither attributes, nor formats."""
    try:
        fields = [field for field in _formatter.parse(text) if field[1] is not None]
    except ValueError as error:
        raise BadText(_("A brace is not closed, or was not opened. Write {{ and }} for braces themselves.")) from error
    return [
        f"{name}{'!' + conversion if conversion else ''}{':' + form if form else ''}"
        for _text, name, form, conversion in fields
    ]
