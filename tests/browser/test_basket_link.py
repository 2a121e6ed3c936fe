"""A link to a basket, opened on another device: what was in it, what has changed, and back into a basket of one's own."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PHONE, arrive, picture, violations
from tests.browser.test_callbacks_customer import DESKTOP, in_the_demo

pytestmark = pytest.mark.browser

# Three that are for sale, of which one was cheaper and one is wanted beyond all stock, and one that nobody sells any more.
LEFT = """
from decimal import Decimal
from pathlib import Path
from django.utils import timezone
from shopchat.carts import recovering
from shopchat.carts.models import BasketWatch
from shopchat.core.money import Money
from shopchat.inboxes.finding import inbox_for
from shopchat.stores.lines import SnapshotLine
from shopchat.stores.reading import configured_store
from oscar.core.loading import get_model
rows = get_model("catalogue", "Product").objects.browsable().filter(structure="standalone", stockrecords__num_in_stock__gt=1)
prices = {{row: row.stockrecords.first() for row in rows.order_by("pk")[:3]}}
lines = [
    SnapshotLine(product=f"oscar:{{row.pk}}", title=row.title, quantity=1, unit_price=Money(record.price, record.price_currency))
    for row, record in prices.items()
]
lines = [
    lines[0],
    SnapshotLine(product=lines[1].product, title=lines[1].title, quantity=2, unit_price=Money(Decimal("9.90"), "EUR")),
    SnapshotLine(product=lines[2].product, title=lines[2].title, quantity=9000),
    SnapshotLine(product="oscar:999999", title="A lantern that is no longer made", quantity=1),
]
now = timezone.now()
watch = BasketWatch.objects.create(
    ref="oscar:999999:{name}", store="oscar", inbox=inbox_for(""), by_hand=True, state="abandoned", state_at=now,
    last_activity=now, created_at=now, abandoned_at=now, lines=[line.as_json() for line in lines],
)
Path("{kept}").write_text(recovering.make_link(watch, purpose="desk"))
"""
AS_BEFORE = """
from shopchat.carts.models import BasketWatch
BasketWatch.objects.filter(ref="oscar:999999:{name}").delete()
"""


@pytest.fixture
def link(_demo_dir, request):
    """The path of a link, and nothing left of it afterwards."""
    name, kept = request.node.callspec.id, _demo_dir / "link"
    in_the_demo(_demo_dir, LEFT.format(name=name, kept=kept))
    yield f"/chat/basket/{kept.read_text()}/"
    in_the_demo(_demo_dir, AS_BEFORE.format(name=name))


@pytest.mark.parametrize(
    ("device", "scheme", "language"),
    [
        pytest.param(DESKTOP, "light", "en", id="desktop-light-en"),
        pytest.param(PHONE, "dark", "ru", id="phone-dark-ru"),
    ],
)
def test_from_the_link_to_a_basket_of_ones_own(customer, link, device, scheme, language, request):
    name = f"basket-{request.node.callspec.id}"
    buyer = customer(allowed=("404",), **device, color_scheme=scheme)
    page, address = buyer.page, f"{link}?lang={language}"

    buyer.visit(address)
    expect(page.locator(".shopchat-good")).to_have_count(4)
    expect(page.locator(".shopchat-good--out")).to_have_count(2)
    expect(page.locator("shopchat-launcher")).to_be_attached()
    assert page.context.cookies() == []
    page.wait_for_load_state("networkidle")
    picture(page, f"{name}-1-link")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".shopchat-submit").scroll_into_view_if_needed()
    picture(page, f"{name}-2-end")

    page.locator(".shopchat-deeds a").first.click()
    expect(buyer.text_box).to_be_visible()
    picture(page, f"{name}-3-question")
    assert link in page.url
    page.keyboard.press("Escape")

    page.locator(".shopchat-submit").click()
    expect(page.locator(".shopchat-result")).to_have_count(4)
    picture(page, f"{name}-4-result")
    assert violations(page) == []
    page.locator(".shopchat-submit").click()
    arrive(page, "/basket/")
    expect(page.locator(".basket-items")).to_have_count(3)

    buyer.visit(address)
    picture(page, f"{name}-5-again")
    page.context.clear_cookies()
    buyer.open_product().add_to_basket().visit(address)
    expect(page.locator("input[name=mode]:checked")).to_have_value("add")
    page.locator(".shopchat-submit").scroll_into_view_if_needed()
    picture(page, f"{name}-6-choice")
    assert violations(page) == []
    page.locator("input[value=keep]").check()
    page.locator(".shopchat-submit").click()
    expect(page.locator(".shopchat-result")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(re.compile(r"\S"))
    picture(page, f"{name}-7-kept")

    buyer.visit("/chat/basket/forged/?lang=" + language)
    picture(page, f"{name}-8-gone")
