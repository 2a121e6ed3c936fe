"""Who asks too often: told, in words with a time, and nothing typed is lost."""

import re

import pytest
import time_machine
from django.core.cache import caches
from django.test import override_settings

from shopchat.callbacks.access import for_contact
from shopchat.callbacks.models import CallbackRequest
from tests.factories import UserFactory
from tests.widget.asking import MONDAY, SLOT, Caller, error, hidden, only_request, shop_that_calls, words

DAY = "2026-11-23"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(MONDAY, tick=False):
        caches["default"].clear()
        yield


@pytest.fixture
def caller():
    shop_that_calls(calls_per_operator=9)
    return Caller()


def limits(**kwargs):
    return override_settings(SHOPCHAT={"RATE_LIMITS": kwargs})


def test_a_confirmation_for_one_number_opens_no_other(caller):
    caller.ask()
    answer = caller.ask(about="Something else")
    token = re.search(r'name="replace" value="([^"]+)"', answer.content.decode())[1]

    with limits(callback_sources="1/hour", callback_captcha_after="99/hour"):
        caches["default"].clear()
        other = [caller.ask(phone=f"044 123 45 6{n}", replace=token).status_code for n in range(2)]

    assert other == [302, 429]


def test_a_form_that_is_sent_again_is_not_counted_again(caller):
    caller.ask()
    form = {**hidden(caller.page), "client_id": only_request().client_id}

    with limits(callback_sources="1/hour", callback_captcha_after="1/hour", callback_requests="1/hour"):
        answers = [caller.ask(look=False, **form).status_code for _ in range(4)]
        caller.look(new="1")
        fresh = caller.ask(look=False, phone="044 765 43 21")

    assert answers == [302] * 4
    assert fresh.status_code == 302
    assert CallbackRequest.objects.count() == 2


def test_who_asks_too_often_reads_when_it_goes_on_and_keeps_what_was_typed(caller):
    with limits(callback_requests="1/hour", callback_captcha_after="99/hour"):
        caller.ask()
        caller.ask(phone="044 123 45 60")

        answer = caller.ask(phone="044 123 45 61", about="My words")

    assert answer.status_code == 429
    assert "You have asked for calls very often. Please try again in 55 minutes." in words(answer)
    assert answer["Retry-After"] == "3300"
    assert "My words</textarea>" in answer.content.decode()


def test_changes_by_the_form_are_counted_with_those_by_the_link(caller):
    later = {f"slot-{DAY}": "20261123T1300Z"}
    with limits(callback_moves="1/hour", callback_requests="99/hour", callback_captcha_after="99/hour"):
        caller.ask()
        token = re.search(r'name="replace" value="([^"]+)"', caller.ask(**later).content.decode())[1]

        answers = [caller.ask(replace=token, **slot) for slot in (later, {f"slot-{DAY}": SLOT})]

    assert [answer.status_code for answer in answers] == [302, 429]
    assert "Please try again in 55 minutes." in error(answers[1], "when")
    assert answers[1]["Retry-After"] == "3300"
    assert only_request().slot_at.hour == 13


def test_requests_come_along_when_a_browser_signs_in(caller):
    caller.ask()
    user = UserFactory()

    caller.force_login(user)
    page = caller.look()

    request = only_request()
    assert request.contact.user == user
    assert for_contact(request.contact).get() == request
    assert request.conversation.contact == request.contact
    assert request.readable_number in words(page)
    assert request.slot_at.strftime("%Y%m%dT%H%MZ") == SLOT
