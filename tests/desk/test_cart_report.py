"""The report of baskets: who sees it, what it says, and the file."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from wagtail.users.models import UserProfile

from shopchat.carts.reminding import KIND
from shopchat.reports import carts
from shopchat.reports.differences import difference
from shopchat.reports.shares import Share
from tests.desk.conftest import signed_in
from tests.desk.test_reports import rows_of, supervisor, words
from tests.factories import BasketWatchFactory, InboxFactory, TouchFactory

pytestmark = pytest.mark.django_db

PAGE, FILE = "shopchat_desk:cart_report", "shopchat_desk:cart_report_csv"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def bought(**fields):
    fields = {"state": "ordered", "how": "link", "order_total": Decimal("1234.50"), "order_currency": "EUR"} | fields
    return BasketWatchFactory(ordered_at=NOW, **fields)


def test_the_three_figures_stand_beside_each_other_with_the_money(owner):
    bought(source="newsletter")
    watch = BasketWatchFactory(why="price")
    TouchFactory(kind=KIND, purpose=f"cart:{watch.pk}:1:1", about=watch.ref, state="dropped", reason="no_basis")

    text = words(owner.get(reverse(PAGE)))

    assert "Baskets that were begun from" in text
    assert "Ordered by our link 1 certain Ordered after a contact 0 may be chance" in text
    assert re.search(r"What reminders have caused cannot say yet: about [\d,]+ more people needed", text)
    assert "by our link 1 0 €1,234.50 €0.00 €0.00 €1,234.50" in text
    assert "no consent or other lawful basis on record Reminder of a basket 1" in text
    assert "price 1" in text
    assert "newsletter 1 1 0 100 % 1 of 1, few" in text


@pytest.mark.parametrize(
    ("treated", "left_alone", "says"),
    [
        ((200, 1000), (10, 110), "+10.9 percentage points more (+3.7 to +15.7)"),
        ((50, 1000), (30, 110), "−22.3 percentage points: fewer (−31.3 to −14.7)"),
        ((3000, 30_000), (330, 3300), "no difference that would matter (−1.1 to +1.0 percentage points)"),
    ],
)
def test_what_reminders_have_caused_is_said_with_its_interval(owner, monkeypatch, treated, left_alone, says):
    bought()
    monkeypatch.setattr(carts, "_uplift", lambda watches: difference(Share(*treated), Share(*left_alone)))

    assert says in words(owner.get(reverse(PAGE)))


def test_nothing_was_begun(owner):
    response = owner.get(reverse(PAGE))

    assert "Nobody began a basket in these days." in words(response)
    assert "baskets.csv" not in response.content.decode()


def test_it_is_for_those_who_see_the_figures_of_the_shop(owner, at_desk, editor, client):
    for address in (reverse(PAGE), reverse(FILE)):
        assert [browser.get(address).status_code for browser in (owner, signed_in(supervisor()))] == [200, 200]
        assert {browser.get(address).status_code for browser in (at_desk, editor, client)} <= {302, 403}
        assert owner.post(address).status_code == 405
    home = reverse("wagtailadmin_home")
    assert [reverse(PAGE) in browser.get(home).content.decode() for browser in (owner, at_desk)] == [True, False]


def test_days_and_site_are_chosen_and_what_cannot_be_asked_for_is_said(owner):
    there = bought(inbox=InboxFactory(hostname="b.example", name="There"))
    bought()

    assert "begun 1 left" in words(owner.get(reverse(PAGE), {"site": there.inbox.pk}))
    assert "begun 2 left" in words(owner.get(reverse(PAGE), {"days": 7}))
    for query, says in (({"first": "2026-11-22"}, "Choose both days"), ({"site": "999"}, "Select a valid choice.")):
        page, file = owner.get(reverse(PAGE), query), owner.get(reverse(FILE), query, follow=True)
        assert all(says in response.content.decode() for response in (page, file))


def test_the_file(owner):
    watch = bought(order_number="=1007", source="=evil()")

    response = owner.get(reverse(FILE))

    header, row = rows_of(response)
    cells = dict(zip(header, row, strict=True))
    assert response["Content-Disposition"] == 'attachment; filename="baskets-2026-10-25-2026-11-23.csv"'
    assert (cells["Basket"], cells["State"], cells["Paid"]) == (str(watch.pk), "ordered", "1234.50")
    assert (cells["Order"], cells["Source"]) == ("'=1007", "'=evil()")


def test_a_file_for_a_reader_whose_comma_is_in_numbers(owner):
    bought()
    UserProfile.objects.update_or_create(
        user=owner.get(reverse(PAGE)).wsgi_request.user, defaults={"preferred_language": "uk"}
    )

    text = b"".join(owner.get(reverse(FILE)).streaming_content).decode()

    assert ";1234,50;EUR;" in text


def test_the_page_costs_as_much_whatever_there_is(owner, django_assert_max_num_queries):
    bought()
    owner.get(reverse(PAGE))
    with django_assert_max_num_queries(28) as few:
        owner.get(reverse(PAGE))
    for number in range(5):
        bought(source=str(number))
    with django_assert_max_num_queries(len(few)):
        owner.get(reverse(PAGE))
