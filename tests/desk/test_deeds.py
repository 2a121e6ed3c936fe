"""Take, release, close, reopen; of two who take at once, one wins and the other is told who."""

import pytest
from django.urls import reverse

from shopchat.conversations.models import Message
from tests.desk.conftest import signed_in
from tests.factories import ConversationFactory
from tests.races import at_once


def do(client, conversation, deed):
    return client.post(reverse("shopchat_desk:do", args=[conversation.number, deed]))


def test_taking_and_releasing(at_desk, anna):
    conversation = ConversationFactory()

    taken = do(at_desk, conversation, "take")
    conversation.refresh_from_db()
    assert (taken.status_code, conversation.assignee) == (200, anna)
    assert "you answer" in taken.content.decode()
    assert 'value="release"' in taken.content.decode()

    released = do(at_desk, conversation, "release")
    conversation.refresh_from_db()
    assert (released.status_code, conversation.assignee) == (200, None)
    assert "nobody answers yet" in released.content.decode()


def test_taking_twice_is_once(at_desk):
    conversation = ConversationFactory()

    assert [do(at_desk, conversation, "take").status_code for _n in range(2)] == [200, 200]
    assert Message.objects.filter(event="taken").count() == 1


def test_what_is_somebody_elses_stays_so(at_desk, boris):
    conversation = ConversationFactory(assignee=boris)

    taking, releasing = do(at_desk, conversation, "take"), do(at_desk, conversation, "release")

    conversation.refresh_from_db()
    assert (taking.status_code, releasing.status_code) == (409, 409)
    assert "Boris took this conversation first." in taking.content.decode()
    assert "This conversation is not yours any more." in releasing.content.decode()
    assert conversation.assignee == boris


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_at_once_one_wins(anna, boris):
    conversation = ConversationFactory()
    clients = [signed_in(anna.user), signed_in(boris.user)]

    answers = at_once(*[lambda client=client: do(client, conversation, "take") for client in clients])

    conversation.refresh_from_db()
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert f"{conversation.assignee.public_name} took this conversation first." in loser.content.decode()
    assert Message.objects.filter(event="taken").count() == 1


def test_closing_and_reopening(at_desk):
    conversation = ConversationFactory()

    closed = do(at_desk, conversation, "close").content.decode()
    do(at_desk, conversation, "close")
    conversation.refresh_from_db()
    assert conversation.state == "closed"
    assert 'value="reopen"' in closed
    assert 'value="take"' not in closed

    do(at_desk, conversation, "reopen")
    conversation.refresh_from_db()
    assert conversation.state == "open"
    assert list(Message.objects.values_list("event", flat=True)) == ["closed", "reopened"]


def test_other_words_are_no_deeds(at_desk):
    conversation = ConversationFactory()
    url = reverse("shopchat_desk:do", args=[conversation.number, "take"])

    assert at_desk.post(url.replace("take", "delete")).status_code == 404
    assert at_desk.get(url).status_code == 405
