"""Links that bring the lines of a basket back, to whoever holds them and on any device.

A link gives lines and nothing else: it signs nobody in and names nobody, so that it may be forwarded. It shows what was in
the basket on the day it was made, never what its owner has put there since. Looking writes nothing; only :func:`restore`
and :func:`keep` do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone

from shopchat.carts import returning, states
from shopchat.carts.models import BasketWatch, RecoveryLink
from shopchat.carts.rules import rules_of
from shopchat.core.money import Money, total
from shopchat.core.tokens import digest, new_secret
from shopchat.inboxes.links import link as address_of
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator
from shopchat.stores.abilities import PricesLines, Restores
from shopchat.stores.base import BasketRef, BasketView, LineView, ProductRef, user_id_of
from shopchat.stores.lines import Restoration, RestoreMode, SnapshotLine
from shopchat.stores.reading import able, configured_store, safely
from shopchat.touches.models import Touch

State = BasketWatch.State
RECOVERABLE = (State.ABANDONED, State.CONTACTED, State.RETURNED, State.SUPPRESSED, State.PAYMENT_INTERRUPTED)


class BadLink(Exception):
    """No such link: guessed, cut short, or its basket was erased."""


class ExpiredLink(Exception):
    """The ``link`` was good once. It is too old or was revoked, and restores nothing any more."""

    def __init__(self, link: RecoveryLink) -> None:
        super().__init__()
        self.link = link


class NotRestored(Exception):
    """The shop could not do it. Nothing has changed."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a link holds, as of now, for whoever asks. ``live``: what is in their basket, ``None`` for an empty one."""

    lines: tuple[LineView, ...]
    live: BasketView | None
    is_ordered: bool
    can_restore: bool

    @property
    def total(self) -> Money | None:
        """Of what can be bought."""
        return total(line.unit_price and line.unit_price * line.quantity for line in self.lines if line.purchasable)

    @property
    def is_there_already(self) -> bool:
        """Whether the basket in their hands has everything that could be put into it."""
        there = {_choice(line): line.quantity for line in self.live.lines} if self.live else {}
        wanted = [(there.get(_choice(line), 0), line) for line in self.lines if _is_sold(line)]
        return bool(wanted) and all(has >= line.quantity or (has and not line.purchasable) for has, line in wanted)


def make_link(
    watch: BasketWatch,
    *,
    purpose: str,
    touch: Touch | None = None,
    operator: Operator | None = None,
    now: datetime | None = None,
) -> str:
    """A new link's token, which is told here and never again: we keep its hash."""
    now, token = now or timezone.now(), new_secret()
    RecoveryLink.objects.create(
        watch=watch,
        touch=touch,
        operator=operator,
        episode=watch.episode,
        purpose=RecoveryLink.Purpose(purpose),
        token_hash=_hash(token),
        lines=watch.lines,
        created_at=now,
        expires_at=now + timedelta(days=rules_of(watch.inbox).link_days),
    )
    return token


def url_of(inbox: Inbox, token: str, language: str) -> str:
    """The whole address, for mails and for operators."""
    return address_of(inbox, "basket", token, lang=language)


def find(token: str, now: datetime | None = None) -> RecoveryLink:
    """The link, at the cost of one query whatever was guessed. Raises :class:`BadLink`, :class:`ExpiredLink`."""
    link = RecoveryLink.objects.select_related("watch__inbox").filter(token_hash=_hash(token)).first()
    if link is None or not link.lines:
        raise BadLink
    if link.revoked_at is not None or link.expires_at <= (now or timezone.now()):
        raise ExpiredLink(link)
    return link


def revoke(watch: BasketWatch, now: datetime | None = None) -> int:
    """End all links to the basket. Returns how many there were."""
    return watch.links.filter(revoked_at=None).update(revoked_at=now or timezone.now())


def offer(link: RecoveryLink, request: HttpRequest) -> Offer:
    """What the link holds, with prices and stock as ``request`` sees them. Writes nothing."""
    lines = _lines_now(_lines_of(link), request)
    return Offer(
        lines=lines,
        live=_live_basket(request),
        is_ordered=_is_ordered(link),
        can_restore=able(Restores) is not None and any(map(_is_sold, lines)),
    )


def restore(
    link: RecoveryLink, request: HttpRequest, mode: RestoreMode = RestoreMode.ADD, now: datetime | None = None
) -> Restoration:
    """Put the lines into the basket of whoever asks. Again, it adds nothing. Raises :class:`NotRestored`."""
    store = able(Restores)
    if store is None:
        raise NotRestored
    put = partial(store.restore, request, _lines_of(link), mode=mode)
    with transaction.atomic():
        restoration = safely(put, empty=None, what="Restoring a basket")
        if restoration is None:
            raise NotRestored
        # Later than what the shop tells of the basket meanwhile, which would look as if somebody filled it by hand.
        _note_restored(link, request, restoration, now or timezone.now())
    return restoration


def keep(link: RecoveryLink, request: HttpRequest, now: datetime | None = None) -> None:
    """Somebody has come by the link and left their basket as it is."""
    now = now or timezone.now()
    with transaction.atomic():
        _note_click(link, now)
        watch = _lineage(link.watch)[-1]
        if not _is_somebody_else(watch, request):
            returning.note_return(watch, now)


def _hash(token: str) -> str:
    # With the purpose in it: no other secret of ours can open a basket, nor this one anything else.
    return digest(f"recovery:{token}")


def _lines_of(link: RecoveryLink) -> list[SnapshotLine]:
    return [SnapshotLine.from_json(line) for line in link.lines]


def _lines_now(lines: Sequence[SnapshotLine], request: HttpRequest) -> tuple[LineView, ...]:
    store = able(PricesLines)
    if store is not None:
        ask = partial(store.lines_now, lines, request=request, images=True)
        if now := safely(ask, empty=None, what="Pricing the lines of a basket"):
            return tuple(now)
    return tuple(_as_it_was(number, line) for number, line in enumerate(lines))


def _as_it_was(number: int, line: SnapshotLine) -> LineView:
    """For a shop that cannot tell prices of now: none is shown rather than an old one."""
    return LineView(
        key=str(number),
        product=line.product,
        title=line.title,
        quantity=line.quantity,
        url=line.url,
        options=line.options,
    )


def _live_basket(request: HttpRequest) -> BasketView | None:
    store = configured_store()
    ref = store.current_basket(request)
    view = store.baskets([ref], request=request).get(ref) if ref else None
    return view if view and view.lines else None


def _is_ordered(link: RecoveryLink) -> bool:
    watches = _lineage(link.watch)
    if any(watch.state == State.ORDERED for watch in watches):
        return True
    refs = {*(watch.ref for watch in watches), watches[-1].merged_into, link.restored_into} - {""}
    return bool(configured_store().orders_for([BasketRef(ref) for ref in refs]))


def _lineage(watch: BasketWatch) -> list[BasketWatch]:
    """The basket, then those that took its lines over one after the other, as far as we watch them."""
    line = [watch]
    while line[-1].merged_into and (winner := BasketWatch.objects.filter(ref=line[-1].merged_into).first()):
        if winner in line:
            break
        line.append(winner)
    return line


def _is_sold(line: LineView) -> bool:
    return line.purchasable or line.url is not None


def _choice(line: LineView) -> tuple[ProductRef, frozenset[tuple[str, str]]]:
    return line.product, frozenset(_items(line.options))


def _items(options: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in options.items()]


def _note_restored(link: RecoveryLink, request: HttpRequest, restoration: Restoration, now: datetime) -> None:
    _note_click(link, now)
    watch = _lineage(link.watch)[-1]
    if _is_somebody_else(watch, request):  # a friend who buys the same leaves the owner's basket where it is
        return
    if not any(line.present for line in restoration.lines):
        returning.note_return(watch, now)
        return
    basket = restoration.basket or ""
    RecoveryLink.objects.filter(pk=link.pk).exclude(restored_into=basket).update(restored_at=now, restored_into=basket)
    if watch.state in RECOVERABLE:
        states.move(watch, State.RESTORED, at=now, reason="link", restored_at=now)
    else:  # it was left once and is being filled again, as after signing in
        again = Q(restored_at=None) | Q(restored_at__lt=F("abandoned_at"))
        BasketWatch.objects.unfinished().filter(again, pk=watch.pk, abandoned_at__isnull=False).update(restored_at=now)


def _note_click(link: RecoveryLink, now: datetime) -> None:
    if link.touch_id:
        Touch.objects.filter(pk=link.touch_id, clicked_at=None).update(clicked_at=now)


def _is_somebody_else(watch: BasketWatch, request: HttpRequest) -> bool:
    """Whether another account than the basket's is signed in."""
    user_id = user_id_of(request)
    return bool(user_id and watch.user_id_text and user_id != watch.user_id_text)
