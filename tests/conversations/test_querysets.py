from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.conversations import assignment, closing, hints, typing
from shopchat.conversations.models import Conversation, Delivery
from shopchat.live.stamps import stamps
from tests.factories import ConversationFactory, OperatorFactory, note, receive, reply

pytestmark = pytest.mark.django_db


def test_the_badge_counts_what_waits_for_me_or_for_anybody():
    anna, boris = OperatorFactory(), OperatorFactory()
    unassigned, mine, boriss, answered = [ConversationFactory() for _ in range(4)]
    assignment.take(mine, operator=anna)
    assignment.take(boriss, operator=boris)
    for conversation in (unassigned, mine, boriss, answered):
        receive(conversation)
    reply(answered, anna)

    assert set(Conversation.objects.calling(anna)) == {unassigned, mine}


def test_unread_replies_are_counted_for_the_contact():
    conversation, other, operator = ConversationFactory(), ConversationFactory(), OperatorFactory()
    receive(conversation)
    reply(conversation, operator)
    note(conversation, operator)
    reply(conversation, operator)
    receive(other)

    counts = dict(Conversation.objects.with_unread_replies().values_list("pk", "unread_replies"))

    assert counts == {conversation.pk: 2, other.pk: 0}


def test_the_preview_is_the_last_thing_said():
    conversation, operator = ConversationFactory(), OperatorFactory()
    receive(conversation, "question")
    note(conversation, operator, "a note")
    closing.close(conversation, operator=operator)

    found = Conversation.objects.with_preview().get()

    assert (found.preview_text, found.preview_kind) == ("a note", "note")


def test_open_closed_unassigned_assigned():
    anna = OperatorFactory()
    open_one, closed_one = ConversationFactory(), ConversationFactory(closed=True)
    assignment.take(open_one, operator=anna)

    assert list(Conversation.objects.open()) == [open_one]
    assert list(Conversation.objects.closed()) == [closed_one]
    assert list(Conversation.objects.unassigned()) == [closed_one]
    assert list(Conversation.objects.assigned_to(anna)) == [open_one]


def test_movement_changes_with_any_change_and_only_then():
    conversation = ConversationFactory()
    receive(conversation)
    within = timedelta(minutes=15)
    before = Conversation.objects.movement(within=within)
    same = Conversation.objects.movement(within=within)

    note(conversation, OperatorFactory())

    assert before == same
    assert Conversation.objects.movement(within=within) != before


@pytest.mark.parametrize("topic_of", [lambda c: hints.DESK, lambda c: hints.for_operators(c.number)])
def test_a_note_moves_the_operators_topics_only(topic_of):
    conversation = ConversationFactory()
    operator = OperatorFactory()
    before = stamps().read([topic_of(conversation)])

    note(conversation, operator)

    assert stamps().read([topic_of(conversation)]) != before


def test_typing_has_a_stamp_until_it_ends():
    conversation = ConversationFactory()
    topic = hints.typing(conversation.number, by="visitor")
    other = hints.typing(conversation.number, by="operator")

    typing.started(conversation, by="visitor")
    during = stamps().read([topic, other])
    typing.stopped(conversation, by="visitor")

    assert during[topic]
    assert not during[other]
    assert stamps().read([topic])[topic] == ""


def test_counts_stop_at_their_limit(monkeypatch):
    anna = OperatorFactory()
    for _ in range(3):
        receive(ConversationFactory())
    assert Conversation.objects.calling(anna).counted() == Conversation.objects.waiting_summary(anna)["all"] == 3

    monkeypatch.setattr("shopchat.conversations.querysets.COUNTED_LIMIT", 2)

    assert Conversation.objects.calling(anna).counted() == Conversation.objects.waiting_summary(anna)["all"] == 2


@pytest.mark.sqlite  # others choose their plan by what is in the table
def test_what_is_due_is_found_by_looking_at_nothing_else():
    due = Delivery.objects.due(timezone.now()).first_of_lane().order_by("due_at", "pk")

    plan = due.explain()

    assert "(state=? AND due_at<?)" in plan
    assert "shopchat_delivery_lane (lane=? AND state=? AND id<?)" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
