from datetime import UTC, datetime, timedelta

import pytest

from shopchat.touches import onsite
from shopchat.touches.handing import hand_over_due
from shopchat.touches.models import Touch, TouchRules
from shopchat.touches.planning import call_off
from tests.factories import ConversationFactory, TouchFactory, receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def show(rules):
    def offer(purpose="a", touch_class="help", now=NOON, **kwargs):
        return onsite.offer(
            purpose,
            kind="test",
            touch_class=touch_class,
            person="ref:b1",
            rule="r",
            inbox=rules.inbox,
            about=purpose,
            now=now,
            **kwargs,
        )

    return offer


def test_it_is_shown_and_recorded_once(show):
    touch = show()

    assert show() == touch
    assert (touch.state, touch.channel, touch.settled_at) == ("handed", "onsite", NOON)
    assert Touch.objects.count() == 1


def test_what_was_dismissed_or_called_off_does_not_come_back(show):
    dismissed, called_off, other = show("a"), show("b"), show("c")
    onsite.dismiss(dismissed)
    call_off("b", reason="ordered")

    assert (show("a"), show("b"), show("c")) == (None, None, other)
    called_off.refresh_from_db()
    assert called_off.state == "handed", "it was shown"


def test_only_the_first_click_and_the_first_dismissal_count(show):
    touch, other = show("a"), show("b")
    for hours in (1, 2):
        onsite.click(touch, now=NOON + timedelta(hours=hours))
        onsite.dismiss(touch, now=NOON + timedelta(hours=hours))
    touch.refresh_from_db()
    other.refresh_from_db()

    assert touch.clicked_at == touch.dismissed_at == NOON + timedelta(hours=1)
    assert other.clicked_at is other.dismissed_at is None


def test_advertising_counts_against_the_caps_and_comes_when_they_allow(show):
    TouchFactory(person="ref:b1", handed=True, planned_for=NOON - timedelta(hours=23))

    assert show("help") is not None
    assert show("ad", "marketing") is None
    assert Touch.objects.get(purpose="ad").reason == "cap_day"
    assert show("ad", "marketing", NOON + timedelta(hours=1)) is not None


def test_what_nobody_came_back_for_is_dropped_with_its_reason(show):
    conversation = ConversationFactory()
    receive(conversation)
    assert show(contact=conversation.contact) is None

    assert hand_over_due(NOON + timedelta(hours=47)) == 0
    assert Touch.objects.get().state == "planned"
    assert hand_over_due(NOON + timedelta(hours=48)) == 0

    touch = Touch.objects.get()
    assert (touch.state, touch.reason, touch.details) == ("dropped", "too_late", {"because": "complaint"})


def test_who_is_held_out_sees_no_advertising_and_it_is_on_record(show, monkeypatch):
    monkeypatch.setattr("shopchat.touches.deciding.is_held_out", lambda *_: True)

    assert show("ad", "marketing") is None
    assert show("help") is not None
    assert Touch.objects.get(purpose="ad").state == "held_out"


def test_nights_are_not_quiet_on_the_site(show):
    TouchRules.objects.update(quiet_from="00:00", quiet_until="23:59")

    assert show() is not None
