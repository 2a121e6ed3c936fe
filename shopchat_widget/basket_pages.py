"""What the templates about baskets behind links are given. No name and no address: whoever holds a link may read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from django.utils.html import json_script
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.callbacks.limiting import try_again
from shopchat.carts import recovering
from shopchat.carts.models import RecoveryLink
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.stores.base import LineView
from shopchat.stores.lines import LineResult, Refusal, Restoration
from shopchat.stores.reading import configured_store
from shopchat_widget import asking, chat, languages
from shopchat_widget.callers import host_of
from shopchat_widget.presence import title_of


def offer(
    request: HttpRequest, link: RecoveryLink, token: str, *, is_over: bool = False, problem: str = ""
) -> dict[str, Any]:
    """What the link holds; ``is_over`` for a link that only shows, ``problem`` for why a press did nothing."""
    found = recovering.offer(link, request)
    return {
        **_whole(request, link.watch.inbox),
        "token": token,
        "offer": found,
        "heading": _heading(found, is_over=is_over),
        "is_over": is_over,
        "problem": problem,
        "changes": changes(found.lines),
        "quantity": sum(line.quantity for line in found.lines),
        "made_at": link.created_at,
        "asks": found.can_restore and not is_over,
    }


def restored(request: HttpRequest, link: RecoveryLink, restoration: Restoration) -> dict[str, Any]:
    """What became of each line."""
    results = [Result(line) for line in restoration.lines]
    return {
        **_whole(request, link.watch.inbox),
        "results": results,
        "basket_url": restoration.url,
        "heading": _outcome(results),
        "is_empty": not any(result.line.present for result in results),
    }


def kept(request: HttpRequest, link: RecoveryLink) -> dict[str, Any]:
    """The basket stays as it is."""
    store = configured_store()
    ref = store.current_basket(request)
    view = store.baskets([ref], request=request).get(ref) if ref else None
    return {**_whole(request, link.watch.inbox), "basket_url": view.url if view else None}


def gone(request: HttpRequest, *, waits: int = 0) -> dict[str, Any]:
    """A page about nothing; ``waits``: in how many seconds links are opened again."""
    return {**_whole(request, inbox_for(host_of(request))), "waits": try_again(waits) if waits else ""}


@dataclass(frozen=True)
class Result:
    """One line of the answer, in words."""

    line: LineResult

    @property
    def words(self) -> str:
        line = self.line
        if self.is_whole:
            return _("In your basket: %(count)s") % {"count": line.present}
        if not line.present:
            return self._reason
        cut = _("In your basket: %(present)s of %(wanted)s.") % {"present": line.present, "wanted": line.wanted}
        return f"{cut} {self._reason}"

    @property
    def is_whole(self) -> bool:
        return self.line.present >= self.line.wanted

    @property
    def has_other_price(self) -> bool:
        then, now = self.line.price_then, self.line.price_now
        return then is not None and now is not None and then != now

    @property
    def _reason(self) -> str:
        ours = {
            Refusal.GONE: _("No longer on sale."),
            Refusal.OUT_OF_STOCK: _("There are no more in stock.") if self.line.present else _("Out of stock."),
            Refusal.LIMIT: _("We sell no more at once."),
            Refusal.CURRENCY: _("Your basket holds things in another currency."),
        }
        return ours.get(self.line.refusal) or capfirst(self.line.note) or _("It cannot be added at present.")


def changes(lines: Iterable[LineView]) -> list[str]:
    """What has changed since, counted; the lines themselves say more. Empty when nothing has."""
    lines = list(lines)
    gone = [line for line in lines if not line.purchasable and line.url is None]
    short = [line for line in lines if not line.purchasable and line.url is not None]
    prices = [(line.unit_price_when_added, line.unit_price) for line in lines if line.purchasable]
    other = [(then, now) for then, now in prices if then is not None and now is not None and then != now]
    told = []
    if gone:
        told.append(
            ngettext("%(count)s thing is no longer on sale.", "%(count)s things are no longer on sale.", len(gone))
            % {"count": len(gone)}
        )
    if short:
        told.append(
            ngettext(
                "%(count)s thing cannot be had in this quantity.",
                "%(count)s things cannot be had in this quantity.",
                len(short),
            )
            % {"count": len(short)}
        )
    if other:
        told.append(
            ngettext("%(count)s price has changed.", "%(count)s prices have changed.", len(other))
            % {"count": len(other)}
        )
    return told


def _heading(found: recovering.Offer, *, is_over: bool) -> str:
    if found.is_ordered:
        return _("This basket was ordered")
    if is_over:
        return _("This link has expired")
    if not found.is_there_already:
        return _("This was in the basket")
    if all(line.purchasable for line in found.lines):
        return _("All of it is in your basket")
    return _("All that can be had is in your basket")


def _outcome(results: Sequence[Result]) -> str:
    if all(result.is_whole for result in results):
        return _("Everything is in your basket")
    if any(result.line.present for result in results):
        return _("Not everything could be put into your basket")
    return _("Nothing could be put into your basket")


def _whole(request: HttpRequest, inbox: Inbox) -> dict[str, Any]:
    return {
        "language": languages.active(),
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "title": title_of(inbox),
        "calls": asking.rules_of(inbox) is not None,
        # In the launcher's frame a link to the chat turns the frame into it, and a second launcher would be in the way.
        "is_framed": request.headers.get("Sec-Fetch-Dest") == "iframe",
        "settings": json_script(
            {"accent": inbox.accent, "onAccent": inbox.on_accent}, "shopchat-settings", encoder=chat.Readable
        ),
    }
