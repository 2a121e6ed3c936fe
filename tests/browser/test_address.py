"""Leaving an address for answers, on a phone and without scripts. Pictures are kept in ``var/pictures``."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import CUT, PHONE, picture, violations

pytestmark = pytest.mark.browser
SMALL = {**PHONE, "viewport": {"width": 360, "height": 640}}


@pytest.mark.parametrize(("scheme", "options"), [("light", PHONE), ("dark", SMALL)], ids=["light", "dark-small"])
def test_an_address_is_left_on_a_phone_without_leaving_the_thread(customer, scheme, options):
    buyer = customer(allowed=("422",), color_scheme=scheme, **options).visit("/bare/").open_chat()
    box, field = buyer.frame.locator("#shopchat-address"), buyer.frame.locator("#shopchat-email")
    expect(field).to_have_count(0)

    buyer.say_and_wait("Do you ship to Lviv?")
    summary = box.get_by_text("Get the answer by e-mail")
    expect(summary).to_be_visible()
    expect(field).to_be_hidden()
    picture(buyer.page, f"address-{scheme}-1-offered")
    summary.click()
    expect(field).to_be_visible()
    picture(buyer.page, f"address-{scheme}-2-form")
    assert violations(buyer.page) == []

    field.fill("olena@")
    field.press("Enter")
    error = box.get_by_text("Write an e-mail address like name@example.com.")
    expect(error).to_be_visible()
    expect(field).to_have_value("olena@")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-describedby", re.compile("shopchat-email-error"))
    picture(buyer.page, f"address-{scheme}-3-error")
    assert violations(buyer.page) == []
    expect(buyer.text_box).to_be_in_viewport()
    expect(buyer.message("Do you ship to Lviv?").first).to_be_in_viewport()

    field.fill("olena@mail.example")
    box.get_by_role("button", name="Save").click()
    expect(box.get_by_text("o•••@mail.example")).to_be_visible()
    picture(buyer.page, f"address-{scheme}-4-waiting")
    assert violations(buyer.page) == []

    box.get_by_role("button", name="Another address").click()
    expect(summary).to_be_visible()
    expect(summary).to_be_focused()
    buyer.say_and_wait("And to Odesa?")
    expect(summary).to_be_visible()


def test_an_address_that_did_not_get_through_is_said_and_saved_at_the_next_try(customer):
    buyer = customer(allowed=("422", *CUT)).visit("/bare/").open_chat()
    buyer.say_and_wait("Do you repair zips?")
    box, field = buyer.frame.locator("#shopchat-address"), buyer.frame.locator("#shopchat-email")
    box.get_by_text("Get the answer by e-mail").click()
    save, error = box.get_by_role("button", name="Save"), box.get_by_role("alert")
    save.click()
    expect(error).to_have_text("Write an e-mail address like name@example.com.")
    field.fill("olena@mail.example")

    buyer.page.context.set_offline(True)
    save.click()
    expect(error).to_have_text("That did not work. Check the connection and try again.")
    expect(field).to_have_value("olena@mail.example")

    buyer.page.context.set_offline(False)
    save.click()
    expect(box.get_by_text("o•••@mail.example")).to_be_visible()

    buyer.page.context.set_offline(True)
    box.get_by_role("button", name="Another address").click()
    expect(error).to_have_text("That did not work. Check the connection and try again.")


def test_the_address_form_survives_an_answer_that_comes_while_it_is_filled_in(customer, operator):
    buyer = customer().visit("/bare/").open_chat()
    buyer.say_and_wait("Is it warm?")
    buyer.frame.get_by_text("Get the answer by e-mail").click()
    field = buyer.frame.locator("#shopchat-email")
    field.fill("half of an addr")
    anna = operator("anna").visit(f"/cms/chat/{buyer.number()}/?show=all")

    anna.reply("Down to minus ten.")
    expect(buyer.message("Down to minus ten.").first).to_be_visible()

    expect(field).to_have_value("half of an addr")
    expect(field).to_be_focused()


def test_an_address_is_left_without_scripts(customer):
    reader = customer(allowed=("422",), java_script_enabled=False, **PHONE).visit("/chat/")
    page = reader.page
    expect(page.locator("#shopchat-email")).to_have_count(0)
    page.locator("textarea[name=text]").fill("Do you have it in red?")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("Get the answer by e-mail").click()

    page.locator("#shopchat-email").fill("not an address")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#shopchat-email-error")).to_have_text("Write an e-mail address like name@example.com.")
    expect(page.locator("#shopchat-email")).to_have_value("not an address")
    picture(page, "address-no-script-error")
    page.locator("#shopchat-email").fill("maria@mail.example")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("m•••@mail.example")).to_be_visible()
    expect(page.get_by_text("Do you have it in red?")).to_be_visible()


def test_the_pages_behind_a_mails_links_can_be_read_by_everybody(customer):
    reader = customer(allowed=("404",), **PHONE).visit("/chat/mail/confirm/forged/")

    expect(reader.page.get_by_role("heading")).to_have_text("This link is no longer good")
    picture(reader.page, "address-bad-link")
    assert violations(reader.page) == []
