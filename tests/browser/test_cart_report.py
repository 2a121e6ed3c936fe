"""The report of baskets as people see it, and the demo's clock that lets a basket be left."""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from example_site.prebuilt import prebuilt_database
from tests.browser.conftest import ROOT
from tests.browser.pages import Desk, picture, violations
from tests.browser.test_screens import LOOKS, _prefer

pytestmark = pytest.mark.browser

# The store may have been loaded long ago, and kept.
CHANGED_JUST_NOW = """
from django.utils import timezone
from oscar.core.loading import get_model
from shopchat.carts.models import BasketWatch
from shopchat.stores.oscar_rows import basket_ref
now, baskets = timezone.now(), get_model("basket", "Basket").objects.filter(status="Open", lines__isnull=False)
newest = baskets.order_by("-lines__date_updated").first()
newest.lines.update(date_updated=now)
BasketWatch.objects.filter(ref=basket_ref(newest)).update(last_activity=now)
"""


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_reports_screens(operator, device, scheme, language, request):
    name = f"cart-report-{request.node.callspec.id}"
    owner: Desk = operator("owner", **device, color_scheme=scheme)
    _prefer(owner, language, "system")
    try:
        owner.visit("/cms/chat/reports/baskets/")
        expect(owner.page.locator(".sc-report__sums")).to_be_visible()
        picture(owner.page, f"{name}-1-figures")
        assert violations(owner.page) == []
        assert owner.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        owner.page.screenshot(path=f"var/pictures/{name}-2-whole.png", full_page=True)
    finally:
        _prefer(owner, "en", "system")


def test_a_basket_is_left_and_its_customer_reminded_within_a_minute(tmp_path_factory, tmp_path):
    """In a demo of its own: the newest basket of the others' may be anybody's."""
    folder = prebuilt_database(tmp_path_factory.mktemp("demo") / "demo")
    ours = {"SHOPCHAT_DEMO_DIR": str(folder), "SHOPCHAT_DEMO_MAIL_DIR": str(tmp_path)}
    environment = {**os.environ, **ours, "DJANGO_SETTINGS_MODULE": "example_site.settings"}
    change = [sys.executable, "-m", "django", "shell", "-v0", "-c", CHANGED_JUST_NOW]
    subprocess.run(change, env=environment, cwd=ROOT, check=True)
    command = [sys.executable, "-m", "example_site.manage", "demo_abandon", "--pause", "0"]

    said = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    headings = [
        line.rpartition(": ")[2] for line in said.stdout.splitlines() if line.startswith(("Half", "An", "When"))
    ]
    assert headings[:2] == ["idle", "written to"]
    customer = re.match(r"Basket \d+ of (\S+),", said.stdout)[1]
    mails = [text for path in tmp_path.iterdir() if f"To: {customer}" in (text := path.read_text())]
    assert len(mails) == 2
    assert all("/chat/basket/" in mail for mail in mails)
    assert f"Mails lie in {tmp_path}" in said.stdout
