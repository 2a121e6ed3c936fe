"""What the chat weighs: files as the wheel holds them, in bytes as a web server sends them when it compresses once and well."""

from pathlib import Path

import brotli
import django_htmx
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from shopchat.core.stripping import stripped
from shopchat.inboxes.models import Inbox
from tests.factories import InboxFactory
from tests.widget.asking import shop_that_calls
from tests.widget.conftest import Browser

BEFORE_OPENING = 3_072
AFTER_OPENING = 30_720
DESK = 40_960
ASKING_FOR_A_CALL = 8_192
WIDGETS_FILES = ("shopchat_widget/chat.css", "shopchat_widget/chat.js", "shopchat/live.js", "django_htmx/htmx-2.min.js")


def weight(content: bytes) -> int:
    return len(brotli.compress(content))


def weights_of(*names: str) -> dict[str, int]:
    return {name: weight(packed(Path(finders.find(name)))) for name in names}


def packed(path: Path) -> bytes:
    """The file as `hatch_build.py` puts it into the wheel; others are not ours to change."""
    ours = path.is_relative_to(settings.BASE_DIR)
    return stripped(path.read_text()).encode() if ours else path.read_bytes()


@pytest.mark.parametrize("language", ["en", "ru", "uk"])
def test_what_every_page_of_the_shop_loads(db, language):
    InboxFactory()

    script = Browser().get(f"/chat/launcher/{language}.js").content

    assert weight(script) <= BEFORE_OPENING


@pytest.mark.parametrize("language", ["en", "ru", "uk"])
def test_what_opening_loads(browser, language):
    Inbox.objects.update(texts={language: {"welcome": "Write to us about tents, boots and stoves. " * 5}})
    page = browser.open(lang=language)

    html = page.content.decode()
    assert all(name in html for name in WIDGETS_FILES)
    weights = {"page": weight(page.content), **weights_of(*WIDGETS_FILES)}
    assert sum(weights.values()) <= AFTER_OPENING, weights


@pytest.mark.parametrize("language", ["en", "ru", "uk"])
def test_what_asking_for_a_call_loads(browser, language):
    """On top of the chat's own style, with a week of slots of half an hour."""
    shop_that_calls()
    page = browser.get("/chat/callback/", {"lang": language})
    files = ("shopchat_widget/callback.css", "shopchat_widget/callback.js")

    html = page.content.decode()
    assert all(name in html for name in files)
    assert html.count('class="shopchat-slot"') > 100
    weights = {"page": weight(page.content), **weights_of(*files)}
    assert sum(weights.values()) <= ASKING_FOR_A_CALL, weights


def test_what_the_desk_adds_to_wagtails_admin(db):
    folder = Path(finders.find("shopchat/live.js")).parent
    files = [*(path for path in (folder / "desk").iterdir() if path.suffix in {".css", ".js"}), folder / "live.js"]
    htmx = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"

    weights = {path.name: weight(packed(path)) for path in [*files, htmx]}

    assert {"desk.js", "list.js", "badge.js", "live.js", "htmx-2.min.js"} <= set(weights)
    assert sum(weights.values()) <= DESK, weights
