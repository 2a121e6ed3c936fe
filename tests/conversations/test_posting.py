import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from shopchat.conversations import posting
from shopchat.conversations.log import RETURNING
from shopchat.conversations.models import Conversation, Message
from shopchat.conversations.posting import ClientIdReused
from shopchat.conversations.reading import mark_read
from shopchat.signals import message_posted
from tests.factories import ConversationFactory, OperatorFactory, client_id, note, receive, reply
from tests.races import at_once

pytestmark = pytest.mark.django_db


def test_messages_are_numbered_without_gaps():
    conversation, other = ConversationFactory(), ConversationFactory()
    operator = OperatorFactory()

    seqs = [receive(conversation).seq, reply(conversation, operator).seq, note(conversation, operator).seq]

    assert seqs == [1, 2, 3]
    assert receive(other).seq == 1


def test_a_repetition_is_answered_with_what_is_stored():
    conversation = ConversationFactory()
    first = posting.receive(conversation, text="Hello", client_id="a" * 8)

    again = posting.receive(conversation, text="Hello", client_id="a" * 8)

    assert (first.created, again.created) == (True, False)
    assert again.message == first.message
    assert Message.objects.count() == 1
    conversation.refresh_from_db()
    assert conversation.last_seq == 1


def test_the_same_id_with_another_text_is_refused():
    conversation = ConversationFactory()
    posting.receive(conversation, text="Hello", client_id="a" * 8)

    with pytest.raises(ClientIdReused):
        posting.receive(conversation, text="Goodbye", client_id="a" * 8)

    assert Message.objects.get().text == "Hello"


def test_a_reply_does_not_pass_for_the_note_with_its_id():
    conversation, operator = ConversationFactory(), OperatorFactory()
    posting.note(conversation, operator=operator, text="Hello", client_id="a" * 8)

    with pytest.raises(ClientIdReused):
        posting.reply(conversation, operator=operator, text="Hello", client_id="a" * 8)


def test_the_same_id_in_another_conversation_is_another_message():
    first, second = ConversationFactory(), ConversationFactory()

    receive(first, client_id="a" * 8)
    receive(second, client_id="a" * 8)

    assert Message.objects.count() == 2


def test_the_contact_waits_until_a_reply_not_until_a_note():
    conversation, operator = ConversationFactory(), OperatorFactory()
    receive(conversation)
    conversation.refresh_from_db()
    since = conversation.waiting_since

    receive(conversation)
    note(conversation, operator)
    conversation.refresh_from_db()
    still = conversation.waiting_since
    reply(conversation, operator)
    conversation.refresh_from_db()

    assert since is not None
    assert still == since
    assert conversation.waiting_since is None


def test_the_first_to_reply_becomes_the_assignee_and_stays_it():
    conversation, anna, boris = ConversationFactory(), OperatorFactory(), OperatorFactory()

    reply(conversation, anna)
    reply(conversation, boris)

    conversation.refresh_from_db()
    assert conversation.assignee == anna


def test_writing_into_a_closed_conversation_opens_it_again():
    conversation, other = ConversationFactory(closed=True), ConversationFactory(closed=True)

    receive(conversation)

    conversation.refresh_from_db()
    other.refresh_from_db()
    assert (conversation.state, conversation.closed_at) == ("open", None)
    assert other.state == "closed"


def test_a_note_cannot_be_public():
    conversation = ConversationFactory()
    hidden = note(conversation, OperatorFactory())

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=hidden.pk).update(is_private=False)


def test_two_statements_store_a_message(django_assert_num_queries):
    conversation = ConversationFactory()
    # MariaDB's UPDATE cannot answer, so that it is asked once more.
    statements = 2 if connection.vendor in RETURNING else 3

    # SAVEPOINT and RELEASE belong to the test's own transaction; outside they are BEGIN and COMMIT.
    with django_assert_num_queries(statements + 2):
        posting.receive(conversation, text="Hello", client_id=client_id())


def test_the_conversation_says_afterwards_what_its_row_says():
    conversation, operator = ConversationFactory(), OperatorFactory()
    stale = Conversation.objects.get(pk=conversation.pk)
    reading_along = Conversation.objects.get(pk=conversation.pk)

    posting.receive(conversation, text="Hello", client_id=client_id())
    mark_read(reading_along, operator=operator, up_to=1)
    posting.reply(stale, operator=operator, text="Good morning", client_id=client_id())

    row = Conversation.objects.get(pk=conversation.pk)
    assert {field.attname: getattr(stale, field.attname) for field in row._meta.concrete_fields} == {
        field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields
    }
    assert stale.assignee == operator
    assert row.operator_seen_seq == 1


def test_a_repeated_message_leaves_the_conversation_as_its_row_is():
    conversation, again = ConversationFactory(), client_id()
    posting.receive(conversation, text="Hello", client_id=again)

    posted = posting.receive(conversation, text="Hello", client_id=again)

    assert not posted.created
    assert conversation.last_seq == Conversation.objects.get(pk=conversation.pk).last_seq == 1


def test_integrators_hear_of_a_message_after_commit(django_capture_on_commit_callbacks):
    heard = []
    receiver = lambda sender, message, **kwargs: heard.append(message.text)  # noqa: E731 a closure is all it is
    message_posted.connect(receiver)
    conversation = ConversationFactory()
    try:
        with django_capture_on_commit_callbacks(execute=True):
            receive(conversation, "Hello")
            assert heard == []
    finally:
        message_posted.disconnect(receiver)

    assert heard == ["Hello"]


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_leave_no_gap_and_no_double():
    conversation = ConversationFactory()

    results = at_once(*[lambda n=n: receive(conversation, f"message {n}") for n in range(8)])

    assert [r for r in results if isinstance(r, Exception)] == []
    assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, 9))
    conversation.refresh_from_db()
    assert conversation.last_seq == 8


@pytest.mark.django_db(transaction=True)
def test_the_same_message_twice_at_once_is_stored_once():
    conversation = ConversationFactory()
    send = lambda: posting.receive(conversation, text="Hello", client_id="a" * 8)  # noqa: E731

    results = at_once(send, send, send)

    assert sorted(result.created for result in results) == [False, False, True]
    assert Message.objects.count() == 1
    conversation.refresh_from_db()
    assert conversation.last_seq == 1


@override_settings(SHOPCHAT={"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps"}})
@pytest.mark.django_db(transaction=True)
def test_nothing_is_announced_before_commit():
    from shopchat.conversations import hints
    from shopchat.live.stamps import stamps

    conversation = ConversationFactory()
    topic = hints.for_contact(conversation.number)
    before = stamps().read([topic])[topic]

    with transaction.atomic():
        receive(conversation)
        inside = stamps().read([topic])[topic]
    after = stamps().read([topic])[topic]

    assert inside == before
    assert after != before
