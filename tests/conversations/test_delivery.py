"""What goes into the outbox, and how it leaves."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from shopchat.channels.base import ChannelError
from shopchat.conversations import circuits, claiming, delivery
from shopchat.conversations.models import Circuit, Delivery
from shopchat.core import jobs
from tests.factories import ConversationFactory, DeliveryFactory, IdentityFactory, OperatorFactory

pytestmark = pytest.mark.django_db


def enqueue(purpose="a", **kwargs):
    return delivery.enqueue(**{"purpose": purpose, "kind": "test", "channel": "memory", **kwargs})


def later(row, **kwargs):
    """As if the row's time had come."""
    Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1), **kwargs)


def state(row):
    row.refresh_from_db()
    return row.state, row.reason


def test_the_same_purpose_is_one_row_and_one_message(outbox):
    first, other, again = enqueue("a"), enqueue("b"), enqueue("a")

    assert delivery.send_due() == 2

    assert first == again != other
    assert outbox.texts == ["a", "b"]
    assert delivery.send_due() == 0
    first.refresh_from_db()
    assert (first.state, first.attempts, first.provider_id) == ("sent", 1, "memory-1")
    assert first.sent_at is not None
    assert first.lease_until is None


def test_what_is_rolled_back_never_leaves(outbox):
    enqueue("kept")
    with transaction.atomic():
        enqueue("undone")
        transaction.set_rollback(True)

    delivery.send_due()

    assert outbox.texts == ["kept"]


def test_what_is_not_due_waits(outbox):
    enqueue("now")
    waiting = enqueue("in an hour", due_at=timezone.now() + timedelta(hours=1))

    delivery.send_due()
    assert outbox.texts == ["now"]
    later(waiting)
    delivery.send_due()

    assert outbox.texts == ["now", "in an hour"]


def test_a_kind_that_nobody_registered_is_not_taken(outbox):
    with pytest.raises(LookupError):
        enqueue(kind="no such kind")


@pytest.mark.parametrize("broken", ["kind", "channel"])
def test_a_row_that_no_code_knows_any_more_is_not_lost(outbox, broken):
    row, fine = enqueue("a"), enqueue("b")
    Delivery.objects.filter(pk=row.pk).update(**{broken: "gone"})

    delivery.send_due()

    assert outbox.texts == ["b"]
    assert state(fine)[0] == "sent"
    assert state(row) == {"kind": ("failed", "unknown_kind"), "channel": ("queued", "broken")}[broken]


def test_what_is_no_longer_wanted_is_dropped_with_its_reason(outbox):
    wanted = enqueue("a")
    delivery.send_due()
    unwanted = enqueue("b")

    outbox.unwanted = "answered"
    delivery.send_due()

    assert outbox.texts == ["a"]
    assert (state(wanted), state(unwanted)) == (("sent", ""), ("dropped", "answered"))


def test_a_temporary_trouble_is_tried_again_after_a_pause_that_grows(outbox):
    row = enqueue()
    pauses = []
    for _ in range(3):
        outbox.channel.fail(ChannelError("busy"))
        later(row)
        Circuit.objects.all().delete()
        delivery.send_due()
        row.refresh_from_db()
        pauses.append((row.due_at - row.updated_at).total_seconds())
        assert (row.state, row.reason) == ("queued", "busy")
    later(row)

    assert delivery.send_due() == 1

    assert 22 <= pauses[0] <= 30 and 45 <= pauses[1] <= 60 and 90 <= pauses[2] <= 120  # noqa: PT018
    assert outbox.texts == ["a"]
    assert state(row) == ("sent", "")


def test_a_provider_that_names_a_time_is_left_alone_until_then(outbox):
    row = enqueue()
    outbox.channel.fail(ChannelError("busy", retry_after=4000))

    delivery.send_due()

    row.refresh_from_db()
    assert (row.due_at - row.updated_at).total_seconds() >= 4000
    assert delivery.send_due() == 0
    assert outbox.channel.calls == 1


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (ChannelError("bad_address", permanent=True), {}),
        (ChannelError("bad_address"), {"attempts": claiming.MAX_ATTEMPTS - 1}),
        (ChannelError("bad_address"), {"retry_until": timezone.now()}),
    ],
    ids=["refused for good", "too often", "too long"],
)
def test_a_row_that_cannot_be_sent_ends_as_a_dead_letter(outbox, error, fields):
    row, other = enqueue("a"), enqueue("b")
    Delivery.objects.filter(pk=row.pk).update(**fields)
    outbox.channel.fail(error)

    delivery.send_due()

    assert state(row) == ("failed", "bad_address")
    assert state(other) == ("sent", "")
    later(row)
    assert delivery.send_due() == 0
    assert set(Delivery.objects.needing_a_look()) == {row}


@pytest.mark.parametrize("kind", ["test", "test_sms"])
def test_an_answer_that_never_came_is_not_asked_for_twice(outbox, kind):
    row = enqueue(kind=kind)
    outbox.channel.fail(ChannelError("no_answer", ambiguous=True), taken=True)

    delivery.send_due()
    later(row)
    delivery.send_due()

    assert outbox.texts == ["a"]
    assert state(row) == ("unconfirmed", "no_answer")


def test_an_adapter_that_breaks_its_promise_leaves_an_unconfirmed_row(outbox, caplog):
    row = enqueue()
    outbox.channel.fail(RuntimeError("anna@example.test"))

    delivery.send_due()

    assert state(row) == ("unconfirmed", "broken")
    assert "RuntimeError" in caplog.text
    assert "example.test" not in caplog.text


def test_a_check_that_fails_holds_up_nobody_else(outbox, monkeypatch, caplog):
    row, other = enqueue("a"), enqueue("b")

    def check(checked):
        if checked.pk == row.pk:
            raise ValueError("Olena")
        return ""

    kind = claiming.kind_of("test")
    monkeypatch.setitem(vars(kind), "check", check)
    delivery.send_due()

    assert outbox.texts == ["b"]
    assert state(row) == ("queued", "broken")
    assert (row.attempts, row.due_at > timezone.now()) == (1, True)
    assert "Olena" not in caplog.text
    assert state(other)[0] == "sent"


def test_one_person_in_one_conversation_is_written_to_in_order(outbox):
    conversation, identity = ConversationFactory(), IdentityFactory()
    to = {"conversation": conversation, "identity": identity}
    first, second, third = (enqueue(purpose, **to) for purpose in ("first", "second", "third"))
    enqueue("other person", conversation=conversation, operator=OperatorFactory())
    enqueue("other conversation", conversation=ConversationFactory(), identity=identity)
    outbox.channel.fail(ChannelError("busy"))

    delivery.send_due()
    assert outbox.texts == ["other person", "other conversation"]
    later(first)
    delivery.send_due()

    assert outbox.texts == ["other person", "other conversation", "first", "second", "third"]
    assert [state(row)[0] for row in (first, second, third)] == ["sent"] * 3


def test_a_row_that_failed_for_good_lets_the_next_one_pass(outbox):
    to = {"conversation": ConversationFactory(), "identity": IdentityFactory()}
    first, second = enqueue("first", **to), enqueue("second", **to)
    outbox.channel.fail(ChannelError("bad_address", permanent=True))

    delivery.send_due()

    assert (state(first)[0], state(second)[0]) == ("failed", "sent")
    assert outbox.texts == ["second"]


def test_a_run_stops_when_its_time_is_up_and_asks_for_another(outbox, monkeypatch):
    asked = []
    for purpose in "abc":
        enqueue(purpose)
    monkeypatch.setattr(delivery, "enqueue_later", asked.append)

    assert delivery.send_due(seconds=0) == 1
    assert delivery.send_due(limit=1) == 1

    assert outbox.texts == ["a", "b"]
    assert asked == [delivery.SEND_DUE] * 2


def test_one_transaction_wakes_the_worker_once(outbox, django_capture_on_commit_callbacks):
    tasks = jobs.apps.get_model("django_q", "OrmQ").objects
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("a")
        enqueue("b")
        enqueue("later", due_at=timezone.now() + timedelta(hours=1))

    assert tasks.count() == 1
    assert tasks.get().func() == delivery.SEND_DUE


class TestCircuit:
    def fail(self, box, times=circuits.THRESHOLD):
        box.channel.fail(times=times)
        rows = [enqueue(f"failing {number}") for number in range(times)]
        delivery.send_due()
        return rows

    def test_full_mailboxes_say_nothing_of_the_others(self, outbox):
        outbox.channel.fail(ChannelError("full", recipient_only=True), times=circuits.THRESHOLD)
        for number in range(circuits.THRESHOLD):
            enqueue(f"full {number}")
        delivery.send_due()
        other = enqueue("other")

        delivery.send_due()

        assert state(other)[0] == "sent"

    def test_a_channel_that_keeps_failing_is_left_alone_and_others_are_not(self, outbox):
        self.fail(outbox)
        waiting, other = enqueue("waiting"), enqueue("other", channel="other")

        delivery.send_due()

        assert outbox.channel.calls == circuits.THRESHOLD
        assert (state(waiting)[0], waiting.attempts) == ("queued", 0)
        assert state(other)[0] == "sent"

    def test_after_a_rest_one_row_tries_it_and_the_rest_follow(self, outbox):
        self.fail(outbox)
        for purpose in "abc":
            enqueue(purpose)
        Circuit.objects.update(open_until=timezone.now())

        delivery.send_due()

        assert outbox.texts == ["a", "b", "c"]
        assert Circuit.objects.get().failures == 0

    def test_a_probe_that_fails_lets_it_rest_longer(self, outbox):
        self.fail(outbox)
        enqueue("a")
        enqueue("b")
        Circuit.objects.update(open_until=timezone.now())
        outbox.channel.fail(times=2)

        delivery.send_due()

        circuit = Circuit.objects.get()
        assert outbox.channel.calls == circuits.THRESHOLD + 1
        assert circuit.open_until > timezone.now() + timedelta(seconds=100)

    def test_a_probe_that_meets_a_full_mailbox_has_found_the_channel_at_work(self, outbox):
        self.fail(outbox)
        enqueue("full")
        other = enqueue("other")
        Circuit.objects.update(open_until=timezone.now())
        outbox.channel.fail(ChannelError("full", recipient_only=True))

        delivery.send_due()

        assert state(other)[0] == "sent"
        assert circuits.resting(timezone.now()) == []

    def test_of_two_probes_one_is_let_through(self):
        now = timezone.now()
        Circuit.objects.create(channel="memory", failures=9, open_until=now)

        assert [circuits.may_try("memory", now) for _ in range(2)] == [True, False]
        assert circuits.may_try("other", now)

    def test_a_refusal_is_no_failure_of_the_channel(self, outbox):
        for number in range(circuits.THRESHOLD):
            outbox.channel.fail(ChannelError("bad_address", permanent=True))
            enqueue(f"refused {number}")

        delivery.send_due()

        assert circuits.resting(timezone.now()) == []


def test_a_row_that_meets_a_resting_channel_keeps_its_attempts(outbox, monkeypatch):
    row = DeliveryFactory()
    monkeypatch.setattr(circuits, "may_try", lambda channel, at: False)

    assert delivery.send_due() == 0

    row.refresh_from_db()
    assert (row.state, row.attempts, row.attempt) == ("queued", 0, "")
