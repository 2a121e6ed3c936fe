"""Mails to customers: to whom, when, what they say, and when they are no longer wanted."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from shopchat.contacts import confirming
from shopchat.conversations import delivery, joining, mailing, reading
from shopchat.conversations.models import Delivery
from shopchat.core import ratelimits
from tests.factories import (
    ContactFactory,
    ConversationFactory,
    IdentityFactory,
    InboxFactory,
    OperatorFactory,
    note,
    receive,
    reply,
)
from tests.races import at_once

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=6)


@pytest.fixture
def talk():
    """A customer with a proven address who has left, and an answer that waits for them."""
    conversation = ConversationFactory(language="en")
    IdentityFactory(contact=conversation.contact, value="olena@mail.example")
    receive(conversation, "A stranger's words")
    reply(conversation, OperatorFactory(public_name="Anna"), "The answer in full")
    conversation.refresh_from_db()
    return conversation


def send(**kwargs):
    """One run of the worker after the answer has waited; answers what left."""
    mailing.mail_answers(now=timezone.now() + LATER, **kwargs)
    delivery.send_due()
    return mail.outbox


def test_an_answer_that_nobody_reads_is_mailed_once(talk):
    assert mailing.mail_answers(now=timezone.now() + timedelta(minutes=4)) == 0
    assert mailing.mail_answers(now=timezone.now() + LATER) == 1
    assert mailing.mail_answers(now=timezone.now() + LATER) == 0

    delivery.send_due()
    delivery.send_due()

    assert [message.to for message in mail.outbox] == [["olena@mail.example"]]
    assert Delivery.objects.get().state == Delivery.State.SENT


def test_further_answers_of_the_same_stretch_make_no_further_mail_and_a_new_stretch_does(talk):
    anna = OperatorFactory()
    assert len(send()) == 1

    reply(talk, anna, "And another")
    assert len(send()) == 1
    talk.refresh_from_db()
    reading.mark_seen(talk, up_to=talk.last_seq)
    reply(talk, anna, "After they came back")

    assert len(send()) == 2


def test_the_mail_quotes_nobody_and_can_be_stopped(talk):
    message = send()[0]

    html = message.alternatives[0][0]
    for text in (message.subject, message.body, html, *map(str, message.extra_headers.values())):
        assert not re.search(r"stranger|in full|Anna|Olena|Koval", text)
    assert message.subject == "You have an answer from testserver"
    page = f"http://testserver/chat/?lang=en&c={talk.number}"
    assert page in message.body
    assert page.replace("&", "&amp;") in html
    stop = message.extra_headers["List-Unsubscribe"]
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop[1:-1] in message.body
    assert stop.startswith("<http://testserver/chat/mail/stop/")


@pytest.mark.parametrize("language", ["en", "ru", "uk", ""])
def test_the_mail_is_in_the_language_of_the_conversation(talk, language):
    talk.language = language
    talk.save()
    talk.inbox.texts = {language: {"shop": "Черевики <і намети>"}}
    talk.inbox.save()

    message = send()[0]

    html = message.alternatives[0][0]
    assert f'lang="{language or "en"}"' in html
    if language:
        assert "Черевики <і намети>" in message.subject
        assert "Черевики &lt;і намети&gt;" in html


def read_it(talk):
    reading.mark_seen(talk, up_to=talk.last_seq)


def stop_it(talk):
    confirming.stop_addresses(talk.contact)


def take_another_address(talk):
    other = confirming.leave_address(talk.contact, typed="other@mail.example")
    confirming.confirm(other)


def join_an_account(talk):
    joining.join(talk.contact, ContactFactory(signed_in=True))


def switch_it_off(talk):
    talk.inbox.answer_mail_after_minutes = 0
    talk.inbox.save()


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (read_it, "read"),
        (stop_it, "stopped"),
        (take_another_address, "stopped"),
        (join_an_account, "moved"),
        (switch_it_off, "off"),
    ],
)
def test_what_is_no_longer_wanted_when_its_turn_comes_is_dropped(talk, meanwhile, reason):
    other = ConversationFactory()
    IdentityFactory(contact=other.contact, value="other.customer@mail.example")
    reply(other, OperatorFactory())
    if reason == "off":
        other.delete()
    mailing.mail_answers(now=timezone.now() + LATER)

    meanwhile(talk)
    delivery.send_due()

    row = Delivery.objects.get(conversation=talk)
    assert (row.state, row.reason) == (Delivery.State.DROPPED, reason)
    assert ["olena@mail.example"] not in [message.to for message in mail.outbox]
    assert len(mail.outbox) == (0 if reason == "off" else 1)


def test_reading_between_the_claim_of_one_row_and_the_next_is_seen(talk, monkeypatch):
    """Two customers wait; while the first one's mail is handed over, the second one reads."""
    second = ConversationFactory()
    IdentityFactory(contact=second.contact, value="second@mail.example")
    reply(second, OperatorFactory())
    mailing.mail_answers(now=timezone.now() + LATER)
    build = mailing._build_answer
    waiting = [talk, second]

    def reads_meanwhile(row):
        other = next(one for one in waiting if one.pk != row.conversation_id)
        other.refresh_from_db()
        reading.mark_seen(other, up_to=other.last_seq)
        return build(row)

    kind = delivery.kind_of(mailing.ANSWER)
    monkeypatch.setattr(
        "shopchat.conversations.kinds._kinds", {mailing.ANSWER: type(kind)(**{**vars(kind), "build": reads_meanwhile})}
    )
    delivery.send_due()

    assert len(mail.outbox) == 1
    assert sorted(Delivery.objects.values_list("state", "reason")) == [("dropped", "read"), ("sent", "")]


@pytest.mark.parametrize(
    "state",
    [{"verified_at": None}, {"stopped_at": timezone.now()}, {"channel": "telegram"}],
    ids=lambda state: next(iter(state)),
)
def test_nothing_goes_to_an_address_that_is_not_proven_or_was_stopped(talk, state):
    talk.contact.identities.update(**state)

    assert send() == []
    assert not Delivery.objects.exists()


def test_nobody_is_mailed_about_notes_their_own_messages_or_what_they_read():
    for has_read in (True, False):
        conversation = ConversationFactory()
        IdentityFactory(contact=conversation.contact)
        receive(conversation)
        if has_read:
            reply(conversation, OperatorFactory())
            conversation.refresh_from_db()
            reading.mark_seen(conversation, up_to=conversation.last_seq)
        note(conversation, OperatorFactory(), "Only for us")

    assert send() == []


def test_nothing_is_mailed_where_it_is_switched_off_or_the_shop_has_no_address(talk):
    with override_settings(SHOPCHAT={"BASE_URL": ""}):
        assert send() == []
    switch_it_off(talk)

    assert send() == []


def test_old_news_is_not_mailed_after_a_long_silence_of_the_worker(talk):
    assert mailing.mail_answers(now=timezone.now() + mailing.ANSWERS_OF + timedelta(hours=1)) == 0


def test_the_search_for_answers_costs_one_query_for_each_widget(django_assert_num_queries):
    for _ in range(3):
        IdentityFactory(contact=ConversationFactory().contact)
    InboxFactory(hostname="boots.example")

    with django_assert_num_queries(3):
        assert mailing.mail_answers() == 0


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_make_one_mail(talk):
    now = timezone.now() + LATER

    at_once(*[lambda: mailing.mail_answers(now=now)] * 3)
    at_once(*[delivery.send_due] * 3)

    assert Delivery.objects.count() == 1
    assert len(mail.outbox) == 1


# --- is this address yours? ---------------------------------------------------------------------------------------------


def ask(value="olena@mail.example", contact=None):
    conversation = ConversationFactory(contact=contact or ContactFactory(), language="en")
    identity = confirming.leave_address(conversation.contact, typed=value)
    return mailing.ask_to_confirm(identity, conversation), identity


def test_the_question_holds_no_word_of_who_asked():
    conversation = ConversationFactory(contact=ContactFactory(signed_in=True), language="en")
    receive(conversation, "Buy pills at https://evil.example")
    identity = confirming.leave_address(conversation.contact, typed="victim@mail.example")

    assert mailing.ask_to_confirm(identity, conversation)
    delivery.send_due()

    message = mail.outbox[0]
    html = message.alternatives[0][0]
    assert message.to == ["victim@mail.example"]
    assert message.subject == "Is this your address? testserver"
    assert not re.search(r"evil|pills|Olena|Koval|user\d", message.subject + message.body + html)
    assert f"http://testserver/chat/mail/confirm/{confirming.confirm_token(identity).split(':')[0]}" in message.body
    assert "List-Unsubscribe" not in message.extra_headers


def test_an_address_is_asked_once_a_day_whoever_names_it(time_machine):
    assert ask()[0]
    assert ask("somebody.else@mail.example")[0]

    assert [ask("OLENA@mail.example")[0] for _ in range(5)] == [False] * 5
    delivery.send_due()
    assert len(mail.outbox) == 2
    time_machine.move_to(timezone.now() + timedelta(hours=23))
    assert not ask()[0]
    time_machine.move_to(timezone.now() + timedelta(hours=2))
    assert ask()[0]


def test_a_mailbox_is_asked_once_a_day_however_it_is_written():
    assert ask("olena+shop@mail.example")[0]

    assert [ask(f"olena{tag}@mail.example")[0] for tag in ("", "+1", "+shop")] == [False, False, False]
    assert ask("olena@other.example")[0]
    assert ask("olenaplus@mail.example")[0]


@override_settings(SHOPCHAT={"RATE_LIMITS": {"confirmation_mails": "2/day"}})
def test_how_often_is_the_shops_to_say():
    assert [ask()[0] for _ in range(4)] == [True, True, False, False]
    assert ratelimits.allowance("2/day") == (2, timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_many_who_name_an_address_at_once_make_one_mail():
    InboxFactory()
    contacts = [ContactFactory() for _ in range(4)]

    at_once(*[lambda contact=contact: ask(contact=contact) for contact in contacts])
    delivery.send_due()

    assert Delivery.objects.filter(kind=mailing.CONFIRMATION).count() == 1
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("limit", ["1/day", "2/day"])
def test_who_is_overtaken_between_looking_and_asking_makes_no_mail(limit):
    overtaking = iter([ContactFactory()])
    overtaken = []

    def overtake(execute, sql, *rest):
        result = execute(sql, *rest)
        if re.search(rf"^SELECT .* FROM \W?{Delivery._meta.db_table}\W", sql):
            overtaken.extend(ask(contact=contact)[0] for contact in overtaking)
        return result

    with (
        override_settings(SHOPCHAT={"RATE_LIMITS": {"confirmation_mails": limit}}),
        connection.execute_wrapper(overtake),
    ):
        asked = ask()[0]

    assert (overtaken, asked) == ([True], False)
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(("happening", "reason"), [(confirming.stop, "stopped"), (confirming.confirm, "confirmed")])
def test_a_question_that_is_settled_is_not_asked(happening, reason):
    _, identity = ask()
    _, other = ask("other@mail.example")

    happening(identity)
    delivery.send_due()

    assert Delivery.objects.get(identity=identity).reason == reason
    assert [message.to for message in mail.outbox] == [[other.value]]
