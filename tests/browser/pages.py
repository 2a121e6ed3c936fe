"""The screens as people use them, so that tests read like what somebody does."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

PRODUCT = "/catalogue/"
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
# What a browser and htmx write into the console when a request fails, for tests that cut the connection.
CUT = ("ERR_", "Failed to load", "htmx-2.min.js")
# The button beside a panel's heading, too small where the bar at the top covers a part of it.
WAGTAILS = "button[aria-describedby^='panel-']"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def held_back(page: Page, script: str) -> Iterator[Callable[[], None]]:
    """A slow network for one of our scripts, named without its hash and ending: it comes when what is yielded is called."""
    address = re.compile(rf"/shopchat_widget/{script}(\.\w+)?\.js")
    held: list[Route] = []
    page.context.route(address, lambda route: held.append(route))  # noqa: PLW0108 Playwright marks what it calls

    def arrives() -> None:
        for _ in range(500):
            if held:
                return held.pop().continue_()
            page.wait_for_timeout(20)
        raise AssertionError(f"nobody has asked for {script}.js")

    yield arrives
    page.context.unroute(address)


class Storefront:
    """A customer's window on the store."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base

    def visit(self, path: str = PRODUCT) -> "Storefront":
        self.page.goto(self.base + path)
        return self

    def open_product(self) -> "Storefront":
        """The first product of the catalogue that can be bought."""
        self.visit(PRODUCT)
        form = self.page.locator("article.product_pod", has=self.page.locator("form[action*='/basket/add/']")).first
        form.locator("h3 a").click()
        arrive(self.page, "/catalogue/.+")
        return self

    def add_to_basket(self) -> "Storefront":
        buttons = "#add_to_basket_form button[type=submit], form[action*='/basket/add/'] button[type=submit]"
        with self.page.expect_navigation():
            self.page.locator(buttons).first.click()
        return self

    def sign_in(self, email: str = "customer@demo.test") -> "Storefront":
        self.visit("/accounts/login/")
        self.page.fill("input[name=login-username]", email)
        self.page.fill("input[name=login-password]", "demo")
        self.page.click("button[name=login_submit]")
        arrive(self.page, "(?!/accounts/login/).*")
        return self

    @property
    def launcher(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("Chat"))

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("shopchat-launcher iframe")

    def open_chat(self) -> "Storefront":
        self.launcher.first.click()
        expect(self.text_box).to_be_visible()
        return self

    @property
    def text_box(self) -> Locator:
        return self.frame.locator("textarea[name=text]")

    @property
    def messages(self) -> Locator:
        return self.frame.locator("[data-author]").filter(visible=True)

    def message(self, text: str) -> Locator:
        return self.frame.locator("[data-author]").filter(has_text=text)

    def say(self, text: str) -> Locator:
        """Writes and sends; answers the bubble, which may not have been stored yet."""
        self.text_box.fill(text)
        self.text_box.press("Enter")
        return self.message(text)

    def say_and_wait(self, text: str) -> Locator:
        """Writes, sends, and waits until the server has it."""
        bubble = self.say(text)
        expect(bubble.first).to_have_attribute("data-seq", re.compile(r"\d+"))
        return bubble

    def tick(self, text: str) -> Locator:
        return self.message(text).locator("svg[data-state]")

    def number(self) -> str:
        """The conversation's number, digits only."""
        found = re.search(r"(\d{4})-(\d{4})", self.frame.locator("#shopchat-number").inner_text())
        assert found
        return found[1] + found[2]


class Desk:
    """An operator's window on the desk."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base

    def sign_in(self, email: str) -> "Desk":
        self.page.goto(self.base + "/cms/login/?next=/cms/chat/")
        self.page.fill("input[name=username]", email)
        self.page.fill("input[name=password]", "demo")
        self.page.click("button[type=submit]")
        arrive(self.page, "/cms/chat/.*")
        return self

    def visit(self, path: str = "/cms/chat/?show=all") -> "Desk":
        self.page.goto(self.base + path)
        return self

    def row(self, number: str) -> Locator:
        return self.page.locator(f".sc-row[data-number='{number}']")

    def open(self, number: str) -> "Desk":
        self.row(number).locator("a").first.click()
        expect(self.page.locator(f"#sc-thread[data-number='{number}']")).to_be_visible()
        return self

    @property
    def text_box(self) -> Locator:
        return self.page.locator("#sc-text")

    def message(self, text: str) -> Locator:
        return self.page.locator(".sc-messages [data-author]").filter(has_text=text)

    def take(self) -> "Desk":
        self.page.get_by_role("button", name="Take").click()
        return self

    def press(self, name: str) -> "Desk":
        self.page.locator(".sc-bar").get_by_role("button", name=name).click()
        return self

    def reply(self, text: str) -> Locator:
        self.text_box.fill(text)
        self.text_box.press("Enter")
        bubble = self.message(text)
        expect(bubble).to_have_attribute("data-seq", re.compile(r"\d+"))
        return bubble

    def note(self, text: str) -> Locator:
        self.page.locator(".sc-mode--note").click()
        self.page.get_by_role("button", name="Save note").wait_for()
        return self.reply(text)


def arrive(page: Page, path: str) -> None:
    """Wait for the page at this path, a pattern for all of it.

    A pattern for the whole address would also find the path in a ``?next=``; the state "loaded" is the old page's as well.
    """
    page.wait_for_url(lambda url: bool(re.fullmatch(path, urlsplit(url).path)))


def violations(page: Page) -> list[str]:
    """What axe finds on the page and in its frames, one line for each."""
    found = (
        Axe()
        .run(page, context={"exclude": [[WAGTAILS]]}, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
        .response["violations"]
    )
    return [f"{v['id']}: {v['help']}: {[node['target'] for node in v['nodes']][:5]}" for v in found]


def picture(page: Page, name: str) -> None:
    """Keep what the window shows, for a person to look at."""
    folder = Path("var/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")
