"""Asking for a call as customers do it: from a product's page, by keyboard, on a phone, without a script, in any language."""

import os
import random
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.pages import PHONE, Storefront, held_back, picture, violations
from tests.browser.test_screens import EVERY

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
DESKTOP = {"viewport": {"width": 1366, "height": 860}}
# The second day that has a free slot is tomorrow, and late in the evening, when nothing is left today, the day after.
LATER = re.compile(r"We will call you (tomorrow|on \w+ \d+), ")
# Open day and night, so that a slot is free whenever the tests run, and called by somebody who is never at the desk.
CALLS = """
from datetime import time
from pathlib import Path
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import serializers
from shopchat.callbacks.models import CallbackRules
from shopchat.inboxes.finding import inbox_for
from shopchat.operators.models import Operator, Schedule, WorkingInterval
Path("{kept}").write_text(serializers.serialize("json", [*CallbackRules.objects.all(), *Operator.objects.all()]))
schedule = Schedule.objects.create(name="Day and night", time_zone="Europe/Kyiv")
for weekday in range(7):
    WorkingInterval.objects.create(schedule=schedule, weekday=weekday, opens_at=time(0), closes_at=time(0))
Operator.objects.update(takes_calls=False)
user = get_user_model().objects.create(username="night@demo.test", email="night@demo.test")
user.groups.add(Group.objects.get(name="Chat operators"))
Operator.objects.create(user=user, public_name="Night", takes_calls=True)
CallbackRules.objects.update_or_create(
    inbox=inbox_for(""),
    defaults={{"schedule": schedule, "is_active": True, "slot_minutes": 60, "calls_per_operator": 50, "horizon_days": 3}},
)
"""
AS_BEFORE = """
from pathlib import Path
from django.contrib.auth import get_user_model
from django.core import serializers
from django.utils import timezone
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.operators.models import Schedule
CallbackRequest.objects.waiting().filter(time_zone__gt="", slot_at__isnull=False, created_at__gte="{since}").update(
    state="cancelled", open_phone=None, slot_at=None, slot_until=None, seat=None, closed_at=timezone.now()
)
CallbackRules.objects.all().delete()
get_user_model().objects.get(username="night@demo.test").delete()
for row in serializers.deserialize("json", Path("{kept}").read_text()):
    row.save()
Schedule.objects.get(name="Day and night").delete()
"""
CALLS_IN_A_SLOT = """
from shopchat.callbacks.models import CallbackRules
CallbackRules.objects.update(calls_per_operator={number})
"""
MANY_REQUESTS = """
from django.contrib.auth import get_user_model
from shopchat.conf import settings
from shopchat.core.ratelimits import hit, RateLimited
user = get_user_model().objects.get(email="irina@demo.test")
try:
    while True:
        hit(settings.RATE_LIMITS["callback_captcha_after"], "callback_captcha_after", f"user:{user.pk}")
except RateLimited:
    pass
"""


MOVE = """
from django.utils import timezone
from shopchat.callbacks import changing, slots
from shopchat.callbacks.models import CallbackRequest, CallbackRules
request = CallbackRequest.objects.get(number="{number}")
free = slots.free_slots(CallbackRules.objects.get(), now=timezone.now())
changing.move(request, free[-1].value)
"""


@pytest.fixture(scope="module", autouse=True)
def shop_that_calls(_demo_dir):
    """The demo calls at all hours while these tests run, and is left as it was."""
    kept, since = _demo_dir / "before-the-calls.json", datetime.now(UTC).isoformat()
    in_the_demo(_demo_dir, CALLS.format(kept=kept))
    yield
    in_the_demo(_demo_dir, AS_BEFORE.format(kept=kept, since=since))


def in_the_demo(folder, code):
    environment = {
        **os.environ,
        "SHOPCHAT_DEMO_DIR": str(folder),
        "SHOPCHAT_TEST_PAGES": "1",
        "DJANGO_SETTINGS_MODULE": "example_site.settings",
    }
    subprocess.run([sys.executable, "-m", "django", "shell", "-v0", "-c", code], env=environment, cwd=ROOT, check=True)


def a_number() -> str:
    """Somebody else's with every call: one number waits once."""
    return f"044 {random.randint(200, 599)} {random.randint(10, 99)} {random.randint(10, 99)}"


def fill_in(form: Locator, phone: str, *, slot: int = 0) -> None:
    """Number, the n-th slot of the second day, consent."""
    form.locator("input[name=phone]").fill(phone)
    form.locator(".shopchat-date > label").nth(1).click()
    form.locator(".shopchat-date").nth(1).locator(".shopchat-slot").nth(slot).click()
    form.locator("input[name=consent]").check()


def test_from_a_product_by_keyboard_alone(customer):
    buyer: Storefront = customer().open_product()
    expect(buyer.launcher).to_be_visible()
    product = buyer.page.locator("h1").inner_text()
    keys, phone = buyer.page.keyboard, a_number()

    buyer.page.locator(".demo-call a").focus()
    keys.press("Enter")
    box = buyer.frame.locator("input[name=phone]")
    expect(box).to_be_focused()
    expect(buyer.frame.locator(".shopchat-check", has_text=product).locator("input")).to_be_checked()
    assert "/callback/" not in buyer.page.url
    keys.type(phone)
    keys.press("Tab")
    keys.press("ArrowRight")  # the second day
    keys.press("Tab")
    keys.press("Space")
    expect(buyer.frame.locator(".shopchat-slot input:checked")).to_be_focused()
    keys.press("Tab")
    keys.type("Olena")
    for _ in range(3):  # the product, what about, the consent
        keys.press("Tab")
    expect(buyer.frame.locator("input[name=consent]")).to_be_focused()
    keys.press("Space")
    keys.press("Enter")

    promise = buyer.frame.locator(".shopchat-promise")
    expect(promise).to_contain_text(LATER)
    expect(promise).to_contain_text(re.compile(r"C-\d{4}"))
    expect(promise.locator("h1")).to_be_focused()
    keys.press("Escape")
    expect(buyer.page.locator("shopchat-launcher iframe")).to_be_hidden()


def test_the_conversation_has_a_line_and_the_tabs_go_both_ways(customer):
    buyer = customer().open_product()
    expect(buyer.launcher).to_be_visible()
    buyer.page.locator(".demo-call a").click()
    fill_in(buyer.frame.locator("#shopchat-call"), a_number())
    buyer.frame.locator(".shopchat-submit").click()
    number = re.search(r"C-\d+", buyer.frame.locator(".shopchat-promise dl").inner_text())[0]

    buyer.frame.get_by_role("link", name="Chat", exact=True).click()
    expect(buyer.frame.locator("[data-author=system]").filter(has_text=number)).to_be_visible()
    buyer.frame.get_by_role("link", name="Call me back").click()

    expect(buyer.frame.locator(".shopchat-promise")).to_contain_text(number)


def test_a_time_is_changed_and_the_call_is_called_off(customer):
    buyer = customer().visit("/bare/").open_chat()
    buyer.frame.get_by_role("link", name="Call me back").click()
    fill_in(buyer.frame.locator("#shopchat-call"), a_number())
    buyer.frame.locator(".shopchat-submit").click()
    heading = buyer.frame.locator(".shopchat-promise h1")
    before = heading.inner_text()

    buyer.frame.get_by_role("link", name="Change the time").click()
    buyer.frame.locator(".shopchat-date > label").nth(2).click()
    buyer.frame.locator(".shopchat-date").nth(2).locator(".shopchat-slot").nth(3).click()
    buyer.frame.get_by_role("button", name="Change the time").click()
    expect(buyer.frame.get_by_role("status").filter(has_text="The time is changed.")).to_be_visible()
    assert heading.inner_text() != before
    buyer.frame.get_by_role("button", name="Cancel the call").click()

    expect(buyer.frame.locator("h1")).to_have_text("We will not call you")


def test_a_promise_that_changes_is_seen_without_a_reload(customer, request):
    buyer = customer().visit("/bare/").open_chat()
    buyer.frame.get_by_role("link", name="Call me back").click()
    fill_in(buyer.frame.locator("#shopchat-call"), a_number())
    buyer.frame.locator(".shopchat-submit").click()
    heading = buyer.frame.locator(".shopchat-promise h1")
    expect(heading).to_contain_text(LATER)
    before = heading.inner_text()
    number = re.search(r"C-(\d+)", buyer.frame.locator(".shopchat-promise dl").inner_text())[1]

    in_the_demo(request.getfixturevalue("_demo_dir"), MOVE.format(number=number))

    expect(heading).not_to_have_text(before)
    expect(heading).to_contain_text("We will call you on ")
    assert buyer.page.evaluate("document.activeElement?.tagName") == "SHOPCHAT-LAUNCHER"


def test_errors_keep_what_was_typed_and_the_first_has_the_focus(customer):
    buyer = customer(allowed=("422",)).visit("/bare/").open_chat()
    buyer.frame.get_by_role("link", name="Call me back").click()
    form = buyer.frame.locator("#shopchat-call")
    fill_in(form, "not a number", slot=2)
    form.locator("textarea[name=about]").fill("Two lines\nof words")
    chosen = form.locator(".shopchat-slot input:checked").get_attribute("value")

    form.locator(".shopchat-submit").click()

    phone = form.locator("input[name=phone]")
    expect(phone).to_have_attribute("aria-invalid", "true")
    expect(phone).to_be_focused()
    expect(phone).to_have_value("not a number")
    expect(form.locator("textarea[name=about]")).to_have_value("Two lines\nof words")
    expect(form.locator("input[name=consent]")).to_be_checked()
    expect(form.locator(".shopchat-slot input:checked")).to_have_value(chosen)


def test_what_is_half_typed_survives_a_walk_through_the_shop(customer):
    buyer = customer().visit("/bare/").open_chat()
    buyer.frame.get_by_role("link", name="Call me back").click()
    buyer.frame.locator("input[name=phone]").fill("044 12")

    buyer.visit("/pages/about/")
    if not buyer.page.locator("shopchat-launcher iframe").count():
        buyer.launcher.first.click()
    buyer.frame.get_by_role("link", name="Call me back").click()

    expect(buyer.frame.locator("input[name=phone]")).to_have_value("044 12")


def test_what_is_typed_before_the_script_has_come_survives_too(customer):
    buyer = customer().visit("/bare/").open_chat()
    with held_back(buyer.page, "callback") as arrives:
        buyer.frame.get_by_role("link", name="Call me back").click()
        buyer.frame.locator("input[name=phone]").fill("044 12")
        arrives()
    expect(buyer.frame.locator("#shopchat-close")).to_be_visible()

    buyer.visit("/pages/about/")
    if not buyer.page.locator("shopchat-launcher iframe").count():
        buyer.launcher.first.click()
    buyer.frame.get_by_role("link", name="Call me back").click()

    expect(buyer.frame.locator("input[name=phone]")).to_have_value("044 12")


def test_a_slot_that_fills_meanwhile_is_told_and_the_next_one_chosen(customer, request):
    in_the_demo(request.getfixturevalue("_demo_dir"), CALLS_IN_A_SLOT.format(number=1))
    request.addfinalizer(lambda: in_the_demo(request.getfixturevalue("_demo_dir"), CALLS_IN_A_SLOT.format(number=50)))
    buyer, other = (customer(allowed=("422",)).visit("/chat/callback/") for _ in range(2))
    form = buyer.page.locator("#shopchat-call")
    # Late at night of the last day: no other test asks for it.
    for who in (buyer, other):
        who.page.locator(".shopchat-date > label").last.click()
        who.page.locator(".shopchat-date").last.locator(".shopchat-slot").nth(-3).click()
        who.page.locator("input[name=phone]").fill(a_number())
        who.page.locator("input[name=consent]").check()
    form.locator("input[name=name]").fill("Kept")
    values = [
        one.get_attribute("value") for one in form.locator(".shopchat-date").last.locator(".shopchat-slot input").all()
    ]
    chosen = form.locator(".shopchat-slot input:checked")
    expect(chosen).to_have_value(values[-3])
    other.page.locator(".shopchat-submit").click()
    expect(other.page.locator(".shopchat-promise")).to_be_visible()

    # Somebody who comes back to the tab.
    buyer.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    error = buyer.page.locator("#shopchat-when-error")
    expect(error).to_contain_text("This time was taken meanwhile. We have chosen the next free one:")
    expect(chosen).to_have_value(values[-2])
    expect(form.locator("input[name=name]")).to_have_value("Kept")
    form.locator(".shopchat-submit").click()
    expect(buyer.page.locator(".shopchat-promise")).to_be_visible()


def test_slots_are_shown_in_the_customers_zone(customer):
    buyer = customer(timezone_id="America/New_York").visit("/chat/callback/")

    expect(buyer.page.locator("#shopchat-zone")).to_have_text(
        re.compile(r"Your times: New York \(UTC−[45]\)\. The shop is in Kyiv \(UTC\+[23]\)\.")
    )
    fill_in(buyer.page.locator("#shopchat-call"), a_number())
    slot = buyer.page.locator(".shopchat-slot:has(input:checked)").inner_text()
    buyer.page.locator(".shopchat-submit").click()

    expect(buyer.page.locator(".shopchat-promise h1")).to_contain_text(slot)


def test_a_browser_proves_by_itself_that_it_is_no_program(customer, request):
    in_the_demo(request.getfixturevalue("_demo_dir"), MANY_REQUESTS)
    buyer = customer(allowed=("429",)).sign_in("irina@demo.test").visit("/chat/callback/?new=1")
    answers = []
    buyer.page.on("response", lambda answer: answers.append(answer.status) if "/callback/?" in answer.url else None)
    fill_in(buyer.page.locator("#shopchat-call"), a_number())

    buyer.page.locator(".shopchat-submit").click()

    expect(buyer.page.locator(".shopchat-promise").first).to_be_visible(timeout=60_000)
    assert answers == [429, 302, 200]


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_without_javascript(customer, device):
    buyer = customer(allowed=("422",), java_script_enabled=False, **device).visit("/chat/callback/")
    form = buyer.page.locator("#shopchat-call")
    expect(buyer.page.locator("#shopchat-zone")).to_contain_text("Times of Kyiv")
    # The slots of one day are shown at a time.
    assert form.locator(".shopchat-slots:visible").count() == 1
    fill_in(form, "12")
    form.locator(".shopchat-submit").click()
    expect(form.locator("#shopchat-phone-error")).to_contain_text("too short")
    expect(form.locator("input[name=consent]")).to_be_checked()
    form.locator("input[name=phone]").fill(a_number())

    form.locator(".shopchat-submit").click()

    expect(buyer.page.locator(".shopchat-promise")).to_contain_text(LATER)
    buyer.page.reload()
    expect(buyer.page.locator(".shopchat-promise")).to_have_count(1)
    buyer.page.get_by_role("link", name="Cancel the call").click()
    buyer.page.get_by_role("button", name="Cancel the call").click()
    expect(buyer.page.locator("h1")).to_have_text("We will not call you")


def test_a_page_of_the_cms_has_the_button(customer):
    buyer = customer().visit("/pages/choosing-a-tent/")
    expect(buyer.launcher).to_be_visible()

    buyer.page.locator(".shopchat-callback-button").click()

    expect(buyer.frame.locator(".shopchat-check", has_text="Choosing a tent")).to_be_visible()


@pytest.mark.parametrize(
    ("device", "scheme", "language"),
    [
        pytest.param(device, scheme, language, id=f"{name}-{scheme}-{language}")
        for name, device, scheme, language in (
            ("desktop", DESKTOP, "light", "en"),
            ("desktop", DESKTOP, "dark", "ru"),
            ("phone", PHONE, "light", "uk"),
            ("phone", PHONE, "dark", "en"),
            ("phone", PHONE, "dark", "uk"),
        )
        if EVERY or (name, scheme, language) in {("desktop", "light", "en"), ("phone", "dark", "uk")}
    ],
)
def test_the_screens(customer, device, scheme, language, request):
    name = f"callback-{request.node.callspec.id}"
    locale = {"en": "en-GB", "ru": "ru-RU", "uk": "uk-UA"}[language]
    options = {**device, "color_scheme": scheme, "locale": locale}
    buyer = customer(allowed=("422", "409"), **options).open_product()
    expect(buyer.page.locator("shopchat-launcher")).to_be_attached()
    buyer.page.locator(".demo-call").scroll_into_view_if_needed()
    picture(buyer.page, f"{name}-0-product")
    buyer.page.locator(".demo-call a").click()
    form = buyer.frame.locator("#shopchat-call")
    expect(form.locator("input[name=phone]")).to_be_visible()
    picture(buyer.page, f"{name}-1-form")
    assert _ours(buyer) == []

    phone = a_number()
    fill_in(form, "+1 900 555 0100", slot=4)
    form.locator("input[name=consent]").uncheck()
    form.locator(".shopchat-submit").click()
    expect(form.locator("[aria-invalid=true]")).to_have_count(2)
    picture(buyer.page, f"{name}-2-errors")
    form.locator(".shopchat-submit").scroll_into_view_if_needed()
    picture(buyer.page, f"{name}-3-errors-end")
    assert _ours(buyer) == []

    form.locator("input[name=phone]").fill(phone)
    form.locator("input[name=consent]").check()
    form.locator(".shopchat-submit").click()
    expect(buyer.frame.locator(".shopchat-promise")).to_be_visible()
    picture(buyer.page, f"{name}-4-promise")
    assert _ours(buyer) == []

    buyer.frame.locator(".shopchat-calls > p a").click()
    fill_in(form, phone, slot=1)
    form.locator(".shopchat-submit").click()
    expect(buyer.frame.locator("button[name=replace]")).to_be_visible()
    picture(buyer.page, f"{name}-5-waits")
    assert _ours(buyer) == []
    buyer.frame.locator("button[name=replace]").click()
    buyer.frame.locator(".shopchat-deeds a").first.click()
    expect(buyer.frame.locator("#shopchat-move")).to_be_visible()
    picture(buyer.page, f"{name}-6-change")
    assert _ours(buyer) == []
    assert buyer.page.frames[1].evaluate("document.documentElement.scrollWidth <= innerWidth")


def _ours(buyer: Storefront) -> list[str]:
    """Violations in what is ours; the store's own pages are the store's own matter."""
    return [line for line in violations(buyer.page) if "shopchat" in line]
