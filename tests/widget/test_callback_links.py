"""The link to one request: who holds it may move it and call it off, and learns nothing else."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.test import override_settings

from shopchat.callbacks import links
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.conversations.models import Delivery, Message
from tests.factories import IdentityFactory
from tests.widget.asking import MONDAY, SLOT, Caller, error, only_request, shop_that_calls, ticked, words
from tests.widget.conftest import Browser

DAY = "2026-11-23"
LATER = "20261123T1300Z"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False):
        caches["default"].clear()
        yield


@pytest.fixture
def request_of_somebody(db):
    shop_that_calls(calls_per_operator=1)
    Caller().ask(name="Olena", about="A secret")
    return only_request()


@pytest.fixture
def path(request_of_somebody):
    return f"/chat/callback/r/{links.token(request_of_somebody)}/"


def everything():
    return list(CallbackRequest.objects.values()), Message.objects.count()


def test_looking_shows_the_time_and_changes_nothing(path):
    before = everything()

    page = Browser().get(path, {"lang": "en"})

    assert "We will call you today, 14:00–14:30" in words(page)
    assert "••• 4567" in words(page)
    assert not any(secret in words(page) for secret in ("Olena", "A secret", "044 123 4567"))
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert everything() == before


def test_the_own_seat_is_free_for_whoever_moves(path):
    page = Browser().get(f"{path}slots/", {"when": "slot", "day": DAY, f"slot-{DAY}": SLOT})

    assert SLOT in ticked(page)
    assert SLOT not in Browser().get("/chat/callback/slots/").content.decode()


def test_a_post_moves_it(path):
    answer = Browser().form(f"{path}?lang=en", do="move", when="slot", day=DAY, **{f"slot-{DAY}": LATER})

    assert answer.status_code == 302
    assert only_request().slot_at.hour == 13
    page = Browser().get(answer["Location"])
    assert "The time is changed." in words(page)
    assert "We will call you today, 15:00–15:30" in words(page)


@pytest.mark.parametrize(
    ("slot", "says"),
    [("20261123T0700Z", "past or too soon"), ("nonsense", "Nobody can call at this time"), ("", "Nobody can call")],
)
def test_a_time_that_cannot_be_had_is_told_and_the_old_one_stays(path, slot, says):
    answer = Browser().form(f"{path}?lang=en", do="move", when="slot", day=DAY, **{f"slot-{DAY}": slot})

    assert answer.status_code == 422
    assert says in error(answer, "when")
    assert f"{only_request().slot_at:%Y%m%dT%H%MZ}" == SLOT


def move(path, slot):
    return Browser().form(f"{path}?lang=en", do="move", when="slot", day=DAY, **{f"slot-{DAY}": slot})


def test_a_link_moves_it_only_so_often_and_still_calls_it_off(path):
    IdentityFactory(contact=only_request().contact)

    answers = [move(path, slot) for slot in (*(LATER, SLOT) * 5, LATER)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert Message.objects.filter(event="callback_moved").count() == 10
    assert Delivery.objects.filter(kind="callback_confirmed").count() == 10
    refused = answers[10]
    # 10:05 in a window of an hour.
    assert error(refused, "when") == "You have asked for calls very often. Please try again in 55 minutes."
    assert refused["Retry-After"] == "3300"
    assert LATER in ticked(refused)
    assert f"{only_request().slot_at:%Y%m%dT%H%MZ}" == SLOT
    with time_machine.travel(MONDAY + timedelta(minutes=55), tick=False):
        assert move(path, LATER).status_code == 302
    assert Browser().form(f"{path}?lang=en", do="cancel").status_code == 200


def test_each_request_has_moves_of_its_own_and_only_moves_are_counted(path):
    with override_settings(SHOPCHAT={"RATE_LIMITS": {"callback_moves": "1/hour"}}):
        idle = [move(path, slot).status_code for slot in (SLOT, "nonsense", SLOT)]
        moved = [move(path, slot).status_code for slot in (LATER, SLOT)]
        Caller().ask(phone="044 765 43 21")
        other = CallbackRequest.objects.latest("pk")
        free = move(f"/chat/callback/r/{links.token(other)}/", "20261123T1330Z").status_code

    assert (idle, moved, free) == ([302, 422, 302], [302, 429], 302)


def test_a_post_calls_it_off_once(path):
    answer = Browser().form(f"{path}?lang=en", do="cancel")
    again = Browser().form(f"{path}?lang=en", do="cancel")

    assert f"The request {only_request().readable_number} is cancelled." in words(answer)
    assert only_request().state == "cancelled"
    assert again.status_code == 404
    assert Message.objects.filter(event="callback_off").count() == 1
    assert SLOT in Browser().get("/chat/callback/slots/").content.decode()


def test_the_link_ends_with_the_request(path):
    CallbackRequest.objects.update(state="done", open_phone=None)

    for address in (path, f"{path}?lang=en"):
        page = Browser().get(address)
        assert page.status_code == 404
        assert "This link is no longer good" in words(page)
    assert Browser().get(f"{path}slots/").status_code == 204
    assert Browser().form(path, do="move").status_code == 404


def test_forged_and_old_links_tell_nothing(path):
    token = path.split("/")[4]
    before = everything()

    for bad in ("forged", token[:-2], f"{token}x", token.replace(token[0], "A", 1)):
        page = Browser().get(f"/chat/callback/r/{bad}/")
        assert page.status_code == 404
        assert "C-" not in words(page)
        assert Browser().form(f"/chat/callback/r/{bad}/", do="cancel").status_code == 404
    with time_machine.travel("2027-01-23T08:00:00Z", tick=False):
        assert Browser().get(path).status_code == 404

    assert everything() == before


def test_a_shop_that_gave_calls_up_has_nothing_to_move(path):
    CallbackRules.objects.all().delete()

    assert Browser().get(path).status_code == 404


def test_it_stays_movable_where_no_more_calls_are_offered(path):
    CallbackRules.objects.update(is_active=False)

    assert LATER in Browser().get(path).content.decode()
    assert Browser().form(path, do="cancel").status_code == 200


def test_the_owners_box_has_the_links(db):
    shop_that_calls()
    caller = Caller()
    caller.ask()

    found = re.findall(r'href="(/chat/callback/r/[^"]+)"', caller.look().content.decode())

    assert len(found) == 2
    assert caller.get(found[0].partition("#")[0]).status_code == 200
