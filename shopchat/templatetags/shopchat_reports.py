"""Words and figures of reports: lengths of time, shares, the way from a basket to an order."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import template
from django.conf.locale import LANG_INFO
from django.utils.formats import number_format
from django.utils.translation import get_language_info, pgettext
from django.utils.translation import gettext as _

from shopchat.carts.models import BasketWatch
from shopchat.reports.carts import Funnel, Orders
from shopchat.reports.shares import Share

register = template.Library()


@register.filter
def length_of_time(duration: timedelta | None) -> str:
    """As short as people say it: “35 s”, “4 min”, “1 h 20 min”; a dash for nothing."""
    if duration is None:
        return "–"
    seconds = round(duration.total_seconds())
    if seconds < 60:
        return pgettext("seconds, short", "%(count)s s") % {"count": seconds}
    minutes = round(seconds / 60)
    if minutes < 60:
        return pgettext("minutes, short", "%(count)s min") % {"count": minutes}
    hours, rest = divmod(minutes, 60)
    return pgettext("hours and minutes, short", "%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


@register.inclusion_tag("shopchat/desk/reports/_share.html")
def share(value: Share) -> dict[str, Any]:
    """“75 %”, with “3 of 4” beside it and a bar; few are said to be few."""
    return {"share": value}


@register.filter
def page_label(address: str) -> str:
    """The address of a page of the shop, or words where there is none."""
    return address or _("unknown or erased")


@register.filter
def points(fraction: float) -> str:
    """A difference of two shares in percentage points, with its sign: “+4.2”, “−1.0”."""
    sign = "−" if fraction < 0 else "+"
    return f"{sign}{number_format(round(abs(100 * fraction), 1), decimal_pos=1)}"


@dataclass(frozen=True)
class Stage:
    """One step on the way from a basket to an order; ``share`` of the baskets that were left, ``None`` before that."""

    name: str
    count: int
    share: Share | None = None


@register.filter
def stages(funnel: Funnel) -> list[Stage]:
    """The funnel from its wide end to its narrow one."""
    names = {
        "reachable": _("reachable"),
        "contacted": _("written to"),
        "returned": _("came back"),
        "restored": _("restored by a link"),
        "ordered": _("ordered after all"),
    }
    later = [Stage(name, getattr(funnel, key), Share(getattr(funnel, key), funnel.left)) for key, name in names.items()]
    return [Stage(_("begun"), funnel.baskets), Stage(pgettext("basket", "left"), funnel.left), *later]


@register.filter
def how_label(orders: Orders) -> str:
    """By our link, after a contact, without us."""
    return str(BasketWatch.How(orders.how).label)


@register.filter
def part_label(name: str, kind: str) -> str:
    """A source, a device or a language as people call it, or words where nobody knows."""
    if not name:
        return _("unknown or erased")
    if kind == "language":
        return str(get_language_info(name)["name_translated"]) if name in LANG_INFO else name
    devices = {"phone": _("phone"), "desktop": _("computer")}
    return devices.get(name, name) if kind == "device" else name
