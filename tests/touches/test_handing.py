"""From planned to made, put off or dropped."""

from datetime import UTC, datetime, time, timedelta

import pytest

from shopchat.channels.base import ChannelError
from shopchat.contacts.confirming import stop
from shopchat.conversations import delivery
from shopchat.conversations.models import Delivery
from shopchat.touches.handing import hand_over_due
from shopchat.touches.kinds import forget_touch
from shopchat.touches.models import Suppression, Touch, TouchRules
from shopchat.touches.people import is_held_out
from shopchat.touches.planning import call_off, plan
from shopchat.touches.suppressing import suppress
from tests.factories import ContactFactory, ConversationFactory, DeliveryFactory, IdentityFactory, TouchFactory, receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger", "rules")]

# A Tuesday, 14:00 in Kyiv.
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def fresh(touch):
    touch.refresh_from_db()
    return touch


def outcome(touch):
    return fresh(touch).state, touch.reason


def made(contact, ago, **kwargs):
    """Advertising that this person got some time ago."""
    return TouchFactory(contact=contact, handed=True, planned_for=NOON - ago, **kwargs)


class TestPlanning:
    def test_the_same_purpose_is_one_touch(self):
        contact = ContactFactory()
        wanted = {
            "kind": "test", "touch_class": "marketing", "channel": "memory", "person": "user:1", "rule": "carts",
            "contact": contact, "due_at": NOON,
        }  # fmt: skip
        inbox = TouchFactory().inbox

        first = plan("cart:1:1:1", inbox=inbox, **wanted)
        second = plan("cart:1:1:1", inbox=inbox, **wanted)

        assert first == second
        assert Touch.objects.filter(purpose="cart:1:1:1").count() == 1

    def test_a_kind_that_nobody_registered_is_refused(self):
        forget_touch("test")

        with pytest.raises(LookupError):
            plan(
                "a", kind="test", touch_class="help", channel="memory", person="user:1", rule="r",
                inbox=TouchRules.objects.get().inbox, due_at=NOON,
            )  # fmt: skip


class TestHandingOver:
    def test_what_is_due_goes_to_the_outbox_once(self, ledger):
        touch, later = TouchFactory(), TouchFactory(due_at=NOON + HOUR)

        assert [hand_over_due(), hand_over_due()] == [1, 0]
        delivery.send_due()

        assert (outcome(touch), outcome(later)) == (("handed", ""), ("planned", ""))
        assert (touch.settled_at, touch.left_at) == (NOON, NOON)
        sent = Delivery.objects.get()
        assert (sent.purpose, sent.identity, sent.touch) == (touch.purpose, touch.identity, touch)
        assert ledger.outbox.texts == [touch.purpose]

    def test_what_the_kind_does_not_want_is_dropped(self, ledger):
        touch = TouchFactory()
        ledger.unwanted = "no_basis"

        assert hand_over_due() == 0

        assert outcome(touch) == ("dropped", "no_basis")
        assert not Delivery.objects.exists()

    def test_one_that_fails_does_not_stop_the_others(self, ledger, monkeypatch, caplog):
        bad, good = TouchFactory(purpose="bad"), TouchFactory(purpose="good")

        def check(touch):
            if touch.purpose == "bad":
                raise RuntimeError("olena@example.test")
            return ""

        monkeypatch.setattr("shopchat.touches.deciding.touch_kind", lambda _name: type("Kind", (), {"check": check}))

        assert hand_over_due() == 1

        assert (outcome(bad), outcome(good)) == (("planned", ""), ("handed", ""))
        assert bad.due_at > NOON
        assert "olena" not in caplog.text

    def test_a_touch_of_a_kind_that_is_gone_is_dropped(self):
        touch = TouchFactory()
        forget_touch("test")

        hand_over_due()

        assert outcome(touch) == ("dropped", "unknown_kind")


class TestAddresses:
    def test_nothing_goes_to_a_suppressed_one_however_it_is_spelt(self):
        contact = ContactFactory()
        touch = TouchFactory(
            contact=contact, channel="email", identity=IdentityFactory(contact=contact, value="olena@example.test")
        )
        suppress("email", " Olena@Example.test ", Suppression.Reason.UNSUBSCRIBED)

        assert hand_over_due() == 0

        assert outcome(touch) == ("dropped", "suppressed")

    def test_nothing_goes_to_a_stopped_one_or_to_none(self):
        stopped, none, other = TouchFactory(), TouchFactory(identity=None), TouchFactory()
        stop(stopped.identity)

        assert hand_over_due() == 1

        assert (outcome(stopped), outcome(none)) == (("dropped", "stopped"), ("dropped", "no_address"))
        assert outcome(other) == ("handed", "")


class TestCaps:
    def test_one_in_24_hours_to_the_second(self):
        contact = ContactFactory()
        made(contact, DAY - timedelta(seconds=1))
        touch, of_another = TouchFactory(contact=contact), TouchFactory()

        assert hand_over_due() == 1

        assert outcome(of_another) == ("handed", "")
        assert outcome(touch) == ("planned", "cap_day")
        assert (touch.due_at, touch.deferrals) == (NOON + timedelta(seconds=1), 1)
        assert hand_over_due(touch.due_at) == 1
        assert outcome(touch) == ("handed", "")

    def test_all_channels_count_together(self):
        contact = ContactFactory()
        made(contact, HOUR, channel="other")
        touch = TouchFactory(contact=contact)

        hand_over_due()

        assert outcome(touch) == ("planned", "cap_day")

    def test_three_in_7_days(self):
        contact = ContactFactory()
        for days in (6.5, 4, 2):
            made(contact, timedelta(days=days))
        touch = TouchFactory(contact=contact)

        hand_over_due()

        assert outcome(touch) == ("planned", "cap_week")
        assert touch.due_at == NOON + HOUR * 12

    def test_what_was_not_sent_does_not_count(self):
        contact = ContactFactory()
        for state in ("failed", "dropped"):
            made(contact, HOUR, delivery=DeliveryFactory(state=state))
        TouchFactory(contact=contact, state="held_out", settled_at=NOON)
        made(contact, HOUR, touch_class="service")
        touch = TouchFactory(contact=contact)

        assert hand_over_due() == 1

        assert outcome(touch) == ("handed", "")

    @pytest.mark.parametrize("state", ["queued", "sent", "unconfirmed"])
    def test_what_may_have_been_sent_counts(self, state):
        contact = ContactFactory()
        made(contact, HOUR, delivery=DeliveryFactory(state=state))
        touch = TouchFactory(contact=contact)

        assert hand_over_due() == 0

        assert outcome(touch) == ("planned", "cap_day")

    def test_two_in_one_run_are_one_too_many(self):
        contact = ContactFactory()
        first, second = TouchFactory(contact=contact), TouchFactory(contact=contact)

        assert hand_over_due() == 1

        assert (outcome(first), outcome(second)) == (("handed", ""), ("planned", "cap_day"))

    def test_news_that_was_asked_for_is_not_advertising(self):
        contact = ContactFactory()
        made(contact, HOUR)
        touch = TouchFactory(contact=contact, touch_class="service")

        assert hand_over_due() == 1

        assert outcome(touch) == ("handed", "")

    def test_no_advertising_at_all(self, rules):
        TouchRules.objects.update(per_day=0)
        touch = TouchFactory()

        hand_over_due()

        assert outcome(touch) == ("dropped", "too_late")
        assert touch.details == {"because": "cap_day"}


class TestPuttingOff:
    def test_for_48_hours_then_dropped_with_both_reasons(self):
        conversation = ConversationFactory()
        receive(conversation)
        touch = TouchFactory(contact=conversation.contact)
        moments = []
        while fresh(touch).state == "planned" and len(moments) < 100:
            moments.append(touch.due_at)
            hand_over_due(touch.due_at)

        assert outcome(touch) == ("dropped", "too_late")
        assert touch.details == {"because": "complaint"}
        assert moments[-1] == NOON + 2 * DAY
        assert touch.deferrals == 48

    def test_what_the_worker_slept_through_is_not_sent_days_later(self):
        touch, fresh_one = TouchFactory(planned_for=NOON - 3 * DAY), TouchFactory()

        assert hand_over_due() == 1

        assert (outcome(touch), outcome(fresh_one)) == (("dropped", "too_late"), ("handed", ""))

    def test_quiet_hours_in_the_persons_zone(self, rules, settings):
        settings.TIME_ZONE = "Europe/Kyiv"
        TouchRules.objects.update(quiet_from=time(14), quiet_until=time(15))
        touch = TouchFactory()

        assert hand_over_due() == 0

        assert outcome(touch) == ("planned", "quiet")
        assert touch.due_at == NOON + HOUR
        assert hand_over_due(NOON + HOUR) == 1

    def test_somebody_who_waits_for_an_answer_is_left_alone(self):
        conversation = ConversationFactory()
        receive(conversation)
        touch = TouchFactory(contact=conversation.contact)
        news = TouchFactory(contact=conversation.contact, touch_class="service")

        assert hand_over_due() == 1

        assert (outcome(touch), outcome(news)) == (("planned", "complaint"), ("handed", ""))


def test_who_is_held_out_gets_advertising_never_and_help_always(rules):
    TouchRules.objects.update(holdout_percent=50)
    touches = [TouchFactory() for _ in range(20)]
    contact = next(t.contact for t in touches if is_held_out(t.person, "test", 50))
    helping = TouchFactory(contact=contact, touch_class="help")

    hand_over_due()

    assert {outcome(t)[0] for t in touches} == {"handed", "held_out"}
    for touch in touches:
        assert (touch.state == "held_out") == is_held_out(touch.person, "test", 50)
    assert outcome(helping) == ("handed", "")


class TestCallingOff:
    def test_all_about_one_thing_that_have_not_left(self, ledger, django_assert_num_queries):
        planned, waiting = TouchFactory(about="cart:1"), TouchFactory(about="cart:2", purpose="waiting")
        other = TouchFactory(about="cart:3", purpose="other")
        Touch.objects.filter(pk=planned.pk).update(due_at=NOON + HOUR)
        hand_over_due()

        with django_assert_num_queries(1):
            call_off("cart:1", "cart:2", reason="ordered", details={"order": "1007"})
        delivery.send_due()

        assert (outcome(planned), outcome(waiting)) == (("cancelled", "ordered"),) * 2
        assert (planned.details, planned.settled_at) == ({"order": "1007"}, NOON)
        assert outcome(other) == ("handed", "")
        assert ledger.outbox.texts == ["other"]
        assert waiting.delivery.state == "dropped"
        assert waiting.delivery.reason == "ordered"

    def test_what_was_sent_stays_sent(self):
        touch = TouchFactory(about="cart:1", details={"step": 1})
        hand_over_due()
        delivery.send_due()

        call_off("cart:1", reason="ordered", details={"order": "1007"})

        assert outcome(touch) == ("handed", "")
        assert touch.details == {"step": 1}

    def test_there_is_no_second_attempt_after_an_order(self, ledger):
        touch = TouchFactory(about="cart:1")
        hand_over_due()
        ledger.outbox.channel.fail(ChannelError("busy"))
        delivery.send_due()
        call_off("cart:1", reason="ordered")
        Delivery.objects.update(due_at=NOON)

        delivery.send_due()

        assert ledger.outbox.texts == []
        assert fresh(touch).delivery.state == "dropped"

    def test_suppressed_between_hand_over_and_send(self, ledger):
        touch, other = TouchFactory(), TouchFactory()
        hand_over_due()
        suppress("memory", touch.identity.value, Suppression.Reason.COMPLAINED)

        delivery.send_due()

        assert outcome(touch) == ("dropped", "suppressed")
        assert ledger.outbox.texts == [other.purpose]
