"""Every screen in light and dark, on a desktop and on a phone, in English and Russian: no violation that axe can find.

Each screen is also kept as a picture in ``var/pictures`` for a person to look at.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.pages import CUT, PHONE, Desk, Storefront, arrive, picture, violations

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]

DESKTOP = {"viewport": {"width": 1366, "height": 860}}
EVERY = os.environ.get("SHOPCHAT_ALL_SCREENS") == "1"
OPPOSITES = {("desktop", "light", "en"), ("phone", "dark", "ru")}
LOOKS = [
    pytest.param(device, scheme, language, id=f"{name}-{scheme}-{language}")
    for name, device in (("desktop", DESKTOP), ("phone", PHONE))
    for scheme in ("light", "dark")
    for language in ("en", "ru")
    # Each choice is seen; all eight together are for whoever wants every picture.
    if EVERY or (name, scheme, language) in OPPOSITES
]
QUESTIONS = {
    "en": "Is this tent waterproof? See https://example.com/tent",
    "ru": "Эта палатка не промокает? Вот она: https://example.com/tent",
}
ANSWERS = {"en": "Yes, up to 3000 mm. It stood through a storm last week.", "ru": "Да, до 3000 мм. Пережила грозу."}


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_widgets_screens(customer, operator, device, scheme, language, request):
    name = f"widget-{request.node.callspec.id}"
    options = {**device, "color_scheme": scheme, "locale": {"en": "en-GB", "ru": "ru-RU"}[language]}
    buyer: Storefront = customer(allowed=CUT, **options).open_product()
    expect(buyer.page.locator("shopchat-launcher")).to_be_attached()
    buyer.page.wait_for_timeout(500)
    picture(buyer.page, f"{name}-1-closed")
    assert _in_launcher(buyer) == []

    buyer.page.locator("shopchat-launcher").get_by_role("button").first.click()
    expect(buyer.text_box).to_be_visible()
    picture(buyer.page, f"{name}-2-empty")
    assert _in_launcher(buyer) == []

    buyer.say_and_wait(QUESTIONS[language])
    anna = operator("anna").visit(f"/cms/chat/{buyer.number()}/?show=all")
    anna.take()
    anna.reply(ANSWERS[language])
    expect(buyer.message(ANSWERS[language])).to_be_visible(timeout=20_000)
    picture(buyer.page, f"{name}-3-talking")
    assert _in_launcher(buyer) == []

    buyer.text_box.fill("x" * 4010)
    buyer.text_box.press("Enter")
    expect(buyer.frame.locator("#shopchat-error")).not_to_be_empty()
    picture(buyer.page, f"{name}-4-too-long")
    buyer.text_box.fill("")
    buyer.page.context.set_offline(True)
    buyer.say("…")
    buyer.page.wait_for_timeout(1500)
    picture(buyer.page, f"{name}-5-offline")
    buyer.page.context.set_offline(False)
    if buyer.frame.locator(".shopchat-thread").count():
        assert buyer.page.frames[1].evaluate("document.documentElement.scrollWidth <= innerWidth")


def _in_launcher(buyer: Storefront) -> list[str]:
    """Violations in what is ours; the store's own pages are the store's own matter."""
    return [line for line in violations(buyer.page) if "shopchat" in line]


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_desks_screens(customer, operator, device, scheme, language, request):
    name = f"desk-{request.node.callspec.id}"
    buyer = customer().sign_in().open_product().open_chat()
    buyer.say_and_wait(QUESTIONS[language])
    number = buyer.number()
    anna: Desk = operator("anna", **device, color_scheme=scheme)
    _prefer(anna, language, "system")
    try:
        anna.visit()
        expect(anna.row(number)).to_be_visible()
        picture(anna.page, f"{name}-1-list")
        assert violations(anna.page) == []

        anna.visit(f"/cms/chat/{number}/?show=all")
        anna.text_box.fill("Внутренняя" if language == "ru" else "Internal")
        anna.page.locator(".sc-mode--note").click()
        picture(anna.page, f"{name}-2-note")
        anna.page.locator(".sc-send").click()
        expect(anna.page.locator(".sc-message--note[data-seq]").last).to_be_visible()
        anna.page.locator(".sc-mode--reply").click()
        anna.text_box.fill(ANSWERS[language])
        anna.page.locator(".sc-send").click()
        expect(anna.message(ANSWERS[language]).last).to_have_attribute("data-seq", re.compile(r"\d+"))
        expect(anna.page.locator(".sc-orders")).to_be_attached()
        anna.page.wait_for_timeout(800)
        picture(anna.page, f"{name}-3-thread")
        assert violations(anna.page) == []
        assert anna.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        if device is PHONE:
            anna.page.locator(".sc-to-card").click()
            expect(anna.page.locator(".sc-card")).to_be_in_viewport()
            picture(anna.page, f"{name}-4-card")
            assert violations(anna.page) == []
    finally:
        _prefer(anna, "en", "system")


@pytest.mark.parametrize("language", ["en", "ru"] if EVERY else ["ru"])
def test_the_editing_screens(operator, language):
    owner: Desk = operator("owner", **DESKTOP)
    _prefer(owner, language, "system")
    try:
        for path, name in (("operators/", "operators"), ("hours/", "hours"), ("widgets/", "widgets")):
            owner.visit(f"/cms/chat/{path}")
            picture(owner.page, f"editing-{name}-list-{language}")
            # Wagtail gives its own search field a positive tabindex.
            assert [line for line in violations(owner.page) if "#id_q" not in line] == []
            owner.page.locator("main a[href*='/edit/']").first.click()
            arrive(owner.page, ".*/edit/.*")
            owner.page.wait_for_timeout(800)
            picture(owner.page, f"editing-{name}-form-{language}")
            # Wagtail's own form of a thing with a title field has no heading of the first level.
            assert [line for line in violations(owner.page) if "page-has-heading-one" not in line] == []
        if language == "en":
            owner.page.locator("[data-side-panel-toggle=preview], button[aria-label*=review]").first.click()
            preview = owner.page.frame_locator("iframe[title*=review]").last
            expect(preview.locator(".sc-preview__panel")).to_be_visible()
            owner.page.locator("input[name=accent]").fill("#7a1f5c")
            expect(preview.locator("body")).to_have_attribute("data-accent", "#7a1f5c")
            owner.page.wait_for_timeout(500)
            picture(owner.page, "editing-widgets-preview")
    finally:
        _prefer(owner, "en", "system")


FAILED_DELIVERIES = """
from django.utils import timezone
from shopchat.conversations.models import Conversation, Delivery
from shopchat.operators.models import Operator
now = timezone.now()
for state, reason in (("failed", "bad_address"), ("unconfirmed", "no_answer")):
    Delivery.objects.update_or_create(
        purpose=f"screens:{state}",
        defaults={
            "kind": "operator_alert", "channel": "email", "state": state, "reason": reason, "due_at": now,
            "conversation": Conversation.objects.first(), "operator": Operator.objects.first(), "retry_until": now,
            "created_at": now, "updated_at": now, "dismissed_at": None,
        },
    )
"""


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_deliveries_screens(operator, device, scheme, language, request):
    # No mail fails by itself in a demo, so a process of its own makes two that did.
    _in_the_demo(request.getfixturevalue("_demo_dir"), FAILED_DELIVERIES)
    name = f"deliveries-{request.node.callspec.id}"
    anna: Desk = operator("anna", **device, color_scheme=scheme)
    _prefer(anna, language, "system")
    try:
        anna.visit()
        picture(anna.page, f"{name}-1-desk")
        assert violations(anna.page) == []
        anna.page.locator(".sc-wrong").click()
        expect(anna.page.locator(".sc-deliveries__deeds")).to_have_count(2)
        picture(anna.page, f"{name}-2-list")
        assert violations(anna.page) == []
        assert anna.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        for _ in range(2):
            with anna.page.expect_navigation():
                anna.page.locator(".sc-deliveries__deeds form[action$='/dismiss/'] button").first.click()
        expect(anna.page.locator(".sc-deliveries__deeds")).to_have_count(0)
        picture(anna.page, f"{name}-3-nothing")
        assert violations(anna.page) == []
    finally:
        _prefer(anna, "en", "system")


def _in_the_demo(folder: Path, code: str) -> None:
    environment = {**os.environ, "SHOPCHAT_DEMO_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "example_site.settings"}
    subprocess.run([sys.executable, "-m", "django", "shell", "-v0", "-c", code], env=environment, cwd=ROOT, check=True)


def _prefer(desk: Desk, language: str, theme: str) -> None:
    """Wagtail keeps an operator's language and theme with the account.

    Saving it gives the session a new key, and whoever asks with the old one at that moment is refused: so nobody asks.
    """
    desk.page.route("**/cms/chat/badge/", lambda route: route.fulfill(json={}))
    desk.page.goto(f"{desk.base}/cms/account/")
    form = desk.page.locator("form").filter(has=desk.page.locator("[name$=preferred_language]")).first
    form.locator("[name$=preferred_language]").select_option(language)
    if form.locator("select[name$='-theme']").count():
        form.locator("select[name$='-theme']").select_option(theme)
    with desk.page.expect_navigation():
        form.locator("button[type=submit], input[type=submit]").last.click()
    expect(desk.page.locator(".messages .success")).to_be_visible()
    desk.page.unroute("**/cms/chat/badge/")
