"""Operators at the queue of callbacks: who takes what, what colleagues see of it, and what a changing page leaves alone."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import CUT, PHONE, Desk, picture, violations
from tests.browser.test_screens import DESKTOP, LOOKS, _prefer

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
QUEUE = "/cms/chat/callbacks/"
# No customer asks for a call an hour ago, so a process of its own makes those requests.
ASK = """
import json, sys
from datetime import timedelta
from django.utils import timezone
from shopchat.callbacks.happenings import ASKED, happened
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator, Schedule, WorkingInterval
from tests.factories import CallbackRequestFactory, ContactFactory
now, inbox = timezone.now(), Inbox.objects.order_by("pk").first()
schedule, is_new = Schedule.objects.get_or_create(name="Day and night", defaults={"time_zone": "Europe/Kyiv"})
for weekday in range(7) if is_new else ():
    WorkingInterval.objects.create(schedule=schedule, weekday=weekday, opens_at="00:00", closes_at="00:00")
CallbackRules.objects.get_or_create(inbox=inbox, defaults={"schedule": schedule})
Operator.objects.update(takes_calls=True, call_schedule=schedule)
latest = CallbackRequest.objects.order_by("-pk").first()
numbers = []
for wish in json.loads(%r):
    taken_by = Operator.objects.filter(user__email=wish.pop("assignee", "")).first()
    count = CallbackRequest.objects.count()
    request = CallbackRequestFactory(
        inbox=inbox, contact=ContactFactory(), number=str(50000 + count), phone=f"+38044{2000000 + count}",
        due_at=now + timedelta(seconds=wish.pop("seconds")), assignee=taken_by, **wish,
    )
    happened(request, ASKED, at=now)
    numbers.append(request.number)
print(json.dumps(numbers))
"""
FINISH = """
from django.utils import timezone
from shopchat.callbacks.models import CallbackRequest
CallbackRequest.objects.update(state="cancelled", closed_at=timezone.now(), open_phone=None, slot_at=None, seat=None)
"""


@pytest.fixture
def ask(_demo_dir: Path, shop: str) -> Callable[..., list[str]]:
    """Customers ask for calls: ``ask({"seconds": -60, "name": "Olena"})``; answers the numbers. Nobody else waits."""
    first = [FINISH]

    def _ask(*wishes: dict[str, object]) -> list[str]:
        code = "".join(first) + ASK % json.dumps(wishes)
        first.clear()
        return list(json.loads(_run(_demo_dir, code)))

    return _ask


def _run(folder: Path, code: str) -> str:
    environment = {**os.environ, "SHOPCHAT_DEMO_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "example_site.settings"}
    command = [sys.executable, "-m", "django", "shell", "-v0", "-c", code]
    return subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def row(page: Page, number: str):
    return page.locator(f".sc-call[data-number='{number}']")


def outcome(page: Page, name: str):
    return page.locator(".sc-choice").filter(has_text=re.compile(f"^{name}$"))


def test_of_two_operators_one_takes_it_and_the_other_sees_it(operator, ask):
    (number,) = ask({"seconds": -60, "name": "Olena"})
    anna, boris = operator("anna").visit(QUEUE), operator("boris").visit(QUEUE)
    watching = operator("boris").visit(f"{QUEUE}{number}/")
    stale = operator("boris", java_script_enabled=False).visit(f"{QUEUE}{number}/")
    expect(row(boris.page, number).get_by_role("button", name="Take")).to_be_visible()

    row(anna.page, number).get_by_role("button", name="Take").click()
    expect(anna.page.get_by_text("This request is yours now.")).to_be_visible()

    expect(row(boris.page, number)).to_contain_text("Anna")
    expect(row(boris.page, number).get_by_role("button", name="Take")).to_have_count(0)
    expect(watching.page.locator(".sc-whose-call")).to_have_text("Anna")
    stale.page.locator("#sc-take").click()
    expect(stale.page.get_by_text("Anna took this request first.")).to_be_visible()


def test_an_outcome_is_recorded_by_keyboard_and_a_colleague_sees_it(operator, ask):
    (number,) = ask({"seconds": -60, "name": "Olena", "about": "Which tent?"})
    anna, boris = operator("anna").visit(f"{QUEUE}{number}/"), operator("boris").visit(f"{QUEUE}{number}/")
    keyboard = anna.page.keyboard
    expect(boris.page.locator(".sc-pill")).to_have_text("Due now")

    anna.page.locator("input[name=outcome]").first.focus()
    keyboard.press("Space")
    keyboard.press("Tab")
    expect(anna.page.locator("#sc-result")).to_be_focused()
    keyboard.press("o")  # "Ordered"
    keyboard.press("Tab")
    keyboard.type("Two tents, green.")
    keyboard.press("Tab")
    keyboard.press("Enter")

    expect(anna.page.get_by_text("Recorded. Nobody has to be called any more.")).to_be_visible()
    expect(boris.page.locator(".sc-pill")).to_have_text("Done")
    expect(boris.page.locator(".sc-attempts")).to_contain_text("Two tents, green.")
    expect(boris.page.locator(".sc-attempts")).to_contain_text("Talked: ordered")


def test_a_number_that_is_looked_for_stands_in_no_address(operator, ask):
    wanted, other = ask({"seconds": 60, "name": "Olena"}, {"seconds": 120, "name": "Taras"})
    anna = operator("anna").visit(QUEUE)
    asked: list[str] = []
    anna.page.on("request", lambda request: asked.append(request.url))

    anna.page.locator("#sc-search").fill("Olena")
    anna.page.locator("#sc-search").press("Enter")
    expect(row(anna.page, other)).to_have_count(0)
    expect(row(anna.page, wanted)).to_be_visible()
    expect(anna.page.locator("#sc-search")).to_have_value("Olena")
    operator("boris").visit(f"{QUEUE}{wanted}/").page.locator("#sc-take").click()
    expect(row(anna.page, wanted)).to_contain_text("Boris")
    anna.visit("/cms/chat/")
    anna.page.locator("#sc-search").fill("customer@demo.test")
    anna.page.locator("#sc-search").press("Enter")
    expect(anna.page.locator(".sc-search__state")).to_be_visible()

    assert any("/list/search/" in url for url in asked)
    assert not [url for url in asked if "Olena" in url or "demo.test" in url.partition("?")[2]]


def test_the_badge_moves_without_a_reload(operator, ask):
    ask()
    owner: Desk = operator("owner").visit("/cms/account/")
    group = owner.page.locator("[data-shopchat-badge-url]")
    own = owner.page.locator("[data-shopchat-badge-of=callbacks]")
    expect(own).to_have_attribute("data-shopchat-badge", "0")
    before = int(group.get_attribute("data-shopchat-badge") or 0)

    ask_more = ask({"seconds": -60}, {"seconds": 3600})

    expect(own).to_have_attribute("data-shopchat-badge", "1")
    expect(group).to_have_attribute("data-shopchat-badge", str(before + 1))
    expect(owner.page.locator(".shopchat-status")).to_have_text("1 customer is to be called")
    owner.visit(f"{QUEUE}{ask_more[0]}/")
    outcome(owner.page, "Wrong number").click()
    owner.page.get_by_role("button", name="Record").click()
    expect(owner.page.locator("[data-shopchat-badge-of=callbacks]")).to_have_attribute("data-shopchat-badge", "0")


def test_a_promise_counts_down_and_runs_over(operator, ask):
    soon, due = ask({"seconds": 11 * 60 + 20}, {"seconds": -29 * 60 - 20})
    anna: Desk = operator("anna", allowed=CUT)
    anna.page.clock.install()
    anna.visit(QUEUE)
    # The server would set the page right, whose clock is to go wrong.
    anna.page.route("**/callbacks/rows/**", lambda route: route.abort())
    expect(row(anna.page, soon).locator(".sc-call__left")).to_have_text("in 12 min")
    expect(row(anna.page, due).locator(".sc-call__left")).to_have_text("1 min left")

    anna.page.clock.run_for(45_000)

    expect(row(anna.page, soon).locator(".sc-call__left")).to_have_text("in 11 min")
    expect(row(anna.page, due).locator(".sc-call__left")).to_have_text("0 min late")


def test_what_was_chosen_survives_what_others_do(operator, ask):
    first, second, third = ask({"seconds": -300}, {"seconds": 1800}, {"seconds": 3600})
    anna: Desk = operator("anna").visit(QUEUE)
    for number in (first, third):
        row(anna.page, number).locator("input[type=checkbox]").check()
    anna.page.locator("#sc-search").fill("half a wor")
    expect(anna.page.locator(".sc-assign__chosen")).to_have_text("Chosen: 2")

    operator("boris").visit(f"{QUEUE}{second}/").page.locator("#sc-take").click()
    expect(row(anna.page, second)).to_contain_text("Boris")

    assert [row(anna.page, number).get_by_role("checkbox").is_checked() for number in (first, second, third)] == [
        True,
        False,
        True,
    ]
    expect(anna.page.locator("#sc-search")).to_have_value("half a wor")
    anna.page.locator("#sc-assign-operator").select_option(label="Boris")
    anna.page.locator("#sc-assign").get_by_role("button", name="Give").click()
    expect(anna.page.get_by_text("2 requests were given to Boris.")).to_be_visible()
    expect(row(anna.page, first)).to_contain_text("Boris")


def test_what_is_being_written_survives_what_others_do(operator, ask):
    (number,) = ask({"seconds": -300})
    # The browser writes down that the server refused what cannot be recorded.
    anna = operator("anna", allowed=("status of 409",)).visit(f"{QUEUE}{number}/")
    boris = operator("boris").visit(f"{QUEUE}{number}/")
    outcome(anna.page, "Asked to call later").click()
    anna.page.locator("#sc-note").fill("They asked for")

    outcome(boris.page, "No answer").click()
    boris.page.get_by_role("button", name="Record").click()
    expect(boris.page.get_by_text("Recorded. The next call:")).to_be_visible()

    expect(anna.page.locator(".sc-attempts")).to_contain_text("No answer")
    expect(anna.page.locator(".sc-whose-call")).to_have_text("Boris")
    expect(anna.page.locator("#sc-note")).to_have_value("They asked for")
    expect(anna.page.locator(".sc-outcome__changed")).to_be_visible()
    anna.page.locator("#sc-slot").select_option(index=1)
    anna.page.get_by_role("button", name="Record").click()
    expect(anna.page.get_by_text("Boris took this request first.")).to_be_visible()
    expect(anna.page.locator("#sc-note")).to_have_value("They asked for")


def test_without_scripts_all_of_it_works(operator, ask):
    (number,) = ask({"seconds": -300})
    anna: Desk = operator("anna", java_script_enabled=False).visit(QUEUE)

    row(anna.page, number).get_by_role("button", name="Take").click()
    anna.page.get_by_role("button", name="I am calling").click()
    expect(anna.page.locator(".sc-dial__state")).to_contain_text("You have been calling since")
    outcome(anna.page, "Asked to call later").click()
    anna.page.locator("#sc-slot").select_option(index=2)
    anna.page.get_by_role("button", name="Record").click()

    expect(anna.page.locator(".sc-attempts")).to_contain_text("Asked to call later")
    expect(anna.page.locator(".sc-pill")).to_have_text("Planned")


@pytest.mark.parametrize(("device", "scheme", "language"), LOOKS)
def test_the_screens(operator, ask, device, scheme, language, request):
    name = f"callbacks-{request.node.callspec.id}"
    late, _, _, _, _ = ask(
        {
            "seconds": -5400,
            "name": "Олена Коваль",
            "about": "Не виходить оплатити",
            "subject": "order",
            "subject_label": "100012",
        },
        {
            "seconds": -600,
            "name": "Wolfgang Amadeus von Hohenzollern-Sigmaringen",
            "about": "Which tent is " + "very " * 30 + "warm?",
            "attempts_made": 2,
        },
        {
            "seconds": -60,
            "is_asap": True,
            "name": "",
            "subject": "product",
            "subject_label": "Scree Boots",
            "assignee": "boris@demo.test",
        },
        {"seconds": 1800, "name": "Ірина", "assignee": "anna@demo.test"},
        {"seconds": 200_000, "name": "Taras"},
    )
    anna: Desk = operator("anna", allowed=("status of 400",), **device, color_scheme=scheme)
    _prefer(anna, language, "system")
    try:
        anna.visit(QUEUE)
        anna.page.locator(".sc-call input").first.check()
        picture(anna.page, f"{name}-1-queue")
        assert violations(anna.page) == []
        assert anna.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        anna.visit(f"{QUEUE}{late}/")
        expect(anna.page.locator("[data-purchases] .sc-subtitle").first).to_be_attached()
        picture(anna.page, f"{name}-2-request")
        assert violations(anna.page) == []
        assert anna.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        anna.page.locator("input[name=outcome][value=talked]").locator("..").click()
        anna.page.locator("#sc-note").fill("…")
        anna.page.locator("button[value=record]").click()
        expect(anna.page.locator("#sc-result-error")).to_be_visible()
        anna.page.locator("#sc-result-error").scroll_into_view_if_needed()
        picture(anna.page, f"{name}-3-refused")
        assert violations(anna.page) == []
        if device is DESKTOP:
            anna.visit(f"{QUEUE}?section=finished")
            picture(anna.page, f"{name}-4-finished")
            assert violations(anna.page) == []
        assert device in (DESKTOP, PHONE)
    finally:
        _prefer(anna, "en", "system")
