"""What the chat adds to a page in Chromium: requests, bytes, script time, movement; before and after it is opened."""

import gzip
import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any

from benchmarks import demo
from benchmarks.processes import HOST
from benchmarks.report import Report
from shopchat.core.stripping import stripped

PAGE = "/bare/"
PAIRS = 7
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
SHIFTS = (
    "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((e) => (window.shift += e.value)))"
    ".observe({type: 'layout-shift', buffered: true})"
)
SETTLED_MILLISECONDS = 1500
OURS = re.compile(r"/static/shopchat\w*/.*\.(js|css)$")


def run(*, quick: bool) -> Report:
    """Fresh windows on one page of the demo store, in turns with the same page from which the tag was taken."""
    report = Report("widget")
    if not demo.chromium() or not find_spec("playwright"):
        report.not_run("the widget in a browser", "there is no Chromium or no playwright")
        return report
    with demo.folder() as environment, demo.serving(environment) as server:
        playwright = import_module("playwright.sync_api").sync_playwright()
        with playwright as started:
            browser = started.chromium.launch(executable_path=demo.chromium(), args=FLAGS)
            try:
                visit = Visitor(browser, f"http://{HOST}:{server.port}{PAGE}")
                visit(with_tag=True, opens=True)  # warms up what the server and the browser keep
                pairs = [
                    (visit(with_tag=True, opens=True), visit(with_tag=False, opens=False))
                    for _ in range(1 if quick else PAIRS)
                ]
            finally:
                browser.close()
    _tell(report, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return report


class Visitor:
    """Opens windows with an empty cache."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.url = browser, url

    def __call__(self, *, with_tag: bool, opens: bool) -> dict[str, Any]:
        context = self.browser.new_context(viewport={"width": 1280, "height": 800})
        try:
            return self._look(context, with_tag, opens)
        finally:
            context.close()

    def _look(self, context: Any, with_tag: bool, opens: bool) -> dict[str, Any]:
        page = context.new_page()
        answers: list[Any] = []
        page.on("response", lambda answer: answers.append(answer) if "/favicon" not in answer.url else None)
        page.add_init_script(SHIFTS)
        if not with_tag:
            page.route(self.url, _without_the_tag)
        clock = _clock(context, page)
        page.goto(self.url, wait_until="load")
        page.wait_for_timeout(SETTLED_MILLISECONDS)
        seen: dict[str, Any] = {
            "before": _bodies(answers),
            "script": clock("ScriptDuration"),
            "tasks": clock("TaskDuration"),
        }
        answers.clear()
        if opens:
            page.locator("shopchat-launcher").get_by_role("button").first.click()
            page.frame_locator("shopchat-launcher iframe").locator("textarea[name=text]").wait_for()
            page.wait_for_timeout(SETTLED_MILLISECONDS)
            seen |= {"after": _bodies(answers), "script_after": clock("ScriptDuration") - seen["script"]}
        return seen | {"shift": page.evaluate("window.shift"), "cookies": len(context.cookies())}


def _without_the_tag(route: Any) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=demo.TAG.sub("", answer.text()))


def _clock(context: Any, page: Any) -> Callable[[str], float]:
    """Milliseconds of the page's main thread, by the thread's own clock, so that a busy machine changes little."""
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read(name: str) -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == name) * 1000)

    return read


def _bodies(answers: list[Any]) -> dict[str, bytes]:
    """What was answered with a body, by address. A photo is the shop's own; streams and polls have no end or no body.

    The demo serves sources; what a shop installs has no comments.
    """
    bodies = {}
    for answer in answers:
        if answer.status != 200 or "/media/" in answer.url or "/live/" in answer.url:
            continue
        body = answer.body()
        bodies[answer.url] = stripped(body.decode()).encode() if OURS.search(answer.url) else body
    return bodies


def _tell(report: Report, withs: list[dict[str, Any]], withouts: list[dict[str, Any]]) -> None:
    tagged, plain = withs[-1], withouts[-1]
    added = {url: body for url, body in tagged["before"].items() if url not in plain["before"]}
    report.measure(
        "requests before opening", "requests", len(added), most=1, to="the page alone", reference=len(plain["before"])
    )
    _tell_bytes(report, "before opening", added, brotli=3072, gzipped=4096)
    _tell_milliseconds(report, "script, before opening", withs, withouts, "script", most=10)
    _tell_milliseconds(report, "main thread, before opening", withs, withouts, "tasks")
    report.measure("requests after opening", "requests", len(tagged["after"]), most=6)
    _tell_bytes(report, "after opening", tagged["after"], brotli=30_720)
    report.measure("script, after opening", "ms", [look["script_after"] for look in withs], most=50)
    report.measure("layout shift", "CLS", max(look["shift"] for look in withs), most=0)
    report.measure("cookies once it was opened, for its forms", "cookies", tagged["cookies"] - plain["cookies"])


def _tell_bytes(
    report: Report, when: str, bodies: dict[str, bytes], *, brotli: int, gzipped: int | None = None
) -> None:
    report.measure(f"bytes {when}, raw", "bytes", sum(map(len, bodies.values())))
    packed = sum(len(gzip.compress(body, 9)) for body in bodies.values())
    report.measure(f"bytes {when}, gzip", "bytes", packed, most=gzipped)
    if not find_spec("brotli"):
        report.not_run(f"bytes {when}, brotli", "the package brotli is not installed")
        return
    compress = import_module("brotli").compress
    report.measure(f"bytes {when}, brotli", "bytes", sum(len(compress(body)) for body in bodies.values()), most=brotli)


def _tell_milliseconds(
    report: Report,
    name: str,
    withs: list[dict[str, Any]],
    withouts: list[dict[str, Any]],
    key: str,
    *,
    most: float | None = None,
) -> None:
    more = [one[key] - other[key] for one, other in zip(withs, withouts, strict=True)]
    reference = median(look[key] for look in withouts)
    report.measure(f"{name}, more than without", "ms", more, most=most, to="the page alone", reference=reference)
