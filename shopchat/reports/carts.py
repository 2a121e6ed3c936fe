"""What became of the baskets that were begun on some days.

What counts, here and in the page and the file that are made of it:

- A basket belongs to the day on which it was first seen with something in it. One that went over to another before anybody
  left it is counted as that other one only.
- **Left**: nobody touched it for as long as the site's rules say. **Reachable**: when a reminder's time came, there were a
  lawful basis and an address. **Written to**, **came back**, **restored** (its lines were put back by a link): as they say.
  **Ordered**: the customer bought after it was left, by it or by another basket; one order counts once.
- Orders are told apart into three that are never summed: **by our link** (restored by it, then ordered, which is certain),
  **after a contact** (ordered within the days that the rules say, which may be chance), and **without us**. What reminders
  have caused is a fourth thing: the difference between the people who might have been reminded and those of them who were left
  alone by chance. People are compared, not baskets, and cancelled orders do not count.
- Amounts are what was paid. What an order was worth before its voucher is that and what the voucher gave; from there the
  vouchers and the orders that were cancelled are taken off.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, Exists, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from shopchat.carts.comparing import compared, considered
from shopchat.carts.models import BasketWatch, IssuedVoucher, RecoveryLink
from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.carts.reminding import KIND
from shopchat.core.money import Money
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Schedule
from shopchat.reports.differences import Difference, difference
from shopchat.reports.shares import Share
from shopchat.reports.spans import Span
from shopchat.touches.models import Touch
from shopchat.touches.words import kind_words, reason_words

State, How, Why = BasketWatch.State, BasketWatch.How, BasketWatch.Why
# The products are those of as many baskets as this, the latest.
BASKETS = 5_000
ROWS = 20
STEPS = (1, 2, 3)
SILENT = (Touch.State.DROPPED, Touch.State.CANCELLED, Touch.State.HELD_OUT)
NOTHING = Decimal(0)


@dataclass(frozen=True)
class About:
    """What a report is about: days, and perhaps one site."""

    span: Span
    inbox: Inbox | None = None


@dataclass(frozen=True)
class Funnel:
    """How many baskets came how far. Who came back need not have been written to."""

    baskets: int
    left: int
    reachable: int
    contacted: int
    returned: int
    restored: int
    ordered: int


@dataclass(frozen=True)
class Amounts:
    """Money in one currency: ``worth`` before vouchers, of which ``vouchers`` and ``cancelled`` are taken off."""

    currency: str
    paid: Decimal = NOTHING
    vouchers: Decimal = NOTHING
    cancelled: Decimal = NOTHING

    @property
    def worth(self) -> Money:
        return self._money(self.paid + self.vouchers)

    @property
    def given(self) -> Money:
        """By vouchers, to those who kept what they ordered."""
        return self._money(self.vouchers)

    @property
    def lost(self) -> Money:
        return self._money(self.cancelled)

    @property
    def kept(self) -> Money:
        return self._money(self.paid - self.cancelled)

    def _money(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)


@dataclass(frozen=True)
class Orders:
    """The orders that came about in one way."""

    how: str
    count: int
    cancelled: int
    amounts: Sequence[Amounts]


@dataclass(frozen=True)
class StepRow:
    """One reminder of the sequence: how many were planned, and what became of them and of their links."""

    number: int
    planned: int
    made: int
    left_alone: int
    not_made: int
    opened: Share
    restored: int
    ordered: int


@dataclass(frozen=True)
class PartRow:
    """The baskets of one source, device or language; empty where nobody knows."""

    name: str
    baskets: int
    left: int
    contacted: int
    ordered: Share


@dataclass(frozen=True)
class ProductRow:
    """A product in baskets that were left. ``ordered``: how many of these baskets were bought later."""

    title: str
    pieces: int
    ordered: Share


@dataclass(frozen=True)
class SilenceRow:
    """A reason why nobody was approached, in words, and how often."""

    kind: str
    reason: str
    count: int


@dataclass(frozen=True)
class Figures:
    """Everything that the report says."""

    about: About
    funnel: Funnel
    orders: Sequence[Orders]
    uplift: Difference
    steps: Sequence[StepRow]
    sources: Sequence[PartRow]
    devices: Sequence[PartRow]
    languages: Sequence[PartRow]
    products: Sequence[ProductRow]
    products_of: int
    whys: Sequence[tuple[str, int]]
    silences: Sequence[SilenceRow]


def figures(about: About) -> Figures:
    """Eleven queries, however many baskets there are."""
    watches = chosen(about)
    sums = watches.annotate(is_reachable=_REACHABLE).aggregate(
        baskets=Count("pk"),
        left=Count("pk", filter=_LEFT),
        reachable=Count("pk", filter=_LEFT & Q(is_reachable=True)),
        contacted=Count("pk", filter=_CONTACTED),
        returned=Count("pk", filter=_LEFT & Q(returned_at__isnull=False)),
        restored=Count("pk", filter=_LEFT & Q(restored_at__isnull=False)),
        ordered=Count("pk", filter=_ORDERED),
        **{f"why_{why}": Count("pk", filter=Q(why=why)) for why in Why.values},
    )
    whys = [(str(why.label), sums.pop(f"why_{why}")) for why in Why]
    products, products_of = _products(watches)
    return Figures(
        about=about,
        funnel=Funnel(**sums),
        orders=_orders(watches),
        uplift=_uplift(watches),
        steps=_steps(watches),
        sources=_parts(watches, "source"),
        devices=_parts(watches, "device"),
        languages=_parts(watches, "language"),
        products=products,
        products_of=products_of,
        whys=sorted((row for row in whys if row[1]), key=lambda row: -row[1]),
        silences=_silences(watches),
    )


def chosen(about: About) -> BasketWatchQuerySet:
    """The baskets that a report is about."""
    watches = BasketWatch.objects.filter(created_at__gte=about.span.begins_at, created_at__lt=about.span.ends_at)
    watches = watches.exclude(state=State.MERGED, abandoned_at=None)
    return watches if about.inbox is None else watches.filter(inbox=about.inbox)


def zone_for(inbox: Inbox | None) -> ZoneInfo:
    """The zone of the site's working hours; of all sites the one that they share, else Django's own."""
    schedules = Schedule.objects.filter(
        pk__in=Inbox.objects.filter(**({} if inbox is None else {"pk": inbox.pk})).values("schedule")
    )
    zones = set(schedules.values_list("time_zone", flat=True))
    return ZoneInfo(zones.pop() if len(zones) == 1 else timezone.get_default_timezone_name())


_LEFT = Q(abandoned_at__isnull=False)
_CONTACTED = _LEFT & Q(contacted_at__isnull=False)
_ORDERED = _LEFT & ~Q(how="")
_CANCELLED = Q(order_cancelled_at__isnull=False)
_REACHABLE = Case(
    When(Q(held_out__isnull=False) | Q(contacted_at__isnull=False) | Exists(considered()), then=Value(True)),
    default=Value(False),
)


def _orders(watches: BasketWatchQuerySet) -> list[Orders]:
    """By our link, after a contact, without us: in this order, none left out. Two queries."""
    found: QuerySet[Any, Any] = watches.filter(_ORDERED).order_by().values("how", "order_currency")
    rows = list(
        found.annotate(
            orders=Count("pk"),
            paid=Sum("order_total"),
            cancelled=Count("pk", filter=_CANCELLED),
            lost=Sum("order_total", filter=_CANCELLED),
        ).order_by("order_currency")
    )
    given = _given(watches)
    return [
        Orders(
            how=how,
            count=sum(row["orders"] for row in rows if row["how"] == how),
            cancelled=sum(row["cancelled"] for row in rows if row["how"] == how),
            amounts=[
                Amounts(
                    row["order_currency"],
                    row["paid"],
                    given.get((how, row["order_currency"]), NOTHING),
                    row["lost"] or NOTHING,
                )
                for row in rows
                if row["how"] == how and row["order_currency"] and row["paid"] is not None
            ],
        )
        for how in How.values
    ]


def _given(watches: BasketWatchQuerySet) -> dict[tuple[str, str], Decimal]:
    """What vouchers gave to those who kept what they ordered."""
    used = IssuedVoucher.objects.filter(
        used_at__isnull=False, watch__in=watches.filter(_ORDERED, order_cancelled_at=None).values("pk")
    )
    rows: QuerySet[Any, Any] = used.order_by().values("watch__how", "currency").annotate(gave=Sum("cost"))
    return {(row["watch__how"], row["currency"]): row["gave"] or NOTHING for row in rows}


def _uplift(watches: BasketWatchQuerySet) -> Difference:
    """Of people: who bought after their basket was left, by whatever basket, and kept it."""
    bought = Q(ordered_at__gte=F("abandoned_at"), order_cancelled_at=None)
    rows: QuerySet[Any, Any] = compared(watches).order_by().values("alone")
    counted = rows.annotate(people=Count("whose", distinct=True), bought=Count("whose", distinct=True, filter=bought))
    groups = {bool(row["alone"]): Share(row["bought"], row["people"]) for row in counted}
    return difference(groups.get(False, Share(0, 0)), groups.get(True, Share(0, 0)))


def _steps(watches: BasketWatchQuerySet) -> list[StepRow]:
    """The reminders that were planned about these baskets. Two queries."""
    states = {
        "made": Touch.State.HANDED,
        "left_alone": Touch.State.HELD_OUT,
    }
    planned: QuerySet[Any, Any] = (
        Touch.objects.filter(kind=KIND, about__in=watches.values("ref"))
        .annotate(step=_step("purpose"))
        .order_by()
        .values("step")
    )
    counted = planned.annotate(
        planned=Count("pk"),
        opened=Count("pk", filter=Q(state=Touch.State.HANDED, clicked_at__isnull=False)),
        not_made=Count("pk", filter=Q(state__in=(Touch.State.DROPPED, Touch.State.CANCELLED))),
        **{name: Count("pk", filter=Q(state=state)) for name, state in states.items()},
    )
    used: QuerySet[Any, Any] = (
        RecoveryLink.objects.filter(touch__kind=KIND, restored_at__isnull=False, watch__in=watches.values("pk"))
        .annotate(step=_step("touch__purpose"))
        .order_by()
        .values("step")
    )
    links = {
        row["step"]: row
        for row in used.annotate(
            restored=Count("watch", distinct=True),
            ordered=Count("watch", distinct=True, filter=Q(watch__how=How.LINK)),
        )
    }
    rows = sorted((row for row in counted if row["step"]), key=lambda row: row["step"])
    return [_step_row(row, links.get(row["step"], {})) for row in rows]


def _step_row(row: dict[str, Any], links: dict[str, Any]) -> StepRow:
    return StepRow(
        number=row["step"],
        planned=row["planned"],
        made=row["made"],
        left_alone=row["left_alone"],
        not_made=row["not_made"],
        opened=Share(row["opened"], row["made"]),
        restored=links.get("restored", 0),
        ordered=links.get("ordered", 0),
    )


def _step(purpose: str) -> Case:
    """The last part of the purpose of a reminder is the number of its step."""
    return Case(
        *[When(**{f"{purpose}__endswith": f":{number}"}, then=Value(number)) for number in STEPS],
        default=Value(0),
        output_field=IntegerField(),
    )


def _parts(watches: BasketWatchQuerySet, column: str) -> list[PartRow]:
    named: QuerySet[Any, Any] = watches.order_by().values(column)
    counted = named.annotate(
        baskets=Count("pk"),
        left=Count("pk", filter=_LEFT),
        contacted=Count("pk", filter=_CONTACTED),
        ordered=Count("pk", filter=_ORDERED),
    ).order_by("-baskets", column)[:ROWS]
    return [
        PartRow(row[column], row["baskets"], row["left"], row["contacted"], Share(row["ordered"], row["left"]))
        for row in counted
    ]


def _products(watches: BasketWatchQuerySet) -> tuple[list[ProductRow], int]:
    """Those that were left most often, and in how many baskets they were counted."""
    baskets, pieces, ordered = Counter[str](), Counter[str](), Counter[str]()
    titles: dict[str, str] = {}
    left = watches.filter(_LEFT).order_by("-abandoned_at").values_list("lines", "how")
    counted = 0
    for lines, how in left[:BASKETS].iterator(chunk_size=500):
        counted += bool(lines)
        for product, line in _by_product(lines).items():
            titles.setdefault(product, line[0])
            baskets[product] += 1
            pieces[product] += line[1]
            ordered[product] += bool(how)
    most = sorted(baskets, key=lambda product: (-baskets[product], titles[product]))[:ROWS]
    rows = [ProductRow(titles[product], pieces[product], Share(ordered[product], baskets[product])) for product in most]
    return rows, counted


def _by_product(lines: Iterable[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """Title and pieces of each product of one basket, which may have several lines of it."""
    found: dict[str, tuple[str, int]] = {}
    for line in lines:
        product = str(line.get("product", ""))
        before = found.get(product, ("", 0))[1]
        found[product] = (str(line.get("title", "")), before + int(line.get("quantity", 0)))
    return found


def _silences(watches: BasketWatchQuerySet) -> list[SilenceRow]:
    silent: QuerySet[Any, Any] = (
        Touch.objects.filter(state__in=SILENT, about__in=watches.values("ref")).order_by().values("kind", "reason")
    )
    counted = silent.annotate(count=Count("pk")).order_by("-count", "kind", "reason")[:ROWS]
    return [_silence_row(Touch(kind=row["kind"], reason=row["reason"]), row["count"]) for row in counted]


def _silence_row(touch: Touch, count: int) -> SilenceRow:
    return SilenceRow(str(kind_words(touch)), reason_words(touch), count)
