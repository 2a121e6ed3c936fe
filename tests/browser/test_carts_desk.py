"""Baskets at the desk as operators and owners see them: light and dark, desktop and phone, in two languages."""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import Desk, Storefront, picture, violations
from tests.browser.test_offer import PERSON
from tests.browser.test_screens import LOOKS, _in_the_demo, _prefer

pytestmark = pytest.mark.browser

CARTS = "/cms/chat/carts/"
LEFT = """
from datetime import timedelta
from decimal import Decimal
from django.contrib.auth import get_user_model
from django.utils import timezone
from shopchat.carts.models import BasketTransition, BasketWatch
from shopchat.contacts.models import Contact
from shopchat.inboxes.models import Inbox
from shopchat.stores.lines import SnapshotLine
from shopchat.stores.reading import configured_store
from shopchat.touches.models import Touch
if not BasketWatch.objects.filter(ref__startswith="oscar:demo-").exists():
    now, inbox = timezone.now(), Inbox.objects.order_by("pk").first()
    cards = [card for word in ("tent", "boots", "jacket", "a") for card in configured_store().search_products(word)]
    customer = get_user_model().objects.get(email="customer@demo.test")
    contact, _ = Contact.objects.get_or_create(user=customer)
    def left(n, hours, titles, **fields):
        chosen = [cards[(n + i) % len(cards)] for i in range(titles)]
        lines = [SnapshotLine(product=c.ref, title=c.title, quantity=1 + i, unit_price=c.price, url=c.url)
                 for i, c in enumerate(chosen)]
        at = now - timedelta(hours=hours)
        values = {"state": "abandoned", "state_at": at + timedelta(hours=1), "abandoned_at": at + timedelta(hours=1)}
        watch = BasketWatch.objects.create(
            ref=f"oscar:demo-{n}", store="oscar", inbox=inbox, language="uk", currency="UAH", device="phone",
            last_activity=at, created_at=at - timedelta(hours=1), quantity=sum(line.quantity for line in lines),
            total=sum((line.unit_price.amount * line.quantity for line in lines if line.unit_price), Decimal(0)),
            lines=[line.as_json() for line in lines], **{**values, **fields})
        for old, new, when in (("active", "idle", 0.5), ("idle", "abandoned", 1)):
            BasketTransition.objects.create(watch=watch, episode=1, from_state=old, to_state=new,
                                            at=at + timedelta(hours=when))
        return watch
    first = left(1, 30, 4, user_id_text=str(customer.pk), contact=contact, state="interrupted", source="newsletter",
                 help_wanted_at=now - timedelta(minutes=12), why="payment")
    ordered = left(2, 20, 2, state="ordered", ordered_at=now - timedelta(hours=2), order_number="1007", how="alone")
    left(3, 6, 1)
    left(4, 50, 6, email_hash="x", why="delivery")
    left(5, 60, 2, state="suppressed", reason="asked_not_to")
    for watch, state, reason, details in (
        (first, "dropped", "no_basis", {}),
        (ordered, "cancelled", "ordered", {"order": "1007", "at": ordered.ordered_at.isoformat()}),
    ):
        Touch.objects.create(
            purpose=f"demo:{watch.pk}", kind="cart_reminder", touch_class="marketing", channel="email",
            person=f"ref:{watch.ref}", about=watch.ref, rule="cart", inbox=inbox, state=state, reason=reason,
            details=details, planned_for=now, due_at=now, created_at=now, settled_at=now,
        )
"""

# The card's own clock never strikes, and is counted, so that it is noticed if it gets another time.
WITHOUT_LOOKING = """
window.looks = 0;
const every = window.setInterval;
window.setInterval = (call, milliseconds, ...rest) =>
  milliseconds === 20000 ? (window.looks++, 0) : every(call, milliseconds, ...rest);
"""


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_list_and_one_basket(operator, device, scheme, language, request):
    _in_the_demo(request.getfixturevalue("_demo_dir"), LEFT)
    name = f"carts-{request.node.callspec.id}"
    anna: Desk = operator("anna", allowed=("status of 400",), **device, color_scheme=scheme)
    _prefer(anna, language, "system")
    try:
        anna.visit(CARTS)
        expect(anna.page.locator(".sc-cart").first).to_be_visible()
        _look(anna, f"{name}-1-list")

        anna.page.locator(".sc-narrowing summary").click()
        anna.page.locator("#sc-value").fill("1")
        anna.page.locator(".sc-narrowing__buttons button").click()
        expect(anna.page.locator(".sc-narrowing .sc-count")).to_have_text("1")
        _look(anna, f"{name}-2-filters")

        anna.visit(f"{CARTS}?tab=help")
        anna.page.locator(".sc-cart .sc-call__link").first.click()
        expect(anna.page.locator("#sc-story-title")).to_be_visible()
        _look(anna, f"{name}-3-basket")
        anna.page.screenshot(path=f"var/pictures/{name}-4-whole.png", full_page=True)

        anna.page.locator(".sc-cancel summary").first.click()
        anna.page.locator("#sc-link-text").fill(" ")
        anna.page.locator("#sc-send-link").click()
        expect(anna.page.locator("#sc-link-error")).to_be_visible()
        anna.page.locator("#sc-link-error").scroll_into_view_if_needed()
        _look(anna, f"{name}-5-refused")
    finally:
        _prefer(anna, "en", "system")


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_rules_and_the_suppressed_addresses(operator, device, scheme, language, request):
    name = f"cart-rules-{request.node.callspec.id}"
    owner: Desk = operator("owner", **device, color_scheme=scheme)
    _prefer(owner, language, "system")
    try:
        owner.visit("/cms/chat/cart-rules/")
        owner.page.locator("main table a[href*='/edit/']").first.click()
        for tab in range(4):
            owner.page.locator("[role=tab]").nth(tab).click()
            _look(owner, f"{name}-{1 + tab}")
            owner.page.screenshot(path=f"var/pictures/{name}-{1 + tab}-whole.png", full_page=True)

        owner.visit("/cms/chat/suppressed/new/")
        owner.page.locator("input[name=address]").fill(f"nobody-{scheme}@example.test")
        owner.page.locator("main form button[type=submit]").first.click()
        expect(owner.page.locator("main table a[href*='/delete/']").first).to_be_visible()
        owner.visit("/cms/chat/suppressed/")  # without Wagtail's message, which is still fading in
        _look(owner, f"{name}-5-suppressed")
        owner.page.locator("main table a[href*='/delete/']").first.click()
        _look(owner, f"{name}-6-lift")
    finally:
        _prefer(owner, "en", "system")


def test_the_card_changes_while_the_customer_fills_their_basket(customer, operator):
    """By what the store tells, not by the look that the card takes now and then by itself."""
    buyer = customer(user_agent=PERSON).open_product().add_to_basket()
    buyer.visit().open_chat().say_and_wait("Is there a larger one?")
    anna: Desk = operator("anna")
    anna.page.add_init_script(WITHOUT_LOOKING)
    anna.visit(f"/cms/chat/{buyer.number()}/?show=all")
    line = anna.page.locator(".sc-card .sc-basket__line")
    expect(line).to_contain_text("× 1")
    anna.page.evaluate("window.isSamePage = true")

    other_window = Storefront(buyer.page.context.new_page(), buyer.base)
    other_window.open_product().add_to_basket()
    expect(line).to_contain_text("× 2")

    assert anna.page.evaluate("[isSamePage, looks]") == [True, 1]


def _look(desk: Desk, name: str) -> None:
    picture(desk.page, name)
    assert violations(desk.page) == []
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
