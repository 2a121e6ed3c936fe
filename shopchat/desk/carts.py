"""A basket as the desk shows it: its lines in short, its sum, its state and how that came about, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.carts.models import BasketWatch
from shopchat.carts.people import account_of
from shopchat.carts.sparing import Reason
from shopchat.contacts.models import Contact
from shopchat.core.money import Money
from shopchat.desk.callbacks import day
from shopchat.operators.models import Operator
from shopchat.stores.abilities import PricesLines
from shopchat.stores.base import LineView
from shopchat.stores.lines import SnapshotLine
from shopchat.stores.reading import able, safely
from shopchat.touches.models import Touch
from shopchat.touches.words import outcome_words

NAMED = 3
State = BasketWatch.State
# How much a state asks of an operator; the pill beside it says the same in words.
TONES = {
    State.PAYMENT_INTERRUPTED: "overdue",
    State.ABANDONED: "due",
    State.ORDERED: "done",
}
ICONS = {
    State.PAYMENT_INTERRUPTED: "warning",
    State.ABANDONED: "time",
    State.CONTACTED: "mail",
    State.RETURNED: "redirect",
    State.RESTORED: "undo",
    State.ORDERED: "check",
    State.SUPPRESSED: "cross",
    State.EXPIRED: "cross",
    State.EMPTIED: "cross",
}


@dataclass(frozen=True)
class Row:
    """A basket and what is shown of it. ``story`` says in one line how it came to its state."""

    watch: BasketWatch
    customer: str
    story: str
    is_mine: bool

    @property
    def summary(self) -> str:
        """The first titles with their numbers, and how many more there are."""
        lines = lines_of(self.watch)
        named = [f"{line.title} × {line.quantity}" if line.quantity > 1 else line.title for line in lines[:NAMED]]
        more = len(lines) - NAMED
        if more > 0:
            named.append(ngettext("%(count)s more", "%(count)s more", more) % {"count": more})
        return ", ".join(named)

    @property
    def total(self) -> Money | None:
        return total_of(self.watch)

    @property
    def icon(self) -> str:
        return ICONS.get(State(self.watch.state), "")

    @property
    def tone(self) -> str:
        return TONES.get(State(self.watch.state), "later")


@dataclass(frozen=True)
class Compared:
    """A line of the basket then, and what the shop says of it now; ``now`` is ``None`` where the shop cannot tell."""

    then: SnapshotLine
    now: LineView | None

    @property
    def is_dearer(self) -> bool:
        return self._moved() > 0

    @property
    def is_cheaper(self) -> bool:
        return self._moved() < 0

    def _moved(self) -> int:
        then, now = self.then.unit_price, self.now.unit_price if self.now else None
        if then is None or now is None or then.currency != now.currency:
            return 0
        return (now.amount > then.amount) - (now.amount < then.amount)


def rows(watches: Iterable[BasketWatch], operator: Operator) -> list[Row]:
    """Two queries for all of them together, when they were read with ``for_list``."""
    found = list(watches)
    latest, names = _latest_touches(found), names_of(found)
    return [
        Row(
            watch=watch,
            customer=customer_of(watch, names),
            story=standing_words(watch, latest.get(watch.ref)),
            is_mine=watch.helped_by_id == operator.pk,
        )
        for watch in found
    ]


def names_of(watches: Iterable[BasketWatch]) -> Mapping[str, str]:
    """Names by the text of the account, for accounts in our own database."""
    accounts = {watch.user_id_text: account for watch in watches if (account := account_of(watch)) is not None}
    people = get_user_model()._default_manager.in_bulk(list(set(accounts.values()))) if accounts else {}
    return {text: Contact(user=people[account]).name for text, account in accounts.items() if account in people}


def customer_of(watch: BasketWatch, names: Mapping[str, str]) -> str:
    """The account's name, else what is known of whoever filled it."""
    if name := names.get(watch.user_id_text) or (watch.contact.name if watch.contact else ""):
        return name
    if watch.user_id_text:
        return _("Customer with an account")
    return _("Guest") if watch.email_hash else _("Visitor")


def lines_of(watch: BasketWatch) -> list[SnapshotLine]:
    return [SnapshotLine.from_json(line) for line in watch.lines]


def total_of(watch: BasketWatch) -> Money | None:
    return None if watch.total is None or not watch.currency else Money(watch.total, watch.currency)


def compared(watch: BasketWatch) -> list[Compared]:
    """The lines beside what they cost now, as far as the shop can be asked."""
    lines, store = lines_of(watch), able(PricesLines)
    now: Sequence[LineView] = ()
    if store is not None:
        now = safely(lambda: store.lines_now(lines, images=True), empty=now, what="lines_now")
    return [Compared(line, now[n] if n < len(now) else None) for n, line in enumerate(lines)]


def standing_words(watch: BasketWatch, touch: Touch | None) -> str:
    """How it came to its state: how it was ordered, why nothing was sent, what is planned; empty for nothing to say."""
    words = []
    if watch.state == State.ORDERED and watch.ordered_at:
        sentence = _("%(moment)s, order %(number)s") if watch.order_number else _("%(moment)s")
        words.append(sentence % {"moment": moment_words(watch.ordered_at), "number": watch.order_number})
        if watch.how:
            words.append(str(watch.get_how_display()))
    if watch.state == State.SUPPRESSED and watch.reason in Reason.values:
        words.append(str(Reason(watch.reason).label))
    if touch is not None and (told := touch_words(touch)):
        words.append(told)
    if watch.why:
        words.append(_("reason: %(why)s") % {"why": watch.get_why_display()})
    return " · ".join(words)


def touch_words(touch: Touch) -> str:
    """What became of a touch and when, or when it is to be made."""
    told = outcome_words(touch)
    if touch.state == Touch.State.PLANNED:
        return _("%(outcome)s, %(moment)s") % {"outcome": told, "moment": moment_words(touch.due_at)}
    if touch.state == Touch.State.HANDED and touch.settled_at:
        return _("%(outcome)s, %(moment)s") % {"outcome": told, "moment": moment_words(touch.settled_at)}
    return told


def moment_words(moment: datetime) -> str:
    """“today, 12:41” in the reader's own time."""
    local = timezone.localtime(moment)
    return _("%(day)s, %(times)s") % {"day": day(local, timezone.now()), "times": date_format(local, "TIME_FORMAT")}


def _latest_touches(watches: list[BasketWatch]) -> Mapping[str, Touch]:
    touches = Touch.objects.about(*(watch.ref for watch in watches)).select_related("delivery").order_by("pk")
    return {touch.about: touch for touch in touches}
