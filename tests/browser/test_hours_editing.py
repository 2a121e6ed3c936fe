"""The week of a schedule as its owner sets it: with keys alone, on a phone, and in a browser that runs no script."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import PHONE, picture, violations
from tests.browser.test_screens import DESKTOP, LOOKS, _prefer

pytestmark = pytest.mark.browser

LIST = "/cms/chat/hours/"
# Wagtail's own form of a thing with a title field has no heading of the first level.
WAGTAILS = "page-has-heading-one"


def day(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def line(page: Page, number: int) -> Locator:
    return page.locator(f"#id_day_{number}")


def press(button: Locator) -> None:
    button.focus()
    button.press("Enter")


def add(page: Page, group: Locator, opens: str, closes: str) -> None:
    """Types both times as this browser asks for them: two digits, two digits, and the half of the day."""
    press(group.get_by_role("button", name="Add an interval"))
    page.keyboard.type(opens)
    for _ in range(3):  # some versions stop at the button that opens the clock
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.part") == "closes":
            break
    page.keyboard.type(closes)


def save(page: Page) -> None:
    page.locator("#w-editor-form").evaluate("form => form.requestSubmit()")
    page.wait_for_load_state()


def test_a_week_is_set_with_keys_alone(operator):
    owner = operator("owner", **DESKTOP).visit(f"{LIST}new/")
    page = owner.page
    page.locator("#id_name").fill("Nights and days")
    monday, tuesday = day(page, "Monday"), day(page, "Tuesday")
    expect(line(page, 0)).to_be_hidden()

    add(page, monday, "0900A", "0100P")
    add(page, monday, "1000P", "0600A")

    expect(line(page, 0)).to_have_value("09:00–13:00, 22:00–06:00")
    expect(monday.get_by_text("on the next day").nth(1)).to_be_visible()
    expect(monday.get_by_text("on the next day").nth(0)).to_be_hidden()
    expect(monday.locator(".sc-week__bar")).to_have_count(2)
    expect(tuesday.locator(".sc-week__bar--night")).to_have_count(1)

    press(monday.get_by_role("button", name="Copy to all weekdays"))
    expect(line(page, 4)).to_have_value("09:00–13:00, 22:00–06:00")
    expect(line(page, 5)).to_have_value("")
    press(day(page, "Friday").get_by_role("button", name="Remove").nth(1))
    expect(line(page, 4)).to_have_value("09:00–13:00")
    expect(day(page, "Friday").get_by_role("button", name="Add an interval")).to_be_focused()
    assert [found for found in violations(page) if WAGTAILS not in found] == []

    press(page.get_by_role("button", name="Add other hours"))
    page.keyboard.type("Feast")
    page.locator("#id_other-1-first_day").fill("2027-01-01")
    save(page)

    page.get_by_role("link", name="Nights and days").first.click()
    expect(line(page, 0)).to_have_value("09:00–13:00, 22:00–06:00")
    expect(line(page, 4)).to_have_value("09:00–13:00")
    expect(page.locator("#id_other-0-name")).to_have_value("Feast")


def test_without_a_script_the_lines_do_it(operator):
    owner = operator("owner", java_script_enabled=False, **DESKTOP).visit(f"{LIST}new/")
    page = owner.page
    page.locator("#id_name").fill("Without a script")
    line(page, 0).fill("22:00-06:00")
    line(page, 1).fill("05:00-09:00")
    page.locator("#id_other-0-first_day").fill("2027-01-01")

    page.locator("#w-editor-form button[type=submit]").first.click()

    expect(day(page, "Monday").get_by_text("lasts into the hours of the next day")).to_be_visible()
    expect(line(page, 0)).to_have_value("22:00-06:00")
    line(page, 1).fill("06:00-09:00")
    page.locator("#w-editor-form button[type=submit]").first.click()
    page.get_by_role("link", name="Without a script").first.click()
    expect(line(page, 0)).to_have_value("22:00–06:00")
    expect(page.locator("#id_other-0-first_day")).to_have_value("2027-01-01")


def test_a_line_that_cannot_be_read_stays_a_line(operator):
    owner = operator("owner", **DESKTOP).visit(f"{LIST}new/")
    page = owner.page
    page.locator("#id_name").fill("Half of a time")
    press(day(page, "Monday").get_by_role("button", name="Add an interval"))
    page.keyboard.type("0900A")

    save(page)

    expect(day(page, "Monday").get_by_text("“09:00–” cannot be read")).to_be_visible()
    expect(line(page, 0)).to_be_visible()
    line(page, 0).fill("9-18")
    line(page, 0).blur()
    expect(line(page, 0)).to_be_hidden()
    expect(day(page, "Monday").locator("input[type=time]").nth(1)).to_have_value("18:00")


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_week_fits_the_screen(operator, device, scheme, language, request):
    owner = operator("owner", **device, color_scheme=scheme)
    _prefer(owner, language, "system")
    page = owner.page
    try:
        owner.visit(LIST)
        page.locator("main a[href*='/edit/']").first.click()
        expect(page.locator(".sc-week__bar").first).to_be_visible()
        page.wait_for_timeout(500)

        page.locator(".sc-week").scroll_into_view_if_needed()
        picture(page, f"hours-{request.node.callspec.id}-week")
        assert [found for found in violations(page) if WAGTAILS not in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator(".sc-rows").scroll_into_view_if_needed()
        picture(page, f"hours-{request.node.callspec.id}-other")
    finally:
        _prefer(owner, "en", "system")


@pytest.mark.parametrize(
    ("device", "scheme"),
    [pytest.param(DESKTOP, "light", id="desktop-light"), pytest.param(PHONE, "dark", id="phone-dark")],
)
def test_the_rules_of_callbacks_fit_the_screen(operator, device, scheme, request):
    owner = operator("owner", **device, color_scheme=scheme)
    _prefer(owner, "en", "system")
    page = owner.visit("/cms/chat/callback-rules/new/").page
    expect(page.locator("#id_retry_minutes")).to_have_value("30, 120")
    page.locator("#id_countries").fill("UA, Poland")
    page.locator("#id_day_ends_at").fill("08:00")

    save(page)

    expect(page.get_by_text("“Poland” is no country.")).to_be_visible()
    expect(page.get_by_text("The day ends before it begins.")).to_be_visible()
    expect(page.locator("#id_countries")).to_have_value("UA, Poland")
    picture(page, f"rules-{request.node.callspec.id}-1-rules")
    assert [found for found in violations(page) if WAGTAILS not in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#id_day_ends_at").scroll_into_view_if_needed()
    picture(page, f"rules-{request.node.callspec.id}-2-again")

    page.get_by_role("tab", name="Consent").click()
    expect(page.locator("#id_consent_en")).to_be_visible()
    picture(page, f"rules-{request.node.callspec.id}-3-consent")
    assert [found for found in violations(page) if WAGTAILS not in found] == []
