"""One stream for all tabs of a browser: nothing lost, nothing doubled, whatever becomes of tabs, streams and servers."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import capabilities
from tests.browser import pages
from tests.browser.conftest import FLAGS
from tests.browser.pages import Desk, Storefront

pytestmark = pytest.mark.browser

# What a browser notes when a connection is refused or cut on purpose.
CUT = (*pages.CUT, "503", "403", "404")


def tab(beside: Storefront | Desk, path: str = "/bare/") -> Storefront:
    """Another tab of the same browser with its chat open."""
    page = Storefront(beside.page.context.new_page(), beside.base).visit(path)
    if not page.page.locator("shopchat-launcher iframe").count():
        page.launcher.first.click()
    expect(page.text_box).to_be_visible()
    return page


def until(condition: Callable[[], object], page: Page, seconds: float = 60) -> None:
    """Wait, letting the browser go on, until that holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        page.wait_for_timeout(100)


def until_quiet(asked: list[str], page: Page) -> None:
    """Wait until nobody polls any longer, who would do so every two seconds at first; then count anew."""

    def is_quiet() -> bool:
        asked.clear()
        page.wait_for_timeout(3000)
        return not asked

    until(is_quiet, page)
    asked.clear()


def replies(page: Storefront) -> list[str]:
    return page.frame.locator("[data-author=operator] .shopchat-bubble").all_inner_texts()


def polls(page: Storefront | Desk) -> list[str]:
    """Grows by an address for each poll from now on."""
    asked: list[str] = []
    page.page.context.on("request", lambda request: asked.append(request.url) if "/live/poll/" in request.url else None)
    return asked


@pytest.fixture
def buyer(customer, counted_shop):
    """Somebody who has written, with a stream."""
    buyer = customer(counted_shop.base, allowed=CUT).visit("/bare/").open_chat()
    buyer.say_and_wait("Hello")
    until(lambda: counted_shop.streams()["open"] == 1, buyer.page)
    return buyer


@pytest.fixture
def anna(operator, counted_shop, buyer):
    """An operator who reads what the buyer wrote, in a browser of her own."""
    return operator("anna", counted_shop.base, allowed=CUT).visit(f"/cms/chat/{buyer.number()}/?show=all")


def test_ten_tabs_hold_one_stream_and_leaders_may_go(buyer, counted_shop, operator):
    tabs = [buyer, *(tab(buyer) for _ in range(9))]
    assert counted_shop.streams()["open"] == counted_shop.streams()["most"] == 1
    asked = polls(buyer)
    anna = operator("anna", counted_shop.base).visit(f"/cms/chat/{buyer.number()}/?show=all")

    sent = [f"answer {n}" for n in range(6)]
    for n, text in enumerate(sent):
        if n in {2, 4}:
            tabs.pop(0).page.close()  # the first one leads
        anna.reply(text)

    for page in tabs:
        expect(page.message(sent[-1])).to_be_visible()
    assert [replies(page) for page in tabs] == [sent] * 8
    assert counted_shop.streams()["open"] == 2  # one is Anna's
    assert asked == []


@pytest.mark.parametrize("others", [0, 1])
def test_a_page_kept_for_back_holds_no_stream_and_misses_nothing(keeping_browser, counted_shop, operator, others):
    context = keeping_browser.new_context(locale="en-GB")
    buyer = Storefront(context.new_page(), counted_shop.base)
    buyer.page.add_init_script("addEventListener('pageshow', (event) => (window.persisted = event.persisted))")
    buyer.visit("/bare/").open_chat().say_and_wait("I go and come back")
    number = buyer.number()
    for _ in range(others):
        tab(buyer)
    until(lambda: counted_shop.streams()["open"] == 1, buyer.page)

    buyer.page.goto(f"{counted_shop.base}/-/streams")
    until(lambda: counted_shop.streams()["open"] == others, buyer.page)
    operator("anna", counted_shop.base).visit(f"/cms/chat/{number}/?show=all").reply("While you were away")
    buyer.page.evaluate("setTimeout(() => history.back())")

    # The driver loses sight of the frames of a page that comes back, so the page itself is asked.
    until(lambda: "/bare/" in buyer.page.url and buyer.page.evaluate("window.persisted") is not None, buyer.page)
    shown = """[...document.querySelector("shopchat-launcher").shadowRoot.querySelector("iframe").contentDocument
        .querySelectorAll("[data-author=operator] .shopchat-bubble")].map((bubble) => bubble.textContent)"""
    until(lambda: buyer.page.evaluate(shown), buyer.page)
    assert buyer.page.evaluate("window.persisted") is True
    assert buyer.page.evaluate(shown) == ["While you were away"]
    assert counted_shop.streams()["open"] == 2
    context.close()


@pytest.fixture
def keeping_browser(_browser):
    """Chromium as people have it: Playwright switches the cache for "back" off."""
    browser = _browser.browser_type.launch(
        executable_path=capabilities.chromium(), args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


def test_the_desk_and_the_store_in_one_browser_share_a_stream(operator, counted_shop):
    anna = operator("anna", counted_shop.base, allowed=CUT)
    asked = polls(anna)
    store = tab(anna)
    store.say_and_wait("From the same browser")
    number = store.number()

    expect(anna.row(number)).to_contain_text("From the same browser")
    account = anna.page.context.new_page()
    account.goto(f"{counted_shop.base}/cms/account/")
    badge = account.locator("[data-shopchat-badge]").first
    expect(badge).to_be_attached()
    before = int(badge.get_attribute("data-shopchat-badge") or 0)
    anna.open(number).take()
    anna.reply("To the same browser")

    expect(badge).to_have_attribute("data-shopchat-badge", str(before - 1))
    expect(store.message("To the same browser")).to_be_visible()
    counts = counted_shop.streams()
    assert (counts["open"], counts["tickets"]) == (1, 2)
    assert asked == []


def test_a_refused_stream_is_bridged_by_polls_and_tried_again(customer, operator, counted_shop):
    buyer = customer(counted_shop.base, allowed=CUT)
    buyer.page.clock.install()
    buyer.visit("/bare/").open_chat().say_and_wait("Hello")
    number = buyer.number()
    until(lambda: counted_shop.streams()["open"] == 1, buyer.page)
    second = tab(buyer)
    asked = polls(buyer)

    counted_shop.streams(refuse=503, cut=1)
    until(lambda: len(asked) >= 2, buyer.page)
    anna = operator("anna", counted_shop.base, allowed=CUT).visit(f"/cms/chat/{number}/?show=all")
    anna.reply("by polls")
    for page in (buyer, second):
        expect(page.message("by polls")).to_be_visible()
    assert buyer.frame.locator("#shopchat-connection").inner_text() == ""
    assert counted_shop.streams()["refused"] <= 5

    counted_shop.streams(refuse="", reset=1)
    buyer.page.clock.fast_forward(30_000)
    until(lambda: counted_shop.streams()["open"] >= 1, buyer.page)
    until_quiet(asked, buyer.page)
    anna.reply("by the stream")
    for page in (buyer, second):
        expect(page.message("by the stream")).to_be_visible()
        assert replies(page) == ["by polls", "by the stream"]
    assert asked == []


def test_a_captive_portals_stream_is_bridged_by_polls(customer, operator, counted_shop):
    buyer = customer(counted_shop.base, allowed=CUT)
    portal = lambda route: route.fulfill(content_type="text/event-stream", body="data: {}\n\n")  # noqa: E731
    buyer.page.context.route("**/live/stream/**", portal)
    asked = polls(buyer)
    buyer.visit("/bare/").open_chat().say_and_wait("Hello")
    until(lambda: len(asked) >= 1, buyer.page)

    operator("anna", counted_shop.base).visit(f"/cms/chat/{buyer.number()}/?show=all").reply("by polls")

    expect(buyer.message("by polls")).to_be_visible()
    assert counted_shop.streams()["open"] == 1  # Anna's


def test_a_server_that_is_started_again_loses_nothing(buyer, anna, counted_shop):
    second = tab(buyer)
    anna.reply("before")
    expect(second.message("before")).to_be_visible()

    counted_shop.stop()
    buyer.say("said to nobody")
    expect(buyer.frame.locator("#shopchat-connection")).to_contain_text("No connection")
    expect(anna.page.locator(".sc-alerts")).to_contain_text("interrupted")
    counted_shop.start()

    expect(buyer.message("said to nobody").first).to_have_attribute("data-seq", re.compile(r"\d+"), timeout=30_000)
    expect(anna.message("said to nobody")).to_be_visible(timeout=30_000)
    anna.reply("after")
    for page in (buyer, second):
        expect(page.message("after")).to_be_visible(timeout=30_000)
        assert replies(page) == ["before", "after"]
        expect(page.frame.locator("#shopchat-connection")).to_be_empty()
    until(lambda: counted_shop.streams()["open"] == 2, buyer.page, 30)


def test_offline_and_online_again(buyer, anna, counted_shop):
    buyer.page.context.set_offline(True)
    expect(buyer.frame.locator("#shopchat-connection")).to_contain_text("No connection")
    anna.reply("while you were offline")

    buyer.page.context.set_offline(False)

    expect(buyer.message("while you were offline")).to_be_visible()
    expect(buyer.frame.locator("#shopchat-connection")).to_be_empty()
    until(lambda: counted_shop.streams()["open"] == 2, buyer.page, 20)
    assert replies(buyer) == ["while you were offline"]


def hide(page: Page, on: bool) -> None:
    """All that a page sees of being hidden."""
    for frame in page.frames:
        frame.evaluate(
            """(on) => {
                for (const [name, value] of [["hidden", on], ["visibilityState", on ? "hidden" : "visible"]])
                    Object.defineProperty(document, name, { get: () => value, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            on,
        )


def test_a_tab_of_the_store_that_is_hidden_for_long_lets_go_and_the_desk_stays(customer, operator, counted_shop):
    buyer = customer(counted_shop.base, allowed=CUT)
    anna = operator("anna", counted_shop.base, allowed=CUT)
    for page in (buyer.page, anna.page):
        page.clock.install()
    buyer.visit("/bare/").open_chat().say_and_wait("Hello")
    anna.visit(f"/cms/chat/{buyer.number()}/?show=all")
    until(lambda: counted_shop.streams()["open"] == 2, buyer.page)

    for page in (buyer.page, anna.page):
        hide(page, True)
        page.clock.fast_forward(290_000)
    # The clock jumped, as after a sleep: what was silent for so long is opened anew.
    until(lambda: counted_shop.streams(reset=1)["open"] == 2, buyer.page)
    for page in (buyer.page, anna.page):
        page.clock.fast_forward(20_000)

    until(lambda: counted_shop.streams()["open"] == 1, buyer.page)
    anna.reply("are you there?")
    buyer.page.wait_for_timeout(500)
    assert replies(buyer) == []
    hide(buyer.page, False)
    expect(buyer.message("are you there?")).to_be_visible()


def test_a_leader_that_sleeps_with_the_lock_is_replaced(customer, operator, counted_shop):
    buyer = customer(counted_shop.base, allowed=CUT)
    sleeper = buyer.page.context.new_page()
    sleeper.goto(f"{counted_shop.base}/bare/")
    sleeper.evaluate(
        "void navigator.locks.request('shopchat-live /chat/live/stream/', () => new Promise(() => {})).catch(() => {})"
    )
    buyer.page.clock.install()
    asked = polls(buyer)
    buyer.visit("/bare/").open_chat().say_and_wait("Hello")
    until(lambda: asked, buyer.page)
    assert counted_shop.streams()["open"] == 0

    buyer.page.clock.fast_forward(12_000)

    until(lambda: counted_shop.streams()["open"] == 1, buyer.page)


def test_an_operator_who_signs_out_elsewhere_is_told_and_asks_no_more(operator, counted_shop):
    anna = operator("anna", counted_shop.base, allowed=CUT)
    asked = polls(anna)
    until(lambda: counted_shop.streams()["open"] == 1, anna.page)
    elsewhere = anna.page.context.new_page()
    elsewhere.goto(f"{counted_shop.base}/cms/account/")
    counted_shop.streams(reset=1)

    elsewhere.evaluate(
        """() => fetch("/cms/logout/", { method: "POST", headers: {
            "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value } })"""
    )

    expect(anna.page.locator(".sc-alerts")).to_contain_text("signed out")
    until(lambda: counted_shop.streams()["open"] == 0, anna.page)
    anna.page.wait_for_timeout(3000)
    counts = counted_shop.streams()
    assert (counts["open"], counts["total"] <= 4, asked) == (0, True, [])


def test_a_customer_who_signs_out_elsewhere_leaves_no_words_on_the_screen(customer, counted_shop):
    buyer = customer(counted_shop.base, allowed=CUT).sign_in().visit("/bare/").open_chat()
    buyer.say_and_wait("a private matter")
    until(lambda: counted_shop.streams()["open"] == 1, buyer.page)
    elsewhere = buyer.page.context.new_page()

    elsewhere.goto(f"{counted_shop.base}/accounts/logout/")

    expect(buyer.message("a private matter")).to_have_count(0)
    assert counted_shop.streams()["total"] <= 4
