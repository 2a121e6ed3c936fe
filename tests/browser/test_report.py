"""The report of callbacks as people see it: light and dark, desktop and phone, in two languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PHONE, Desk, picture, violations
from tests.browser.test_screens import LOOKS, _in_the_demo, _prefer

pytestmark = pytest.mark.browser

# A month of requests: most were called in time, some late, some never; two operators; three pages.
REQUESTS = """
import uuid
from datetime import timedelta
from django.utils import timezone
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.contacts.models import Contact
from shopchat.conversations import starting
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator
if not CallbackRequest.objects.filter(client_id__startswith="report-").exists():
    inbox, operators = Inbox.objects.first(), list(Operator.objects.order_by("pk")[:2])
    now = timezone.now()
    for n in range(60):
        contact = Contact.objects.create()
        at = now - timedelta(days=1 + n * 3 % 27, hours=n * 5 % 9)
        called = None if n % 10 == 9 else at + timedelta(minutes=n * 7 % 24)
        reached = called if n % 4 else None
        request = CallbackRequest.objects.create(
            number=str(900000 + n), inbox=inbox, contact=contact, conversation=starting.start(contact, inbox),
            client_id=f"report-{n}", phone=f"+3804499{n:05}", phone_tail=f"{n:04}", name="Olena", is_asap=bool(n % 3),
            page=["/catalogue/tent/", "/catalogue/boots/", "/basket/"][n % 3], due_at=at, created_at=at, updated_at=at,
            promised_until=at + timedelta(minutes=15), first_promised_until=at + timedelta(minutes=15),
            state="done", closed_at=now, first_attempt_at=called, reached_at=reached,
        )
        if called:
            CallAttempt.objects.create(
                request=request, operator=operators[n % len(operators)], client_id=uuid.uuid4().hex, started_at=called,
                outcome="talked" if reached else "no_answer", duration_seconds=95 if reached else None,
            )
"""


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_reports_screens(operator, device, scheme, language, request):
    _in_the_demo(request.getfixturevalue("_demo_dir"), REQUESTS)
    name = f"report-{request.node.callspec.id}"
    owner: Desk = operator("owner", **device, color_scheme=scheme)
    _prefer(owner, language, "system")
    try:
        owner.visit("/cms/chat/reports/callbacks/")
        expect(owner.page.locator(".sc-report__sums")).to_be_visible()
        picture(owner.page, f"{name}-1-figures")
        assert violations(owner.page) == []
        assert owner.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        owner.page.screenshot(path=f"var/pictures/{name}-2-whole.png", full_page=True)

        owner.page.locator("input[name=first]").fill("2026-11-22")
        owner.page.locator(".sc-report__form button").click()
        expect(owner.page.locator("#id_last_error")).to_be_visible()
        expect(owner.page.locator("input[name=first]")).to_have_value("2026-11-22")
        picture(owner.page, f"{name}-3-error")
        assert violations(owner.page) == []
    finally:
        _prefer(owner, "en", "system")


def test_the_report_by_keyboard_and_its_file(operator):
    owner: Desk = operator("owner", viewport=PHONE["viewport"])
    owner.visit("/cms/")
    owner.page.goto(f"{owner.base}/cms/chat/reports/callbacks/?days=90")
    expect(owner.page.locator("[aria-current=true]")).to_contain_text("90")

    with owner.page.expect_download() as started:
        owner.page.locator(".sc-report__about a").focus()
        owner.page.keyboard.press("Enter")
    text = started.value.path().read_text(encoding="utf-8-sig")

    assert re.fullmatch(r"callbacks-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv", started.value.suggested_filename)
    assert text.startswith("Number,Site,")
    assert "'+380449900001" in text

    region = owner.page.locator("[role=region][tabindex='0']").first
    region.focus()
    for _ in range(5):
        owner.page.keyboard.press("ArrowRight")
    owner.page.wait_for_function("document.querySelector('[role=region][tabindex=\"0\"]').scrollLeft > 0")
