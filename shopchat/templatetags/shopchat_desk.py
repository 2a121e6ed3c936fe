"""Words and figures of the desk: names, short times, days, prices."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language_info, pgettext
from django.utils.translation import gettext as _

from shopchat.callbacks.call_words import explain
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.results import Result
from shopchat.conversations.models import Conversation
from shopchat.core.money import Money, format_money
from shopchat.desk.callbacks import when
from shopchat.operators.models import Operator

register = template.Library()

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@register.filter
def customer_name(conversation: Conversation) -> str:
    """The account's name, else the conversation's number, which the customer can read out."""
    name = conversation.contact.name
    return name or _("Visitor %(number)s") % {"number": conversation.readable_number}


@register.filter
def initial(text: str) -> str:
    """The first letter of a name, in upper case."""
    return next((char.upper() for char in text if char.isalnum()), "")


@register.filter
def short_since(moment: datetime) -> str:
    """How long ago, as short as can be: “now”, “7 m”, “3 h”, “2 d”, then the date."""
    past = max(timezone.now() - moment, timedelta())
    if past < MINUTE:
        return pgettext("a moment ago, very short", "now")
    if past < HOUR:
        return pgettext("minutes, very short", "%(count)s m") % {"count": past // MINUTE}
    if past < DAY:
        return pgettext("hours, very short", "%(count)s h") % {"count": past // HOUR}
    if past < WEEK:
        return pgettext("days, very short", "%(count)s d") % {"count": past // DAY}
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


@register.filter
def day_label(day: date) -> str:
    """“Today”, “Yesterday”, else the date."""
    today = timezone.localdate()
    if day == today:
        return _("Today")
    return _("Yesterday") if day == today - DAY else date_format(day, "DATE_FORMAT")


@register.filter
def preview_by(conversation: Conversation, operator: Operator) -> str:
    """Who said the last thing, as a prefix of a row's preview; empty for the customer."""
    if conversation.preview_kind == "note":  # type: ignore[attr-defined]
        return _("Note")
    if conversation.preview_kind != "reply":  # type: ignore[attr-defined]
        return ""
    if conversation.preview_operator == operator.pk:  # type: ignore[attr-defined]
        return _("You")
    assignee = conversation.assignee
    is_assignee = assignee is not None and conversation.preview_operator == assignee.pk  # type: ignore[attr-defined]
    return assignee.public_name if assignee is not None and is_assignee else _("Colleague")


@register.filter
def promised(callback: CallbackRequest) -> str:
    """When somebody calls, in the reader's own time."""
    return when(callback, timezone.now())


@register.filter
def duration(seconds: int) -> str:
    """“2:05”, with hours where there are any."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def result_words(attempt: CallAttempt) -> str:
    """What came of a talk."""
    return str(dict(Result.choices).get(attempt.result, attempt.result))


@register.filter
def call_words(attempt: CallAttempt) -> str:
    """How a call stands that telephony makes."""
    return explain(attempt)


@register.filter
def get(mapping: Mapping[str, str], key: str) -> str:
    """What stands under a key, empty for nothing."""
    return mapping.get(key, "")


@register.filter
def money(amount: Money | None) -> str:
    """A price as the reader's language writes it, empty when it cannot be told. Put it into ``<bdi>``."""
    return "" if amount is None else format_money(amount)


@register.filter
def times(amount: Money | None, quantity: int) -> Money | None:
    """The price of several."""
    return None if amount is None else amount * quantity


@register.filter
def language_name(code: str) -> str:
    """The language's name in the reader's language, else its code."""
    try:
        return str(get_language_info(code)["name_translated"]).capitalize()
    except KeyError:
        return code


@register.filter
def is_own_path(address: str) -> bool:
    """Whether an address that a browser told us is a path on this host, so that it may be a link."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))
