"""Interleavings that must not lose, double or lower anything; each is forced, none is hoped for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.channels.base import ChannelError
from shopchat.conversations import claiming, delivery, resending, sweeping
from shopchat.conversations.models import Delivery, Message
from tests.factories import ConversationFactory, DeliveryFactory, OperatorFactory
from tests.races import at_once


def state(row):
    row.refresh_from_db()
    return row.state, row.reason


def lapse(row):
    """The lease of whoever has it ends."""
    Delivery.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_gets_the_row(outbox):
    row, other = DeliveryFactory(), DeliveryFactory()

    claims = at_once(*[lambda: claiming.claim(row.pk)] * 4)

    assert sum(isinstance(claimed, tuple) for claimed in claims) == 1, claims
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, row.attempts, other.state) == ("sending", 1, "queued")


@pytest.mark.django_db(transaction=True)
def test_workers_beside_each_other_send_each_row_once(outbox):
    rows = [DeliveryFactory() for _ in range(12)]

    counts = at_once(delivery.send_due, delivery.send_due, delivery.send_due)

    assert sum(counts) == 12, counts
    assert sorted(outbox.texts) == sorted(row.purpose for row in rows)


@pytest.mark.django_db
def test_a_second_worker_that_comes_during_the_call_finds_nothing(outbox):
    DeliveryFactory()
    found = []
    outbox.channel.hang(lambda: found.append(delivery.send_due()))

    assert delivery.send_due() == 1

    assert found == [0]
    assert len(outbox.texts) == 1


@pytest.mark.django_db
def test_a_call_that_outlives_its_lease_writes_nothing_over_the_next_attempt(outbox):
    """At least once: the second worker repeats it, under the same key; what the first one learns comes too late."""
    row = DeliveryFactory()

    def meanwhile():
        lapse(row)
        outbox.channel.fail(ChannelError("bad_address", permanent=True))
        delivery.send_due()

    outbox.channel.hang(meanwhile)
    delivery.send_due()

    assert state(row) == ("failed", "bad_address")
    assert row.attempts == 2
    assert outbox.channel.calls == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "result",
    [
        lambda first: claiming.settle(first, Delivery.State.SENT),
        lambda first: claiming.put_back(first, reason="busy"),
        claiming.release,
    ],
    ids=["sent", "put back", "released"],
)
def test_what_comes_of_a_lapsed_attempt_leaves_the_one_under_way_alone(outbox, result):
    row = DeliveryFactory()
    first, _kind = claiming.claim(row.pk)
    lapse(row)
    sweeping.sweep()
    second, _kind = claiming.claim(row.pk)

    assert not result(first)

    row.refresh_from_db()
    assert (row.state, row.attempt, row.attempts) == ("sending", second.attempt, 2)
    assert claiming.settle(second, Delivery.State.SENT)
    assert state(row) == ("sent", "")


@pytest.mark.django_db
def test_a_repetition_carries_the_same_key_and_a_resend_another(outbox):
    row = DeliveryFactory()
    outbox.channel.hang(lambda: (lapse(row), delivery.send_due()))
    delivery.send_due()
    Delivery.objects.filter(pk=row.pk).update(state="failed")
    row.refresh_from_db()

    resending.resend(row, operator=OperatorFactory())
    delivery.send_due()

    keys = [outgoing.key for outgoing in outbox.channel.sent]
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.django_db
def test_a_lease_that_lapses_during_a_call_that_must_not_be_repeated(outbox):
    row = DeliveryFactory(kind="test_sms")

    def meanwhile():
        lapse(row)
        delivery.send_due()

    outbox.channel.hang(meanwhile)
    delivery.send_due()

    assert outbox.channel.calls == 1
    assert state(row) == ("unconfirmed", "worker_lost")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "texts", "ends_as"), [("test", 2, ("sent", "")), ("test_sms", 1, ("unconfirmed", "worker_lost"))]
)
def test_a_worker_killed_after_the_call_is_made_good_as_declared(outbox, kind, texts, ends_as):
    row = DeliveryFactory(kind=kind)
    outbox.channel.fail(SystemExit(), taken=True)  # nothing catches it, as nothing catches kill -9
    with pytest.raises(SystemExit):
        delivery.send_due()
    assert state(row)[0] == "sending"
    assert delivery.send_due() == 0, "its lease has not ended"
    lapse(row)

    delivery.send_due()

    assert state(row) == ends_as
    assert len(outbox.texts) == texts


@pytest.mark.django_db
def test_a_row_that_kills_every_worker_is_given_up(outbox):
    row = DeliveryFactory(lapsed=True, attempts=claiming.MAX_ATTEMPTS)
    fresh = DeliveryFactory(lapsed=True)

    assert sweeping.sweep() == 1

    assert state(row) == ("unconfirmed", "worker_lost")
    assert state(fresh) == ("queued", "worker_lost")


@pytest.mark.django_db
def test_a_message_overtaken_by_events_between_enqueue_and_send_is_not_sent(outbox):
    """The check runs when nobody else can send the row any more, not when the run began."""
    first, second = DeliveryFactory(), DeliveryFactory()
    outbox.channel.hang(lambda: setattr(outbox, "unwanted", "answered"))

    delivery.send_due()

    assert (state(first)[0], state(second)) == ("sent", ("dropped", "answered"))
    assert outbox.texts == [first.purpose]


@pytest.mark.django_db
def test_whether_it_is_wanted_is_asked_when_the_row_is_held(outbox, monkeypatch):
    """What is looked at before the claim may have changed when the claim succeeds."""
    row, other = DeliveryFactory(), DeliveryFactory()
    seen = []
    monkeypatch.setitem(vars(claiming.kind_of("test")), "check", lambda checked: seen.append(state(checked)) or "")

    claiming.claim(row.pk)

    assert seen == [("sending", "")]
    assert state(other) == ("queued", "")


@pytest.mark.django_db(transaction=True)
def test_asked_for_at_the_same_moment_it_is_one_row(outbox):
    def enqueue():
        return delivery.enqueue(purpose="a", kind="test", channel="memory").pk

    made = at_once(*[enqueue] * 4)

    assert {*made} == {Delivery.objects.get().pk}, made


@pytest.mark.django_db
class TestReports:
    def test_statuses_only_go_up(self):
        row = DeliveryFactory(state="sent", provider_id="m1")
        other = DeliveryFactory(state="sent", provider_id="m2")

        news = [
            resending.report(channel="memory", provider_id="m1", state=to)
            for to in (Delivery.State.DELIVERED, Delivery.State.READ, Delivery.State.DELIVERED, Delivery.State.READ)
        ]

        assert news == [True, True, False, False]
        assert (state(row)[0], state(other)[0]) == ("read", "sent")

    @pytest.mark.parametrize("end", ["failed", "unconfirmed", "dropped"])
    def test_a_late_report_does_not_revive_what_has_ended(self, end):
        row = DeliveryFactory(state=end, provider_id="m1")

        assert not resending.report(channel="memory", provider_id="m1", state=Delivery.State.READ)

        assert state(row)[0] == end

    def test_a_report_that_overtakes_our_own_writing_is_not_lowered_by_it(self, outbox):
        row = DeliveryFactory(provider_id="m1")
        outbox.channel.hang(
            lambda: resending.report(channel="memory", provider_id="m1", state=Delivery.State.DELIVERED)
        )

        delivery.send_due()

        assert state(row)[0] == "delivered"

    def test_a_report_without_an_id_means_nobody(self):
        row = DeliveryFactory(state="sent")

        assert not resending.report(channel="memory", provider_id="", state=Delivery.State.READ)

        assert state(row)[0] == "sent"


@pytest.mark.django_db
class TestResend:
    @pytest.mark.parametrize("trait", ["failed", "unconfirmed"])
    def test_it_is_sent_again_and_the_conversation_says_who_did(self, outbox, trait):
        row, anna = DeliveryFactory(**{trait: True}), OperatorFactory()
        other = DeliveryFactory(**{trait: True})

        assert resending.resend(row, operator=anna)
        delivery.send_due()

        assert (state(row)[0], state(other)[0]) == ("sent", trait)
        line = Message.objects.get(conversation=row.conversation)
        assert (line.event, line.operator, line.is_private) == ("resent", anna, True)

    def test_twice_clicked_is_once_sent(self, outbox):
        row, anna = DeliveryFactory(failed=True), OperatorFactory()

        assert [resending.resend(row, operator=anna) for _ in range(2)] == [True, False]
        delivery.send_due()

        assert outbox.channel.calls == 1
        assert Message.objects.count() == 1

    @pytest.mark.parametrize("at", ["queued", "sending", "sent", "delivered", "read", "dropped"])
    def test_what_did_not_go_wrong_is_not_sent_again(self, outbox, at):
        row = DeliveryFactory(state=at, lease_until=timezone.now() + timedelta(hours=1))

        assert not resending.resend(row, operator=OperatorFactory())

        assert state(row)[0] == at

    def test_a_dismissed_row_needs_no_look_and_can_still_be_sent(self, outbox):
        row, other = DeliveryFactory(failed=True), DeliveryFactory(unconfirmed=True)

        assert [resending.dismiss(row) for _ in range(2)] == [True, False]

        assert list(Delivery.objects.needing_a_look()) == [other]
        assert resending.resend(row, operator=OperatorFactory())

    def test_without_a_conversation_there_is_nobody_to_tell(self, outbox):
        row = DeliveryFactory(failed=True, conversation=None)
        ConversationFactory()

        assert resending.resend(row, operator=OperatorFactory())

        assert not Message.objects.exists()
