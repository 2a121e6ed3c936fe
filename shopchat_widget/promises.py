"""What somebody who asked for a call is told: when it comes, in words that fit the day."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shopchat.callbacks import links
from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules
from shopchat.core.phones import masked, readable
from shopchat_widget.offering import clock, span, zone_line
from shopchat_widget.zones import zone_named


@dataclass(frozen=True)
class Promise:
    """A request that waits, as its owner sees it. ``phone`` is whole for the one who typed it, masked behind a link."""

    request: CallbackRequest
    sentence: SafeString
    remark: str
    phone: str
    zone_line: str
    token: str


def promise_of(request: CallbackRequest, rules: CallbackRules, *, now: datetime, whole_number: bool) -> Promise:
    """The request in the active language and in the zone that its form was filled in."""
    shops = ZoneInfo(rules.schedule.time_zone)
    zone = zone_named(request.time_zone) or shops
    return Promise(
        request=request,
        sentence=_sentence(request, zone, now),
        remark=_remark(request, now),
        phone=readable(request.phone, rules.default_region) if whole_number else masked(request.phone),
        zone_line=zone_line(zone, shops, now),
        token=links.token(request),
    )


def _sentence(request: CallbackRequest, zone: ZoneInfo, now: datetime) -> SafeString:
    return SafeString(escape(_words(request, now, zone)) % _times(request, zone))


def _words(request: CallbackRequest, now: datetime, zone: ZoneInfo) -> str:
    if request.promised_until <= now:
        return _("We call you as soon as we can")
    if request.is_asap and not request.attempts_made and request.due_at <= now:
        return _("We will call you by %(time)s")
    days = (request.due_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    sentences = {0: _("We will call you today, %(span)s"), 1: _("We will call you tomorrow, %(span)s")}
    return sentences.get(days, _("We will call you on %(date)s, %(span)s"))


def _times(request: CallbackRequest, zone: ZoneInfo) -> dict[str, str]:
    day = request.due_at.astimezone(zone).date()
    # After a day the month is declined in Slavic languages: "5 октября", never "5 Октябрь".
    date = formats.date_format(day, formats.get_format("MONTH_DAY_FORMAT").replace("F", "E"))
    times = span(request.due_at, request.promised_until, zone)
    return {
        "date": date,
        "time": clock(request.promised_until, zone),
        # A line never ends between two times.
        "span": format_html('<span class="shopchat-whole">{}</span>', times),
    }


def _remark(request: CallbackRequest, now: datetime) -> str:
    if request.promised_until <= now:
        return _("We are late with our call, and we are sorry.")
    unreached = request.outcome in (CallAttempt.Outcome.NO_ANSWER, CallAttempt.Outcome.BUSY)
    return _("We have tried to call you and could not reach you.") if unreached else ""
