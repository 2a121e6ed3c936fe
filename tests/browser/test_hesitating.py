"""Somebody fills a basket and takes longer than others did: a quiet bubble, once they do nothing for a while."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_callbacks_customer import DESKTOP, in_the_demo
from tests.browser.test_offer import PERSON, asked_by, ours

pytestmark = pytest.mark.browser

# Nine of ten have ordered after ten minutes; the basket that was changed last was changed so many minutes ago.
FILLING = """
from datetime import timedelta
from django.utils import timezone
from shopchat.carts.models import BasketWatch, CartRules, DecisionTime
from shopchat.touches.models import TouchRules
rules, now = CartRules.objects.get(), timezone.now()
CartRules.objects.update(onsite="popup", hesitation=True)
TouchRules.objects.update_or_create(inbox=rules.inbox, defaults={{"holdout_percent": 0}})
measured = {{"seconds": 600, "orders": 100, "measured_at": now}}
DecisionTime.objects.update_or_create(inbox=rules.inbox, defaults=measured)
newest = BasketWatch.objects.order_by("-last_activity").first()
BasketWatch.objects.filter(pk=newest.pk).update(state="active", last_activity=now - timedelta(minutes={minutes}))
"""
AS_BEFORE = "from shopchat.carts.models import CartRules; CartRules.objects.update(onsite='bubble', hesitation=True)"


@pytest.fixture
def filling(customer, _demo_dir):
    """A customer who changed their basket so many minutes ago, and whose page's clock only the test moves on."""

    def changed(minutes):
        buyer = customer(user_agent=PERSON, **DESKTOP).open_product().add_to_basket()
        in_the_demo(_demo_dir, FILLING.format(minutes=minutes))
        buyer.page.clock.install()
        with buyer.page.expect_response("**/chat/offer/en.js"):
            buyer.visit("/catalogue/")
        buyer.page.wait_for_load_state("networkidle")
        # A moment ahead of the page's own clock, which goes on until it has heard this.
        buyer.page.clock.pause_at((buyer.page.evaluate("Date.now()") + 3_000) / 1_000)
        return buyer

    yield changed
    in_the_demo(_demo_dir, AS_BEFORE)


def test_a_bubble_comes_when_they_have_taken_long_and_sit_still(filling):
    buyer = filling(minutes=11)
    page, asked = buyer.page, asked_by(buyer)

    for x in (200, 300):
        page.mouse.move(x, 200)
        page.clock.run_for(14_000)
        assert asked() == []  # they are busy
    page.clock.run_for(2_000)

    page.clock.resume()
    expect(page.locator("#bubble")).to_be_visible()
    assert asked() == ["/chat/offer/show/?lang=en"]
    assert ours(page) == []
    page.locator("#bubble .more").click()
    buyer.frame.locator(".shopchat-summary").click()
    expect(buyer.frame.locator(".shopchat-because")).to_contain_text("You have taken longer")


def test_it_waits_until_then_and_disturbs_nobody_who_has_changed_the_basket_meanwhile(filling):
    """The server's clock has not moved on with the page's: as if the basket had been changed in another window."""
    buyer = filling(minutes=8)
    page, asked = buyer.page, asked_by(buyer)
    page.mouse.move(200, 200)
    page.clock.run_for(60_000)
    assert asked() == []

    with page.expect_response(lambda answer: "/chat/offer/show/" in answer.url and answer.status == 204):
        page.clock.run_for(80_000)
    page.clock.resume()

    expect(page.locator("#bubble")).to_have_count(0)
    assert asked() == ["/chat/offer/show/?lang=en"]
