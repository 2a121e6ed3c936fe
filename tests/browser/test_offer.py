"""What the shop offers by itself to somebody who comes back to a basket, and where it keeps silent."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PHONE, picture, violations
from tests.browser.test_callbacks_customer import DESKTOP, in_the_demo

pytestmark = pytest.mark.browser

# Baskets that known robots fill are nobody's, and Chromium without a screen says that it has none.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
# The basket that was changed last is left two hours ago; nobody is held out.
LEFT = """
from datetime import timedelta
from django.utils import timezone
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.touches.models import TouchRules
rules, now = CartRules.objects.get(), timezone.now()
CartRules.objects.update(onsite="{onsite}")
TouchRules.objects.update_or_create(inbox=rules.inbox, defaults={{"holdout_percent": 0}})
newest = BasketWatch.objects.order_by("-last_activity").first()
BasketWatch.objects.filter(pk=newest.pk).update(
    state="{state}", state_at=now, abandoned_at=now, last_activity=now - timedelta(hours=2)
)
"""

# The guest who was last at the checkout is at the bank's, and has been for too long.
AT_THE_BANK = """
from importlib import import_module
from django.conf import settings
from django.contrib.sessions.models import Session
from oscar.core.loading import get_model
from shopchat.carts.models import BasketWatch
store = import_module(settings.SESSION_ENGINE).SessionStore
found = (store(key) for key in Session.objects.order_by("-expire_date").values_list("pk", flat=True))
session = next(session for session in found if "checkout_data" in session)
newest = BasketWatch.objects.order_by("-last_activity").first()
basket = get_model("basket", "Basket").objects.get(pk=newest.ref.split(":")[1])
session["checkout_data"]["submission"] = {"basket_id": basket.pk}
session.save()
basket.freeze()
BasketWatch.objects.filter(pk=newest.pk).update(state="interrupted")
"""


@pytest.fixture
def left(customer, _demo_dir):
    """A customer whose basket was left, with the shop offering this; the demo is as before afterwards."""

    def leave(onsite="bubble", state="abandoned", **options):
        buyer = customer(user_agent=PERSON, **options).open_product().add_to_basket()
        in_the_demo(_demo_dir, LEFT.format(onsite=onsite, state=state))
        return buyer

    yield leave
    in_the_demo(_demo_dir, "from shopchat.carts.models import CartRules; CartRules.objects.update(onsite='bubble')")


def asked_by(buyer):
    """The chat's addresses that pages ask for from now on."""
    asked = []
    buyer.page.on("request", lambda request: asked.append(re.sub(r"^https?://[^/]+", "", request.url)))
    return lambda: [path for path in asked if path.startswith("/chat/")]


def ours(page):
    """What axe finds in the launcher and its frame; the shop's page has faults of its own."""
    return [found for found in violations(page) if "shopchat" in found]


def come_back(buyer, path="/catalogue/"):
    """As a person does: the page is there, then the pointer moves."""
    with buyer.page.expect_response("**/chat/offer/"):
        buyer.visit(path)
    buyer.page.wait_for_load_state("networkidle")
    buyer.page.mouse.move(200, 200)
    return buyer


@pytest.mark.parametrize(
    ("device", "scheme", "language"),
    [
        pytest.param(DESKTOP, "light", "en", id="desktop-light-en"),
        pytest.param(PHONE, "dark", "ru", id="phone-dark-ru"),
    ],
)
def test_a_bubble_leads_to_the_basket_and_to_a_person(left, device, scheme, language, request):
    name = f"offer-{request.node.callspec.id}"
    buyer = left(**device, color_scheme=scheme, locale=language)
    page = buyer.page

    come_back(buyer)
    bubble = page.locator("#bubble")
    expect(bubble).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    picture(page, f"{name}-1-bubble")
    assert ours(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    bubble.locator(".more").click()
    expect(buyer.frame.locator(".shopchat-good")).to_have_count(1)
    expect(buyer.frame.locator("#shopchat-title")).to_be_focused()
    page.wait_for_timeout(500)  # its picture
    picture(page, f"{name}-2-basket")
    assert ours(page) == []

    buyer.frame.locator("[name=why][value=advice]").click()
    expect(buyer.messages).to_have_count(1)
    expect(buyer.text_box).to_be_visible()
    buyer.say_and_wait("Is it waterproof?")
    picture(page, f"{name}-3-conversation")

    asked = asked_by(buyer)
    with page.expect_response(lambda answer: answer.url.endswith("/chat/offer/") and answer.status == 204):
        buyer.visit()
    assert not any("show" in path for path in asked())


def test_a_window_takes_no_focus_and_becomes_the_conversation(left):
    buyer = left(onsite="popup", **DESKTOP)
    page = buyer.page
    come_back(buyer)

    expect(buyer.frame.locator(".shopchat-good")).to_have_count(1)
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    panel = page.locator("dialog")
    small = panel.bounding_box()["height"]
    picture(page, "offer-window")
    assert ours(page) == []

    buyer.frame.locator("button[value=ask]").click()
    expect(buyer.text_box).to_be_focused()
    expect(buyer.frame.locator(".shopchat-subject")).to_be_visible()
    assert panel.bounding_box()["height"] >= small
    buyer.say_and_wait("Is there a larger one?")


def test_a_window_that_is_closed_leaves_the_launcher_to_the_chat(left):
    buyer = left(onsite="popup", **DESKTOP)
    come_back(buyer)
    expect(buyer.frame.locator(".shopchat-good")).to_have_count(1)

    with buyer.page.expect_request("**/chat/offer/answer/**") as answer:
        buyer.frame.locator("button[value=never]").click()

    assert answer.value.post_data == "do=never"
    expect(buyer.page.locator("shopchat-launcher iframe")).to_have_count(0)
    assert buyer.page.evaluate("localStorage['shopchat:quiet']") == "1"
    buyer.open_chat()
    asked = asked_by(buyer)
    buyer.visit()
    buyer.page.wait_for_timeout(1500)
    assert "/chat/offer/" not in asked()


def test_nothing_is_asked_in_the_checkout_and_nowhere_while_it_is_switched_off(left, request):
    buyer = left(**DESKTOP)
    asked = asked_by(buyer)
    buyer.visit("/checkout/")
    expect(buyer.launcher.first).to_be_visible()
    buyer.page.wait_for_timeout(1500)
    assert "/checkout/" in buyer.page.url
    assert "/chat/offer/" not in asked()

    folder = request.getfixturevalue("_demo_dir")
    in_the_demo(folder, "from shopchat.carts.models import CartRules; CartRules.objects.update(onsite='off')")
    buyer.page.context.clear_cookies()
    other = buyer.page.context.browser.new_context().new_page()
    wanted = []
    other.on("request", lambda request: wanted.append(request.url))
    other.goto(f"{buyer.base}/catalogue/")
    expect(other.locator("shopchat-launcher")).to_be_attached()
    other.wait_for_timeout(1500)
    other.context.close()

    assert [re.sub(r"^https?://[^/]+", "", url) for url in wanted if "/chat/" in url] == ["/chat/launcher/en.js"]


def test_a_guest_who_comes_back_from_the_bank_is_offered_help(customer, request):
    buyer = customer(user_agent=PERSON, **DESKTOP).open_product().add_to_basket().visit("/checkout/")
    page = buyer.page
    page.fill("input[name=username]", "guest@example.test")
    page.check("input[name=options][value=anonymous]")
    with page.expect_navigation():
        page.press("input[name=username]", "Enter")
    in_the_demo(request.getfixturevalue("_demo_dir"), AT_THE_BANK)

    come_back(buyer)

    assert "oscar_open_basket" not in {cookie["name"] for cookie in page.context.cookies()}
    expect(page.locator("#bubble")).to_contain_text("Your payment was not completed.")
    page.locator("#bubble .more").click()
    expect(buyer.frame.locator(".shopchat-good")).to_have_count(1)
    buyer.frame.get_by_role("button", name="Yes, please help").click()
    expect(buyer.messages).to_have_count(1)
    expect(buyer.messages).to_contain_text("My payment was not completed. Please help me.")
