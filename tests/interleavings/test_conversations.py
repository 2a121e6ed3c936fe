"""The races of conversations. Each test says which change of the code it was seen to fail with.

Where the second actor meets a lock, it is the row's on PostgreSQL and MariaDB, and the whole database's on SQLite.
"""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import DatabaseError, connection

from shopchat.contacts.models import Contact
from shopchat.conversations import assignment, closing, posting, starting
from shopchat.conversations.assignment import AlreadyTaken
from shopchat.conversations.joining import join
from shopchat.conversations.models import Conversation, Message
from shopchat.conversations.posting import ClientIdReused
from shopchat_widget import sending
from shopchat_widget.answers import Refused
from shopchat_widget.callers import caller_of, cookie_name
from tests.factories import (
    ContactFactory,
    ConversationFactory,
    InboxFactory,
    OperatorFactory,
    UserFactory,
    receive,
    visitor_with_key,
)
from tests.interleavings.forcing import run_after, run_before

pytestmark = pytest.mark.django_db(transaction=True)
# Where a transaction locks all there is, nobody gets in between its first and its last statement.
LOCKS_ROWS = connection.vendor != "sqlite"


def lines(conversation):
    """Every line as ``(seq, text or event)``, in order; gapless, or this fails."""
    stored = list(Message.objects.filter(conversation=conversation).order_by("seq"))
    conversation.refresh_from_db()
    assert [message.seq for message in stored] == list(range(1, conversation.last_seq + 1))
    return [message.text or message.event for message in stored]


def say(conversation, text, client_id=""):
    return posting.receive(conversation, text=text, client_id=client_id or uuid.uuid4().hex)


class TestTwoFirstMessages:
    def test_the_second_waits_and_finds_what_the_first_began(self):
        """Fails without the UPDATE on the contact's row in ``start``, where transactions lock rows."""
        contact, inbox = ContactFactory(), InboxFactory()

        with run_before(
            "shopchat.conversations.starting._create", lambda: starting.start(contact, inbox), ends=False
        ) as second:
            mine = starting.start(contact, inbox)

        assert second.result == mine
        assert Conversation.objects.count() == 1

    def test_one_that_began_since_we_looked_is_found(self):
        """Fails if ``start`` believes whoever called it that there is none."""
        contact, inbox = ContactFactory(), InboxFactory()

        with run_before("shopchat.conversations.starting.start", lambda: _start(contact, inbox), ends=True) as second:
            assert starting.current(contact, inbox) is None
            mine = starting.start(contact, inbox)

        assert second.result == mine
        assert Conversation.objects.count() == 1


_start = starting.start


class TestAMessageAndAClosing:
    def test_a_message_written_while_somebody_closes_opens_it_again(self):
        """Fails if ``receive`` leaves ``state`` out, or takes ``waiting_since`` from what was read before."""
        conversation, operator = ConversationFactory(), OperatorFactory()
        say(conversation, "Hello")
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.posting._post", lambda: closing.close(same, operator=operator), ends=True
        ) as second:
            say(conversation, "One more thing")

        assert second.result is True
        assert lines(conversation) == ["Hello", "closed", "One more thing"]
        assert conversation.state == Conversation.State.OPEN
        assert conversation.closed_at is None
        assert conversation.waiting_since is not None

    def test_a_message_meets_a_closing_that_is_not_committed(self):
        """Fails if ``close`` writes its line outside the transaction that changed the state."""
        conversation, operator = ConversationFactory(), OperatorFactory()
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.events.record", lambda: say(same, "One more thing"), ends=False
        ) as second:
            closing.close(conversation, operator=operator)

        assert second.result.created
        assert lines(conversation) == ["closed", "One more thing"]
        assert conversation.state == Conversation.State.OPEN
        assert conversation.waiting_since is not None

    def test_two_who_close_leave_one_line(self):
        """Fails if ``close`` updates whatever the state is."""
        conversation, one, other = ConversationFactory(), OperatorFactory(), OperatorFactory()
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.events.record", lambda: closing.close(same, operator=other), ends=False
        ) as second:
            assert closing.close(conversation, operator=one)

        assert second.result is False
        assert lines(conversation) == ["closed"]


class TestAMessageAndASignIn:
    def test_a_message_written_while_the_conversation_moves_goes_along(self):
        """Fails if ``join`` writes the conversation back as it read it (``save()`` instead of ``record``)."""
        browser, account = ContactFactory(), ContactFactory(signed_in=True)
        conversation = ConversationFactory(contact=browser)
        say(conversation, "Hello")
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.events.record", lambda: say(same, "Still there?"), ends=LOCKS_ROWS
        ) as second:
            assert join(browser, account) == 1

        assert second.result.created
        assert set(lines(conversation)) == {"Hello", "joined", "Still there?"}
        assert conversation.contact == account

    def test_a_conversation_that_moved_since_it_was_found_takes_the_message(self):
        """Fails if ``receive`` writes the contact that it read."""
        browser, account = ContactFactory(), ContactFactory(signed_in=True)
        conversation = ConversationFactory(contact=browser)

        with run_before("shopchat.conversations.posting._post", lambda: join(browser, account), ends=True) as second:
            say(conversation, "Hello")

        assert second.result == 1
        assert lines(conversation) == ["joined", "Hello"]
        assert conversation.contact == account

    def test_a_conversation_that_begins_meanwhile_is_not_left_behind(self, rf):
        """Fails without ``hold`` in the widget's ``_begin``, where transactions lock rows."""
        visitor, key = visitor_with_key()
        user = UserFactory()
        posting_tab = _caller(rf, key)

        with run_before(
            "shopchat.conversations.starting._create", lambda: _caller(rf, key, user), ends=False
        ) as second:
            sent = sending.send(posting_tab, {"text": "Hello", "client_id": uuid.uuid4().hex})

        assert second.result.recognised.joined == visitor.contact
        sent.conversation.refresh_from_db()
        assert sent.conversation.contact.user == user

    def test_a_browser_that_signed_in_meanwhile_asks_again(self, rf):
        """Fails without ``hold`` in the widget's ``_begin``: the message is then stored where its author never looks."""
        _visitor, key = visitor_with_key()
        user = UserFactory()
        posting_tab = _caller(rf, key)

        with (
            run_before("shopchat_widget.sending._begin", lambda: _caller(rf, key, user), ends=True),
            pytest.raises(Refused) as refused,
        ):
            sending.send(posting_tab, {"text": "Hello", "client_id": uuid.uuid4().hex})

        assert refused.value.status == 403
        assert not Conversation.objects.exists()


def _caller(rf, key, user=None):
    """A request of the browser, recognised as the widget's views do; a signed-in one joins what the key holds."""
    request = rf.get("/chat/")
    request.user = user or AnonymousUser()
    request.session = SessionStore()
    request.COOKIES[cookie_name()] = key
    return caller_of(request)


class TestTwoWhoTake:
    def test_the_second_sees_who_was_faster(self):
        """Fails if ``take`` trusts the object that it was given instead of asking for ``assignee=None`` in the UPDATE."""
        conversation, one, other = ConversationFactory(), OperatorFactory(), OperatorFactory()
        same = Conversation.objects.get(pk=conversation.pk)

        with (
            run_before("shopchat.conversations.assignment.take", lambda: _take(same, operator=other), ends=True),
            pytest.raises(AlreadyTaken) as refused,
        ):
            assignment.take(conversation, operator=one)

        assert refused.value.by == other
        assert lines(conversation) == ["taken"]
        assert conversation.assignee == other

    def test_the_second_waits_for_a_first_that_is_not_committed(self):
        """Fails if ``take`` looks first and then writes, where transactions lock rows."""
        conversation, one, other = ConversationFactory(), OperatorFactory(), OperatorFactory()
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.events.record", lambda: assignment.take(same, operator=other), ends=False
        ) as second:
            assignment.take(conversation, operator=one)

        assert isinstance(second.result, AlreadyTaken)
        assert second.result.by == one
        assert lines(conversation) == ["taken"]

    def test_a_reply_leaves_the_conversation_with_whoever_took_it(self):
        """Fails if ``reply`` sets the assignee whatever it is."""
        conversation, one, other = ConversationFactory(), OperatorFactory(), OperatorFactory()
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.posting._post", lambda: assignment.take(same, operator=other), ends=True
        ):
            posting.reply(conversation, operator=one, text="Good morning", client_id=uuid.uuid4().hex)

        assert lines(conversation) == ["taken", "Good morning"]
        assert conversation.assignee == other


_take = assignment.take


class TestTheSameMessageTwice:
    def test_the_second_waits_and_is_a_repetition(self):
        """Fails if ``_post`` looks for the id first and takes no notice of the constraint afterwards."""
        conversation, again = ConversationFactory(), uuid.uuid4().hex
        same = Conversation.objects.get(pk=conversation.pk)

        with run_after(
            "shopchat.conversations.posting.advance", lambda: say(same, "Hello", again), ends=False
        ) as second:
            mine = say(conversation, "Hello", again)

        assert mine.created
        assert not second.result.created
        assert second.result.message == mine.message
        assert lines(conversation) == ["Hello"]

    def test_the_first_is_a_repetition_if_the_second_was_faster(self):
        """Fails like the one before."""
        conversation, again = ConversationFactory(), uuid.uuid4().hex
        same = Conversation.objects.get(pk=conversation.pk)

        with run_before(
            "shopchat.conversations.posting._post", lambda: _post_directly(same, again), ends=True
        ) as second:
            mine = say(conversation, "Hello", again)

        assert second.result.created
        assert not mine.created
        assert lines(conversation) == ["Hello"]

    def test_another_text_under_the_same_id_is_refused(self):
        """Fails if a repetition is believed without a look at its text."""
        conversation, again = ConversationFactory(), uuid.uuid4().hex
        same = Conversation.objects.get(pk=conversation.pk)

        with run_after(
            "shopchat.conversations.posting.advance", lambda: say(same, "Good-bye", again), ends=False
        ) as second:
            say(conversation, "Hello", again)

        assert isinstance(second.result, ClientIdReused)
        assert lines(conversation) == ["Hello"]


def _post_directly(conversation, client_id):
    return say(conversation, "Hello", client_id)


class TestAReplyAndAnErasure:
    def test_nothing_is_stored_in_what_was_erased(self):
        """Fails if ``_post`` takes a conversation that is gone for a message that is stored."""
        conversation, operator = ConversationFactory(), OperatorFactory()
        receive(conversation)
        other = receive(ConversationFactory(), "Of somebody else")

        with (
            run_before(
                "shopchat.conversations.posting._post",
                lambda: Contact.objects.get(pk=conversation.contact_id).delete(),
                ends=True,
            ),
            pytest.raises(Conversation.DoesNotExist),
        ):
            posting.reply(conversation, operator=operator, text="Good morning", client_id=uuid.uuid4().hex)

        assert list(Message.objects.all()) == [other]

    def test_an_erasure_takes_a_reply_along_that_was_not_committed(self):
        """Fails if the message is written outside the transaction that holds the conversation's lock."""
        conversation, operator = ConversationFactory(), OperatorFactory()
        contact = Contact.objects.get(pk=conversation.contact_id)
        receive(conversation)

        with run_after("shopchat.conversations.posting.advance", contact.delete, ends=False) as second:
            posting.reply(conversation, operator=operator, text="Good morning", client_id=uuid.uuid4().hex)
        if isinstance(second.result, DatabaseError):  # the reply came between its looking and its deleting: once more
            contact.delete()

        assert not Conversation.objects.exists()
        assert not Message.objects.exists()
