"""The demo store as real processes, and real Chromium windows for those who use it.

Nothing here touches the database: what a test knows, it has seen on a screen or in an answer.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from example_site.prebuilt import prebuilt_database
from tests import capabilities
from tests.browser.pages import Desk, Storefront

ROOT = Path(__file__).resolve().parents[2]
# Chromium as root in a closed network: no sandbox, and nothing of its own sent anywhere.
# Errors that the demo store and Wagtail make without us: no icon; zones that Chromium has and its Intl has not.
HOSTS_OWN = ("/favicon.ico", "localizeTimeZoneOptions")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


# Nothing moves unless a test asks for it: what glides is a picture in each frame, drawn without a graphics card.
USUAL = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}

# Two cores carry two servers, two browsers and their windows.
expect.set_options(timeout=30_000)


class Server:
    """A web server in a process of its own, on a port that it keeps when it is started again."""

    def __init__(self, folder: Path, server: str, *arguments: str) -> None:
        port = _free_port()
        address = {"uvicorn": ["--port", str(port)], "gunicorn": ["-b", f"127.0.0.1:{port}"]}[server]
        self.base = f"http://127.0.0.1:{port}"
        self.command = [sys.executable, "-m", server, *arguments, *address]
        self.log = folder / f"{server}-{port}.log"
        self.environment = {
            **os.environ,
            "SHOPCHAT_DEMO_DIR": str(folder),
            "SHOPCHAT_TEST_PAGES": "1",
            "DJANGO_SETTINGS_MODULE": "example_site.settings",
            "PORT": str(port),
        }

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, cwd=ROOT, stdout=log, stderr=log)
        _wait(f"{self.base}/chat/", self.process, str(self.log))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)

    def check(self) -> None:
        """What the server said is part of the result: an error that no page showed is still an error."""
        said = self.log.read_text()
        # Somebody who signed out is refused, and Django writes down where.
        expected = said.count("django.core.exceptions.PermissionDenied\n")
        # A browser that leaves before the answer: Django stops, and asyncio finds that nobody asked what became of it.
        expected += said.count("<Future finished exception=CancelledError()>\nTraceback")
        assert said.count("Traceback") == expected, said[-4000:]


class CountedShop(Server):
    """The demo with its streams counted, see :mod:`tests.browser.counted`."""

    def streams(self, **control: object) -> dict[str, int]:
        """How many streams are open, were open at most, and were opened; perhaps told to refuse or cut them."""
        with urlopen(f"{self.base}/-/streams?{urlencode(control)}", timeout=10) as answer:
            return dict(json.load(answer))


@pytest.fixture(scope="session")
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=capabilities.chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def _demo_dir() -> Iterator[Path]:
    """Each file has a store of its own: what its tests find depends on its tests alone, whatever ran before them."""
    folder = Path(tempfile.mkdtemp(prefix="shopchat-browser-"))
    yield prebuilt_database(folder / "demo")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shop(_demo_dir: Path) -> Iterator[str]:
    """The demo under uvicorn; its address without the last slash."""
    yield from _serve(
        _demo_dir, "uvicorn", "example_site.asgi:application", "--lifespan", "off", "--log-level", "warning"
    )


@pytest.fixture(scope="module")
def _counted_shop(_demo_dir: Path) -> Iterator[CountedShop]:
    quiet = ["--log-level", "error", "--timeout-graceful-shutdown", "2"]
    server = CountedShop(_demo_dir, "uvicorn", "tests.browser.counted:application", *quiet)
    server.start()
    yield server
    server.stop()
    server.check()


@pytest.fixture
def counted_shop(_counted_shop: CountedShop) -> CountedShop:
    """The demo, which no longer refuses streams and counts anew."""
    _counted_shop.streams(refuse="", reset=1)
    return _counted_shop


@pytest.fixture(scope="module")
def shop_on_wsgi(_demo_dir: Path) -> Iterator[str]:
    """The same data under gunicorn with three processes."""
    yield from _serve(_demo_dir, "gunicorn", "-k", "gthread", "-w", "3", "--threads", "4", "example_site.wsgi")


def _serve(folder: Path, server: str, *arguments: str) -> Iterator[str]:
    process = Server(folder, server, *arguments)
    process.start()
    try:
        yield process.base
    finally:
        process.stop()
    process.check()


def _wait(url: str, process: subprocess.Popen[bytes], log: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {Path(log).read_text()[-3000:]}")
        try:
            with urlopen(url, timeout=10):
                return
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the server did not answer within a minute")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def window(_browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a window with a fresh profile. Fails the test afterwards for what went wrong unseen in any of them."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_window(*, allowed: tuple[str, ...] = (), **options: object) -> Page:
        context = _browser.new_context(**{**USUAL, **options})
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
        context.on("console", lambda message: _note(message, complaints, (*HOSTS_OWN, *allowed)))
        page = context.new_page()
        page.set_default_timeout(30_000)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def _note(message: object, complaints: list[str], allowed: tuple[str, ...]) -> None:
    text = f"{message.text} {message.location.get('url', '')}"  # type: ignore[attr-defined]
    if message.type == "error" and not any(part in text for part in allowed):  # type: ignore[attr-defined]
        complaints.append(text)


@pytest.fixture
def customer(window: Callable[..., Page], shop: str) -> Callable[..., Storefront]:
    """A customer with a window of their own on the store."""
    return lambda base=shop, **options: Storefront(window(**options), base)


@pytest.fixture
def operator(window: Callable[..., Page], shop: str) -> Callable[..., Desk]:
    """An operator signed in at the desk: ``operator("anna")``."""

    def sign_in(name: str, base: str = shop, **options: object) -> Desk:
        desk = Desk(window(**options), base)
        desk.sign_in(f"{name}@demo.test")
        return desk

    return sign_in
