"""A call from the wish to the end: a customer asks, an operator takes it and reaches nobody, and both see the new time."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.pages import PHONE, Desk, Storefront
from tests.browser.test_callbacks_customer import DESKTOP, a_number
from tests.browser.test_screens import _prefer

pytestmark = pytest.mark.browser

QUEUE = "/cms/chat/callbacks/"
KYIV = "Europe/Kyiv"
LOCALES = {"en": "en-GB", "ru": "ru-RU", "uk": "uk-UA"}
# The line about a call that nobody answered, and a letter of any promise.
NOT_REACHED = {"en": "could not reach you", "ru": "не дозвонились", "uk": "не додзвонилися"}
LETTERS = {"en": re.compile("[A-Za-z]"), "ru": re.compile("[А-Яа-я]"), "uk": re.compile("[А-Яа-я]")}


@pytest.mark.parametrize(
    ("language", "device"),
    [("en", DESKTOP), ("ru", PHONE), ("uk", DESKTOP)],
    ids=["en-desktop", "ru-phone", "uk-desktop"],
)
def test_a_call_that_nobody_answers_is_planned_again_for_both(customer, operator, language, device):
    anna: Desk = operator("anna", timezone_id=KYIV)
    _prefer(anna, language, "system")
    try:
        be_there(anna)
        before = calling(anna)
        buyer: Storefront = customer(locale=LOCALES[language], timezone_id=KYIV, **device).open_product()
        expect(buyer.page.locator("shopchat-launcher")).to_be_attached()
        product = buyer.page.locator("h1").inner_text()
        buyer.page.locator(".demo-call a").click()
        number = ask(buyer.frame)
        expect(buyer.frame.locator(".shopchat-promise h1")).to_contain_text(LETTERS[language])
        buyer.frame.locator(".shopchat-tabs a").first.click()
        expect(line(buyer.frame, number)).to_be_visible()

        # The desk was open all the time, and nobody reloads it.
        expect(badge(anna)).to_have_attribute("data-shopchat-badge", str(before + 1))
        row(anna, number).locator(".sc-call__link").click()
        expect(anna.page.locator(".sc-facts").first).to_contain_text(product)
        anna.page.locator("#sc-take").click()
        expect(anna.page.locator("#sc-release")).to_be_visible()
        record_no_answer(anna)
        expect(badge(anna)).to_have_attribute("data-shopchat-badge", str(before))
        times = anna.visit(QUEUE) and planned(row(anna, number))

        # The customer's chat was open all the time as well.
        expect(line(buyer.frame, NOT_REACHED[language])).to_contain_text(times)
        buyer.frame.locator(".shopchat-tabs a").last.click()
        promise = buyer.frame.locator(".shopchat-promise")
        expect(promise.locator("h1")).to_contain_text(times)
        expect(promise.locator("h1 + p")).to_contain_text(LETTERS[language])

        anna.visit(f"{QUEUE}{number}/")
        expect(anna.page.locator(".sc-pill--later").first).to_be_visible()
        buyer.frame.locator(".shopchat-deeds a").last.click()
        buyer.frame.locator("button[value=cancel]").click()
        expect(anna.page.locator(".sc-pill--cancelled").first).to_be_visible()
        expect(buyer.frame.locator(".shopchat-promise")).to_have_count(0)
    finally:
        _prefer(anna, "en", "system")


def test_both_by_keyboard_alone(customer, operator):
    anna: Desk = operator("anna", timezone_id=KYIV)
    be_there(anna)
    buyer: Storefront = customer(timezone_id=KYIV).open_product()
    expect(buyer.launcher).to_be_visible()
    keys = buyer.page.keyboard
    buyer.page.locator(".demo-call a").focus()
    keys.press("Enter")
    expect(buyer.frame.locator("input[name=phone]")).to_be_focused()
    keys.type(a_number())
    tab_to(buyer.page, buyer.frame.locator("input[name=when][value=asap]"))
    tab_to(buyer.page, buyer.frame.locator("input[name=consent]"))
    keys.press("Space")
    keys.press("Enter")
    number = number_in(buyer.frame)

    keys = anna.page.keyboard
    link = row(anna, number).locator(".sc-call__link")
    expect(link).to_be_visible()
    anna.page.locator("#sc-search").focus()
    tab_to(anna.page, link)
    keys.press("Enter")
    take, record = anna.page.locator("#sc-take"), anna.page.locator("button[value=record]")
    expect(take).to_be_visible()
    anna.page.locator("#sc-to-conversation").focus()
    tab_to(anna.page, take)
    keys.press("Enter")
    expect(anna.page.locator("#sc-release")).to_be_visible()
    anna.page.locator("#sc-to-conversation").focus()
    tab_to(anna.page, anna.page.locator("input[name=outcome]").first)
    keys.press("ArrowDown")
    expect(anna.page.locator("input[name=outcome][value=no_answer]")).to_be_checked()
    tab_to(anna.page, record)
    keys.press("Enter")
    expect(anna.page.locator(".sc-attempt")).to_have_count(1)
    times = planned(anna.page.locator(".sc-promise"))

    tab_to(buyer.page, buyer.frame.locator(".shopchat-tabs a").first)
    buyer.page.keyboard.press("Enter")
    expect(line(buyer.frame, NOT_REACHED["en"])).to_contain_text(times)


def test_a_customer_without_javascript(customer, operator):
    anna: Desk = operator("anna", timezone_id=KYIV)
    be_there(anna)
    before = calling(anna)
    buyer: Storefront = customer(java_script_enabled=False).open_product()
    buyer.page.locator(".demo-call a").click()
    number = ask(buyer.page)

    expect(badge(anna)).to_have_attribute("data-shopchat-badge", str(before + 1))
    row(anna, number).locator(".sc-call__link").click()
    record_no_answer(anna)
    times = planned(anna.page.locator(".sc-promise"))

    buyer.page.reload()
    expect(buyer.page.locator(".shopchat-promise")).to_contain_text(NOT_REACHED["en"])
    expect(buyer.page.locator(".shopchat-promise h1")).to_contain_text(times)
    buyer.visit("/chat/")
    expect(line(buyer.page, NOT_REACHED["en"])).to_contain_text(times)
    buyer.visit("/chat/callback/")
    buyer.page.locator(".shopchat-deeds a").last.click()
    buyer.page.locator("button[value=cancel]").click()
    expect(anna.page.locator(".sc-pill--cancelled").first).to_be_visible()


def be_there(anna: Desk) -> None:
    """At the desk, with the queue in front of her: only then a call is promised as soon as possible."""
    with anna.page.expect_response(re.compile("/here/$")):
        anna.visit(QUEUE)


def ask(place: FrameLocator | Page) -> str:
    """As soon as possible; answers the request's number."""
    place.locator("input[name=phone]").fill(a_number())
    place.locator("input[name=when][value=asap]").check()
    place.locator("input[name=consent]").check()
    place.locator(".shopchat-submit").click()
    return number_in(place)


def number_in(place: FrameLocator | Page) -> str:
    found = re.search(r"C-(\d+)", place.locator(".shopchat-promise dl").inner_text())
    assert found
    return found[1]


def record_no_answer(anna: Desk) -> None:
    anna.page.locator(".sc-choice:has(input[value=no_answer])").click()
    anna.page.locator("button[value=record]").click()
    expect(anna.page.locator(".sc-attempt")).to_have_count(1)


def planned(place: Locator) -> str:
    """The beginning of the promise that the desk shows, by the clock of both."""
    begins = place.locator("[data-from]").first.get_attribute("data-from") or ""
    return f"{datetime.fromisoformat(begins).astimezone(ZoneInfo(KYIV)):%-H:%M}"


def badge(anna: Desk) -> Locator:
    return anna.page.locator("[data-shopchat-badge-of=callbacks]")


def calling(anna: Desk) -> int:
    return int(badge(anna).get_attribute("data-shopchat-badge") or 0)


def row(anna: Desk, number: str) -> Locator:
    return anna.page.locator(f".sc-call[data-number='{number}']")


def line(place: FrameLocator | Page, text: str) -> Locator:
    return place.locator("[data-author=system]").filter(has_text=text)


def tab_to(page: Page, aim: Locator) -> None:
    """Press Tab until it is reached, as somebody without a mouse would; it has to be somewhere ahead."""
    for _ in range(60):
        if aim.evaluate("it => it === it.ownerDocument.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not lead there")
