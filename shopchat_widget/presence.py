"""What a visitor is told about who answers: somebody by name when they are here, else the honest hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import prefetch_related_objects
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from shopchat.conversations.models import Conversation
from shopchat.inboxes.models import Inbox
from shopchat.operators.hours import is_open, next_opening
from shopchat.operators.models import Operator, Schedule
from shopchat.operators.presence import present_operators
from shopchat_widget import languages


@dataclass(frozen=True)
class Answering:
    """Who answers. ``operator`` is ``None`` when nobody in particular does, and ``name`` is then the shop's own line."""

    name: str
    operator: Operator | None
    is_online: bool
    status: str
    greeting: str

    @property
    def photo_url(self) -> str:
        return self.operator.photo.url if self.operator and self.operator.photo else ""


def answering(inbox: Inbox, conversation: Conversation | None, *, now: datetime | None = None) -> Answering:
    """The operator whom the visitor will hear from, and whether somebody is here."""
    now = now or timezone.now()
    language = languages.active()
    present = present_operators(now=now)
    assignee = conversation.assignee if conversation else None
    operator = next((one for one in present if one == assignee), None) or next(iter(present), None)
    welcome = inbox.text("welcome", language) or _("Hello! How can we help?")
    if operator is not None:
        return Answering(operator.public_name, operator, True, _("Online"), operator.greeting or welcome)
    name = assignee.public_name if assignee else title_of(inbox)
    greeting = "\n\n".join(filter(None, [welcome, inbox.text("away", language)]))
    return Answering(name, assignee, False, _status(inbox.schedule, now), greeting)


def title_of(inbox: Inbox) -> str:
    """The line at the head of the chat in the active language."""
    return inbox.text("title", languages.active()) or _("Chat with us")


def _status(schedule: Schedule | None, now: datetime) -> str:
    if schedule is not None:
        prefetch_related_objects([schedule], "intervals", "exceptions")
        if not is_open(schedule, now) and (opening := next_opening(schedule, now)):
            return _("%(when)s (%(place)s, %(offset)s)") % {
                "when": _when(opening, now.astimezone(opening.tzinfo)),
                "place": schedule.time_zone.rpartition("/")[2].replace("_", " "),
                "offset": _offset(opening),
            }
    return _("Write to us: we answer as soon as somebody is here.")


def _when(opening: datetime, now: datetime) -> str:
    days = (opening.date() - now.date()).days
    # Whole sentences, because weekdays take another form after "from" in many languages.
    sentences = {
        0: _("We answer from %(time)s today"),
        1: _("We answer from %(time)s tomorrow"),
        7: _("We answer from %(date)s, %(time)s"),
    }
    weekdays = (
        _("We answer from Monday, %(time)s"),
        _("We answer from Tuesday, %(time)s"),
        _("We answer from Wednesday, %(time)s"),
        _("We answer from Thursday, %(time)s"),
        _("We answer from Friday, %(time)s"),
        _("We answer from Saturday, %(time)s"),
        _("We answer from Sunday, %(time)s"),
    )
    sentence = sentences.get(min(days, 7), weekdays[opening.weekday()])
    # After a day the month is declined in Slavic languages: "5 октября", never "5 Октябрь".
    date = formats.date_format(opening, formats.get_format("MONTH_DAY_FORMAT").replace("F", "E"))
    return sentence % {"time": f"{opening:%-H:%M}", "date": date}


def _offset(moment: datetime) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    sign, (hours, rest) = "+" if minutes >= 0 else "−", divmod(abs(minutes), 60)
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
