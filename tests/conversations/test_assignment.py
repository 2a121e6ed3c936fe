import pytest

from shopchat.conversations import assignment, closing
from shopchat.conversations.assignment import AlreadyTaken
from shopchat.conversations.models import Message
from tests.factories import ConversationFactory, OperatorFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db


def test_taking_assigns_and_tells():
    conversation, other, anna = ConversationFactory(), ConversationFactory(), OperatorFactory()

    assignment.take(conversation, operator=anna)

    conversation.refresh_from_db()
    other.refresh_from_db()
    assert conversation.assignee == anna
    assert other.assignee is None
    assert [(m.event, m.operator, m.is_private) for m in Message.objects.all()] == [("taken", anna, False)]


def test_taking_ones_own_again_changes_nothing():
    conversation, anna = ConversationFactory(), OperatorFactory()
    assignment.take(conversation, operator=anna)

    assignment.take(conversation, operator=anna)

    assert Message.objects.count() == 1


def test_the_second_is_told_who_was_first():
    conversation, anna, boris = ConversationFactory(), OperatorFactory(), OperatorFactory()
    assignment.take(conversation, operator=anna)

    with pytest.raises(AlreadyTaken) as refused:
        assignment.take(conversation, operator=boris)

    assert refused.value.by == anna


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins():
    conversation = ConversationFactory()
    operators = [OperatorFactory(), OperatorFactory()]

    results = at_once(*[lambda o=o: assignment.take(conversation, operator=o) for o in operators])

    losers = [r for r in results if isinstance(r, AlreadyTaken)]
    assert len(losers) == 1
    conversation.refresh_from_db()
    assert losers[0].by == conversation.assignee
    assert Message.objects.filter(event="taken").count() == 1


def test_only_the_assignee_releases():
    conversation, anna, boris = ConversationFactory(), OperatorFactory(), OperatorFactory()
    assignment.take(conversation, operator=anna)

    assert assignment.release(conversation, operator=boris) is False
    conversation.refresh_from_db()
    assert conversation.assignee == anna
    assert assignment.release(conversation, operator=anna) is True
    conversation.refresh_from_db()
    assert conversation.assignee is None


def test_a_release_is_not_the_customers_business():
    conversation, anna = ConversationFactory(), OperatorFactory()
    assignment.take(conversation, operator=anna)
    assignment.release(conversation, operator=anna)

    assert [m.event for m in Message.objects.order_by("seq")] == ["taken", "released"]
    assert [m.event for m in Message.objects.visible_to_contact()] == ["taken"]


def test_closing_ends_the_wait_and_happens_once():
    conversation, other, anna = ConversationFactory(), ConversationFactory(), OperatorFactory()

    assert closing.close(conversation, operator=anna) is True
    assert closing.close(conversation, operator=anna) is False

    conversation.refresh_from_db()
    other.refresh_from_db()
    assert (conversation.state, conversation.waiting_since) == ("closed", None)
    assert conversation.closed_at is not None
    assert other.is_open()
    assert Message.objects.filter(event="closed").count() == 1


def test_reopening_happens_once():
    conversation, anna = ConversationFactory(closed=True), OperatorFactory()

    assert closing.reopen(conversation, operator=anna) is True
    assert closing.reopen(conversation, operator=anna) is False

    conversation.refresh_from_db()
    assert conversation.is_open()
    assert conversation.closed_at is None
