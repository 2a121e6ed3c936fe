"""A conversation: fragments after and before a place, days, groups, ticks."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from shopchat.conversations import reading, thread
from shopchat.conversations.models import Message
from shopchat.conversations.thread import Page
from shopchat.desk.drawing import lines
from tests.factories import ConversationFactory, receive, reply


def newer(client, number, after):
    return client.get(reverse("shopchat_desk:newer", args=[number]), {"after": after})


def older(client, number, before):
    return client.get(reverse("shopchat_desk:older", args=[number]), {"before": before})


def test_nothing_new_is_an_empty_answer(at_desk, talk):
    response = newer(at_desk, talk.number, talk.conversation.last_seq)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["X-Shopchat"] == "1"


def test_what_is_new_comes_with_the_new_cursor_and_the_buttons_of_now(at_desk, talk):
    page = newer(at_desk, talk.number, talk.answer.seq).content.decode()

    assert f'data-cursor="{talk.conversation.last_seq}"' in page
    assert f'data-seq="{talk.answer.seq}"' not in page
    assert f'data-seq="{talk.note.seq}"' in page
    assert f'data-seq="{talk.again.seq}"' in page
    assert 'value="release"' in page


def test_a_receipt_alone_moves_the_cursor(at_desk, talk):
    before = talk.conversation.last_seq
    reading.mark_seen(talk.conversation, up_to=talk.answer.seq)

    page = newer(at_desk, talk.number, before).content.decode()

    assert f'data-cursor="{before + 1}"' in page
    assert f'data-seen="{talk.answer.seq}"' in page
    assert "data-seq=" not in page


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "١", "9" * 16, "1 OR 1=1"])
def test_a_foreign_cursor_is_refused(at_desk, talk, cursor):
    for answer in (newer(at_desk, talk.number, cursor), older(at_desk, talk.number, cursor)):
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_cursor_from_the_future_comes_back_to_now(at_desk, talk):
    page = newer(at_desk, talk.number, 10**14).content.decode()

    assert f'data-cursor="{talk.conversation.last_seq}"' in page
    assert "data-seq=" not in page


def test_history_comes_in_pages_without_gap_or_double(at_desk):
    conversation = ConversationFactory()
    for n in range(2 * thread.PAGE + 5):
        receive(conversation, f"message {n}")
    conversation.refresh_from_db()

    first = thread.latest(conversation, private=True).messages[0].seq
    page = older(at_desk, conversation.number, first).content.decode()

    assert 'data-has-older="1"' in page
    assert page.count("data-seq=") == thread.PAGE
    assert f'data-seq="{first}"' not in page
    assert f'data-seq="{first - 1}"' in page
    last = older(at_desk, conversation.number, first - thread.PAGE).content.decode()
    assert 'data-has-older=""' in last
    assert last.count("data-seq=") == 5


def test_an_unknown_conversation_has_no_fragments(at_desk, talk):
    for name in ("newer", "older", "pane", "customer"):
        assert at_desk.get(reverse(f"shopchat_desk:{name}", args=["99999999"])).status_code == 404


def test_the_customer_never_gets_the_note(talk):
    told = thread.latest(talk.conversation, private=True).messages
    shown = thread.latest(talk.conversation, private=False).messages

    assert talk.note in told
    assert talk.note not in shown
    assert talk.answer in shown


def test_ticks_follow_the_customers_eyes(at_desk, talk):
    url = reverse("shopchat_desk:pane", args=[talk.number])
    before = at_desk.get(url).content.decode()

    reading.mark_seen(talk.conversation, up_to=talk.answer.seq)
    after = at_desk.get(url).content.decode()

    assert before.count('class="sc-tick" data-state="stored"') == 1
    assert after.count('class="sc-tick" data-state="read"') == 1
    assert "Read by the customer" in after


@override_settings(TIME_ZONE="UTC")
def test_days_and_groups(anna, boris):
    conversation = ConversationFactory()
    said = [receive(conversation), receive(conversation), reply(conversation, anna), reply(conversation, boris)]
    said += [reply(conversation, boris), receive(conversation)]
    noon = timezone.now().replace(hour=12, minute=0, second=0)
    ages = [timedelta(days=1, minutes=9), timedelta(days=1, minutes=8), *[timedelta(minutes=m) for m in (9, 8, 7, 1)]]
    for message, age in zip(said, ages, strict=True):
        Message.objects.filter(pk=message.pk).update(created_at=noon - age)
    conversation.refresh_from_db()

    drawn = lines(conversation, thread.latest(conversation, private=True), operator=anna)

    assert [bool(line.new_day) for line in drawn] == [True, False, True, False, False, False]
    assert [line.is_grouped for line in drawn] == [False, True, False, False, True, False]
    assert [line.is_mine for line in drawn] == [False, False, True, False, False, False]
    # A fragment that begins in the middle knows what stands before it.
    part = lines(conversation, Page([drawn[1].message], cursor=0), operator=anna)
    assert part[0].is_grouped


def test_system_lines_are_told_in_the_readers_language(at_desk, talk):
    at_desk.post(reverse("shopchat_desk:do", args=[talk.number, "close"]))

    page = newer(at_desk, talk.number, talk.conversation.last_seq).content.decode()

    assert "Anna closed the conversation" in page
    assert 'data-author="system"' in page


def test_the_pane_links_earlier_conversations_of_the_same_customer_only(at_desk, talk):
    earlier = ConversationFactory(contact=talk.conversation.contact, closed=True, old=True)
    other = ConversationFactory()

    page = at_desk.get(reverse("shopchat_desk:pane", args=[talk.number])).content.decode()

    assert reverse("shopchat_desk:conversation", args=[earlier.number]) in page
    assert other.number not in page
