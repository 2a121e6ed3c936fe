import pytest
from django.db import IntegrityError

from shopchat.conversations import starting
from shopchat.conversations.joining import join
from shopchat.conversations.models import Conversation, Message
from shopchat.inboxes.models import Inbox
from tests.factories import ContactFactory, ConversationFactory, InboxFactory, receive
from tests.races import at_once

pytestmark = pytest.mark.django_db


def test_somebody_unknown_has_no_conversation():
    ConversationFactory()

    assert starting.current(None, InboxFactory()) is None


def test_an_open_conversation_goes_before_a_newer_closed_one():
    contact = ContactFactory()
    older = ConversationFactory(contact=contact, old=True)
    ConversationFactory(contact=contact, closed=True)

    assert starting.current(contact, older.inbox) == older


def test_a_contact_goes_on_with_the_last_conversation():
    contact = ContactFactory()
    ConversationFactory(contact=contact, closed=True, old=True)
    latest = ConversationFactory(contact=contact, closed=True)

    assert starting.start(contact, latest.inbox) == latest


def test_each_site_has_its_own_conversation():
    contact = ContactFactory()
    there = ConversationFactory(contact=contact, inbox=InboxFactory(hostname="other.test"))

    here = starting.start(contact, InboxFactory(), language="uk", page="/boots/")

    assert here != there
    assert (here.language, here.page) == ("uk", "/boots/")


def test_a_taken_number_is_drawn_again(monkeypatch):
    taken = ConversationFactory(number="11112222")
    numbers = iter([taken.number, "33334444"])
    monkeypatch.setattr(starting, "new_number", lambda: next(numbers))

    assert starting.start(ContactFactory(), taken.inbox).readable_number == "3333-4444"


def test_five_taken_numbers_are_an_error(monkeypatch):
    taken = ConversationFactory(number="11112222")
    monkeypatch.setattr(starting, "new_number", lambda: taken.number)

    with pytest.raises(RuntimeError):
        starting.start(ContactFactory(), taken.inbox)


@pytest.mark.django_db(transaction=True)
def test_two_first_messages_create_one_conversation():
    contact, inbox = ContactFactory(), InboxFactory()

    results = at_once(*[lambda: starting.start(contact, inbox)] * 3)

    assert len({conversation.pk for conversation in results}) == 1
    assert Conversation.objects.count() == 1


def test_a_browsers_conversations_join_the_account():
    anonymous, account, stranger = ContactFactory(basket_ref="7"), ContactFactory(signed_in=True), ContactFactory()
    mine, theirs = ConversationFactory(contact=anonymous), ConversationFactory(contact=stranger)
    receive(mine)

    moved = join(anonymous, account)

    mine.refresh_from_db()
    theirs.refresh_from_db()
    account.refresh_from_db()
    assert moved == 1
    assert (mine.contact, theirs.contact) == (account, stranger)
    assert account.basket_ref == ""
    assert Message.objects.get(event="joined").is_private


def test_an_inbox_with_conversations_is_not_deleted():
    conversation = ConversationFactory()

    with pytest.raises(IntegrityError):
        Inbox.objects.filter(pk=conversation.inbox.pk).delete()
