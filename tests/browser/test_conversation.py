"""The main job: a customer writes on the store, an operator answers at the desk, nobody reloads."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import CUT, PHONE, Desk, Storefront

pytestmark = pytest.mark.browser


def converse(customer: Storefront, anna: Desk) -> None:
    """One whole conversation; every step is seen on the other side without a reload."""
    anna.visit()
    customer.open_chat()
    customer.say_and_wait("Is this tent waterproof?")
    number = customer.number()

    expect(anna.row(number)).to_contain_text("Is this tent waterproof?")
    expect(anna.row(number)).to_have_count(1)
    expect(customer.tick("Is this tent waterproof?")).to_have_attribute("data-state", "delivered")
    anna.open(number)
    expect(anna.message("Is this tent waterproof?")).to_be_visible()
    expect(customer.tick("Is this tent waterproof?")).to_have_attribute("data-state", "read")

    anna.take()
    expect(customer.message("Anna joined the conversation")).to_be_visible(timeout=20_000)
    anna.text_box.press_sequentially("Yes", delay=50)
    expect(customer.frame.locator("#shopchat-typing")).to_contain_text("typing")
    anna.reply("Yes, up to 3000 mm.")
    expect(customer.message("Yes, up to 3000 mm.")).to_be_visible(timeout=20_000)
    expect(anna.message("Yes, up to 3000 mm.").locator("[data-state=read]")).to_be_visible(timeout=20_000)

    customer.text_box.press_sequentially("And", delay=50)
    expect(anna.page.locator(".sc-typing")).to_contain_text("typing")
    customer.say_and_wait("And the floor?")
    expect(anna.message("And the floor?")).to_be_visible(timeout=20_000)

    anna.note("Asks about everything")
    anna.page.locator(".sc-mode--reply").click()
    anna.reply("The floor, too.")
    expect(customer.message("The floor, too.")).to_be_visible(timeout=20_000)
    assert customer.message("Asks about everything").count() == 0

    customer.page.reload()
    if not customer.page.locator("shopchat-launcher iframe").count():
        customer.launcher.first.click()
    expect(customer.message("The floor, too.")).to_be_visible()
    authors = [
        bubble.get_attribute("data-author")
        for bubble in customer.frame.locator("[data-seq][data-author=visitor]").all()
    ]
    assert authors == ["visitor", "visitor"]

    anna.press("Close")
    expect(customer.message("Anna closed the conversation")).to_be_visible(timeout=20_000)
    customer.say_and_wait("One more thing")
    expect(anna.message("One more thing")).to_be_visible(timeout=20_000)
    expect(anna.page.locator(".sc-bar")).to_contain_text("Open")


def test_a_conversation_on_a_product_page(customer, operator):
    moving = {"reduced_motion": "no-preference"}
    converse(customer(**moving).open_product(), operator("anna", **moving))


def test_a_conversation_on_two_phones(customer, operator):
    anna = operator("anna", **PHONE)
    buyer = customer(**PHONE).open_product()
    anna.visit()

    buyer.open_chat()
    buyer.say_and_wait("Does it fit two?")
    number = buyer.number()
    expect(anna.row(number)).to_be_visible(timeout=20_000)
    anna.open(number)
    expect(anna.page.locator(".sc-list")).to_be_hidden()
    anna.text_box.fill("Two and a dog.")
    anna.page.locator(".sc-send").click()

    expect(buyer.message("Two and a dog.")).to_be_visible(timeout=20_000)
    box = buyer.text_box.bounding_box()
    assert box
    assert box["y"] + box["height"] <= 844


def test_a_conversation_under_gunicorn_with_three_processes(customer, operator, shop_on_wsgi):
    converse(customer(shop_on_wsgi).open_product(), operator("anna", shop_on_wsgi))


def test_the_menu_badge_and_the_title_count_without_reload(customer, operator):
    boris = operator("boris")
    boris.page.goto(f"{boris.base}/cms/account/")
    badge = boris.page.locator("[data-shopchat-badge-of=conversations]")
    expect(badge).to_be_attached()
    before = int(badge.get_attribute("data-shopchat-badge") or 0)

    customer().visit().open_chat().say_and_wait("Anybody there?")

    expect(badge).to_have_attribute("data-shopchat-badge", str(before + 1))
    boris.visit()
    expect(boris.page).to_have_title(re.compile(rf"^\({before + 1}\)"))


def test_two_operators_take_at_once_and_one_wins(customer, operator):
    buyer = customer().visit().open_chat()
    buyer.say_and_wait("Who is first?")
    number = buyer.number()
    anna, boris = operator("anna"), operator("boris", allowed=("409", *CUT))
    # Boris's page does not hear of it in time.
    boris.page.route(re.compile("/live/(poll|stream)/"), lambda route: route.abort())
    for desk in (anna, boris):
        desk.visit(f"/cms/chat/{number}/?show=all")

    anna.take()
    expect(anna.page.locator(".sc-bar")).to_contain_text("you answer")
    boris.take()

    expect(boris.page.get_by_role("alert").filter(has_text="Anna took this conversation first")).to_be_visible()


def test_what_another_operator_does_appears_without_reload(customer, operator):
    buyer = customer().visit().open_chat()
    buyer.say_and_wait("Hello from the tent")
    number = buyer.number()
    anna, boris = operator("anna"), operator("boris")
    for desk in (anna, boris):
        desk.visit(f"/cms/chat/{number}/?show=all")

    anna.take()
    anna.note("I know this one")

    expect(boris.page.locator(".sc-bar")).to_contain_text("Anna answers")
    expect(boris.message("I know this one")).to_be_visible(timeout=20_000)
    expect(boris.row(number)).to_contain_text("Anna")


def test_the_card_shows_the_live_basket_and_orders(customer, operator):
    buyer = customer().sign_in().open_product().add_to_basket()
    buyer.open_chat().say_and_wait("Is delivery free?")
    number = buyer.number()

    anna = operator("anna").visit(f"/cms/chat/{number}/?show=all")

    card = anna.page.locator(".sc-card")
    expect(card.locator(".sc-basket__line").first).to_be_visible()
    assert card.locator(".sc-basket__line").count() >= 2
    expect(card.locator(".sc-basket__total")).to_contain_text("€")
    assert card.locator(".sc-order").count() == 3
    expect(card).to_contain_text("customer@demo.test")


def test_an_anonymous_customers_basket_is_the_one_in_the_cookie(customer, operator):
    buyer = customer().open_product().add_to_basket()
    title = buyer.visit("/basket/").page.locator(".basket-items h3 a, .basket-title a").first.inner_text()
    buyer.open_chat().say_and_wait("Can you keep it for me?")

    anna = operator("anna").visit(f"/cms/chat/{buyer.number()}/?show=all")

    expect(anna.page.locator(".sc-basket__line")).to_have_count(1)
    expect(anna.page.locator(".sc-basket__line")).to_contain_text(title)
