"""The figures of baskets, each beside baskets that must not count."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from shopchat.carts.comparing import keep
from shopchat.carts.models import BasketWatch, IssuedVoucher, RecoveryLink
from shopchat.carts.reminding import KIND
from shopchat.core.money import Money
from shopchat.reports.baskets import header, rows
from shopchat.reports.carts import About, chosen, figures, zone_for
from shopchat.reports.differences import Answer
from shopchat.reports.shares import Share
from shopchat.reports.spans import Span
from tests.factories import BasketWatchFactory, ContactFactory, InboxFactory, ScheduleFactory, TouchFactory

pytestmark = pytest.mark.django_db

KYIV = ZoneInfo("Europe/Kyiv")
NOVEMBER = About(Span(date(2026, 11, 1), date(2026, 11, 30), KYIV))
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def begun(at=NOW, *, left=True, **fields):
    """A basket that was begun then, and left an hour later."""
    return BasketWatchFactory(
        created_at=at, last_activity=at, state_at=at, abandoned_at=at + HOUR if left else None, **fields
    )


def ordered(how, *, total="100.00", currency="EUR", cancelled=False, **fields):
    return begun(
        state="ordered",
        how=how,
        ordered_at=NOW + 2 * HOUR,
        order_total=Decimal(total),
        order_currency=currency,
        order_cancelled_at=NOW + 3 * HOUR if cancelled else None,
        **fields,
    )


def reminder(watch, *, step=1, basis="consent", contact=None, kind=KIND, **fields):
    return TouchFactory(
        purpose=f"cart:{watch.pk}:1:{step}",
        kind=kind,
        about=watch.ref,
        contact=contact or ContactFactory(),
        details={"step": step} | ({"basis": basis} if basis else {}),
        **fields,
    )


@pytest.mark.sqlite
def test_the_days_of_a_report_are_found_by_an_index():
    """What was begun on them, and in the order of the file; baskets are kept for ever, and a report asks for some days."""
    assert "SCAN" in BasketWatch.objects.filter(quantity=1).explain()

    plan = chosen(NOVEMBER).order_by("created_at", "pk").explain()

    assert "shopchat_basket_created" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_how_far_baskets_came():
    begun(left=False)
    begun(left=False, returned_at=NOW)  # came back to what nobody had left
    begun()
    begun(contacted_at=NOW, returned_at=NOW)
    begun(contacted_at=NOW, returned_at=NOW, restored_at=NOW)
    ordered("alone")
    begun(left=False, state="ordered", ordered_at=NOW)
    reminder(begun(), state="held_out")
    reminder(begun(), basis="", state="dropped", reason="no_basis")

    funnel = figures(NOVEMBER).funnel

    assert (funnel.baskets, funnel.left) == (9, 6)
    assert (funnel.reachable, funnel.contacted) == (3, 2)
    assert (funnel.returned, funnel.restored, funnel.ordered) == (2, 1, 1)


def test_days_are_those_of_the_zone_and_the_site_is_the_one_asked_for():
    last, first = (datetime(2026, month, 30 if month == 11 else 31, 22, tzinfo=UTC) for month in (11, 10))
    inside = [begun(last - timedelta(seconds=1)), begun(first)]
    begun(last)
    begun(first - timedelta(seconds=1))
    site = begun(inbox=InboxFactory(hostname="b.example"))

    assert set(chosen(NOVEMBER)) == {*inside, site}
    assert list(chosen(About(NOVEMBER.span, site.inbox))) == [site]


def test_a_basket_that_went_over_to_another_counts_once():
    begun(left=False, state="merged")
    left = begun(state="merged")

    assert list(chosen(NOVEMBER)) == [left]


def test_orders_are_told_apart_and_never_summed():
    ordered("link")
    ordered("link", total="50.00", currency="UAH")
    ordered("assisted")
    ordered("alone")
    ordered("")  # of the same order: another of its baskets has the credit

    found = {orders.how: orders for orders in figures(NOVEMBER).orders}

    assert list(found) == ["link", "assisted", "alone"]
    assert [orders.count for orders in found.values()] == [2, 1, 1]
    assert [amounts.kept for amounts in found["link"].amounts] == [
        Money(Decimal("100.00"), "EUR"),
        Money(Decimal("50.00"), "UAH"),
    ]


def test_vouchers_and_cancelled_orders_are_taken_off():
    kept, cancelled, other = ordered("link"), ordered("link", total="40.00", cancelled=True), ordered("alone")
    for number, (watch, cost) in enumerate(((kept, "10.00"), (cancelled, "4.00"), (other, "7.00"))):
        IssuedVoucher.objects.create(
            watch=watch,
            code=str(number),
            percent=10,
            issued_at=NOW,
            expires_at=NOW,
            used_at=NOW,
            cost=Decimal(cost),
            currency="EUR",
        )
    IssuedVoucher.objects.create(watch=kept, code="unused", percent=10, issued_at=NOW, expires_at=NOW)

    link = figures(NOVEMBER).orders[0]

    (amounts,) = link.amounts
    assert (link.count, link.cancelled) == (2, 1)
    assert [money.amount for money in (amounts.worth, amounts.given, amounts.lost, amounts.kept)] == [
        Decimal("150.00"),
        Decimal("10.00"),
        Decimal("40.00"),
        Decimal("100.00"),
    ]
    assert amounts.worth.amount - amounts.given.amount - amounts.lost.amount == amounts.kept.amount


def test_an_order_of_unknown_worth_is_counted_without_money():
    watch = ordered("link")
    BasketWatch.objects.filter(pk=watch.pk).update(order_total=None, order_currency="")

    link = figures(NOVEMBER).orders[0]
    assert (link.count, link.amounts) == (1, [])


def test_people_who_might_have_been_reminded_are_compared_with_those_left_alone():
    twice = ContactFactory()
    for buys in (True, False):  # one person, who bought one of two
        reminder(ordered("assisted") if buys else begun(), contact=twice, state="handed")
    reminder(begun(), state="dropped", reason="too_late")  # chance had let them through, a cap came later
    reminder(ordered("assisted", cancelled=True), state="handed")
    reminder(ordered("alone"), state="held_out")
    reminder(begun(), state="held_out")
    reminder(begun(), basis="", state="dropped", reason="no_basis")
    reminder(begun(), kind="offer", state="held_out")

    uplift = figures(NOVEMBER).uplift

    assert (uplift.treated, uplift.left_alone) == (Share(1, 3), Share(1, 2))
    assert uplift.answer is Answer.CANNOT_SAY
    assert uplift.people_needed > 0


def test_who_was_compared_is_known_when_the_ledger_is_gone():
    reminder(ordered("assisted"), state="handed")
    reminder(begun(), state="held_out")
    begun()
    before = figures(NOVEMBER).uplift

    keep(BasketWatch.objects.all())
    TouchFactory._meta.model.objects.all().delete()

    after = figures(NOVEMBER)
    assert (before.treated, before.left_alone) == (Share(1, 1), Share(0, 1))
    assert (after.uplift, after.funnel.reachable) == (before, 2)


def test_each_step_with_what_became_of_it_and_of_its_links():
    watch, other, outside = ordered("link"), begun(), begun(NOW - timedelta(days=60))
    made = reminder(watch, state="handed", clicked_at=NOW)
    reminder(other, state="handed")
    reminder(outside, state="handed", clicked_at=NOW)
    reminder(watch, step=2, state="cancelled", reason="ordered")
    reminder(other, step=2, state="held_out", reason="held_out")
    for number in range(2):
        RecoveryLink.objects.create(
            watch=watch,
            touch=made,
            episode=1,
            purpose="mail",
            token_hash=str(number),
            created_at=NOW,
            expires_at=NOW,
            restored_at=NOW,
        )

    first, second = figures(NOVEMBER).steps

    assert (first.number, first.planned, first.made, first.opened) == (1, 2, 2, Share(1, 2))
    assert (first.restored, first.ordered) == (1, 1)
    assert (second.number, second.planned, second.made, second.left_alone, second.not_made) == (2, 2, 0, 1, 1)


def test_why_nobody_was_approached():
    for reason in ("cap_day", "cap_day", "no_basis"):
        reminder(begun(), state="dropped", reason=reason)
    reminder(begun(), state="handed")

    silences = figures(NOVEMBER).silences

    assert [(row.reason, row.count) for row in silences] == [
        ("had advertising within the last 24 hours", 2),
        ("no consent or other lawful basis on record", 1),
    ]


def test_by_source_device_and_language():
    begun(source="newsletter", device="phone", language="uk", contacted_at=NOW)
    ordered("alone", source="newsletter", device="phone", language="uk")
    begun(left=False, device="desktop")

    found = figures(NOVEMBER)

    newsletter, unknown = found.sources
    assert (newsletter.name, newsletter.baskets, newsletter.left, newsletter.contacted) == ("newsletter", 2, 2, 1)
    assert (newsletter.ordered, unknown.name, unknown.ordered) == (Share(1, 2), "", Share(0, 0))
    assert [row.name for row in found.devices] == ["phone", "desktop"]
    assert [row.name for row in found.languages] == ["uk", "en"]


def line(product, quantity=1):
    return {"product": product, "title": product.title(), "quantity": quantity}


def test_what_is_left_most_often():
    begun(lines=[line("tent"), line("tent", 2), line("mat")])
    ordered("alone", lines=[line("tent")])
    begun(left=False, lines=[line("mat", 9)])
    begun(lines=[])

    found = figures(NOVEMBER)

    assert [(row.title, row.pieces, row.ordered) for row in found.products] == [
        ("Tent", 4, Share(1, 2)),
        ("Mat", 1, Share(0, 1)),
    ]
    assert found.products_of == 2


def test_what_customers_said_why():
    for why in ("price", "delivery", "price", ""):
        begun(why=why)

    assert figures(NOVEMBER).whys == [("price", 2), ("delivery", 1)]


def test_the_number_of_queries_does_not_depend_on_how_many(django_assert_num_queries):
    for how in ("link", "alone"):
        reminder(ordered(how), state="handed")

    with django_assert_num_queries(11):
        figures(NOVEMBER)
    for _ in range(5):
        reminder(ordered("link"), state="dropped", reason="cap_day")
    with django_assert_num_queries(11):
        figures(NOVEMBER)


def test_nothing_at_all():
    found = figures(NOVEMBER)

    assert (found.funnel.baskets, found.steps, found.products, found.silences, found.whys) == (0, [], [], [], [])
    assert found.uplift.answer is Answer.CANNOT_SAY


def test_the_file_has_a_row_for_each_and_names_nobody():
    site = InboxFactory(name="Here", schedule=ScheduleFactory(time_zone="Europe/Kyiv"))
    contact = ContactFactory(signed_in=True)
    watch = ordered("link", inbox=site, contact=contact, order_number="1007", source="newsletter", why="price")

    (cells,) = rows(NOVEMBER)

    named = dict(zip(header(NOVEMBER), map(str, cells), strict=True))
    assert named["Basket"] == str(watch.pk)
    assert (named["Ordered at (Europe/Kyiv)"], named["Order"], named["Paid"]) == ("2026-11-23 16:00", "1007", "100.00")
    assert contact.user.email not in " ".join(named.values())


def test_the_zone_is_that_of_the_working_hours():
    here = InboxFactory(hostname="a.example", schedule=ScheduleFactory(time_zone="Europe/Kyiv"))
    assert zone_for(here) == zone_for(None) == KYIV

    InboxFactory(hostname="b.example", schedule=ScheduleFactory(time_zone="Asia/Tokyo"))

    assert zone_for(here) == KYIV
    assert zone_for(None) == zone_for(InboxFactory(hostname="c.example")) == ZoneInfo(settings.TIME_ZONE)
