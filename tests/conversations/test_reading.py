import pytest

from shopchat.conversations import reading
from shopchat.conversations.models import Receipt
from tests.factories import ConversationFactory, OperatorFactory, note, receive, reply
from tests.races import at_once

pytestmark = pytest.mark.django_db


def test_receipts_only_move_forward():
    conversation, operator = ConversationFactory(), OperatorFactory()
    receive(conversation)
    second = receive(conversation)

    assert reading.mark_delivered(conversation, operator=operator, up_to=second.seq) is True
    assert reading.mark_delivered(conversation, operator=operator, up_to=1) is False

    conversation.refresh_from_db()
    assert (conversation.delivered_seq, conversation.operator_seen_seq) == (second.seq, 0)


def test_reading_includes_delivery():
    conversation, operator = ConversationFactory(), OperatorFactory()
    message = receive(conversation)

    reading.mark_read(conversation, operator=operator, up_to=message.seq)

    conversation.refresh_from_db()
    assert (conversation.delivered_seq, conversation.operator_seen_seq) == (message.seq, message.seq)
    assert [r.state for r in Receipt.objects.order_by("seq")] == ["delivered", "read"]
    assert not conversation.is_unread()


def test_a_conversation_is_unread_until_an_operator_reads_it():
    conversation, operator = ConversationFactory(), OperatorFactory()
    first = receive(conversation)
    reading.mark_read(conversation, operator=operator, up_to=first.seq)
    conversation.refresh_from_db()
    before = conversation.is_unread()

    receive(conversation)

    conversation.refresh_from_db()
    assert (before, conversation.is_unread()) == (False, True)


def test_both_sides_reading_to_the_end_do_not_answer_each_other_for_ever():
    conversation, operator = ConversationFactory(), OperatorFactory()
    receive(conversation)
    reply(conversation, operator)
    moved = 0

    for _round in range(5):
        conversation.refresh_from_db()
        moved += reading.mark_read(conversation, operator=operator, up_to=conversation.last_seq)
        conversation.refresh_from_db()
        moved += reading.mark_seen(conversation, up_to=conversation.last_seq)

    assert moved == 2


def test_nobody_reads_what_does_not_exist_yet():
    conversation, operator = ConversationFactory(), OperatorFactory()
    receive(conversation)

    assert reading.mark_read(conversation, operator=operator, up_to=99) is False
    assert reading.mark_read(conversation, operator=operator, up_to=1) is True


def test_a_note_is_nothing_for_the_contact_to_read():
    conversation, operator = ConversationFactory(), OperatorFactory()
    hidden = note(conversation, operator)

    assert reading.mark_seen(conversation, up_to=hidden.seq) is False
    answer = reply(conversation, operator)
    assert reading.mark_seen(conversation, up_to=answer.seq) is True


@pytest.mark.django_db(transaction=True)
def test_two_tabs_reading_at_once_leave_one_receipt():
    conversation, operator = ConversationFactory(), OperatorFactory()
    answer = reply(conversation, operator)

    results = at_once(*[lambda: reading.mark_seen(conversation, up_to=answer.seq)] * 2)

    assert sorted(results) == [False, True]
    assert Receipt.objects.count() == 1
