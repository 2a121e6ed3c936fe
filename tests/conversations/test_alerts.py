"""Operators learn by mail that somebody waits too long."""

from datetime import timedelta

import pytest
from django.utils import timezone
from wagtail.users.models import UserProfile

from shopchat.conversations import alerts, assignment, closing, delivery, reading
from shopchat.conversations.kinds import kind_of
from shopchat.conversations.models import Conversation, Delivery
from tests.factories import ConversationFactory, InboxFactory, OperatorFactory, UserFactory, receive, reply

pytestmark = pytest.mark.django_db

SECRET = "my card is 4111"


def waiting(minutes=6, **kwargs):
    conversation = ConversationFactory(**kwargs)
    receive(conversation, SECRET)
    Conversation.objects.filter(pk=conversation.pk).update(waiting_since=timezone.now() - timedelta(minutes=minutes))
    conversation.refresh_from_db()
    return conversation


def addresses(mails):
    return sorted(address for mail in mails for address in mail.to)


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna", user__username="anna@example.test")


@pytest.fixture
def boris():
    return OperatorFactory(public_name="Boris", user__username="boris@example.test")


def run():
    """As each minute."""
    alerts.alert_operators()
    return delivery.send_due()


def test_everybody_who_may_answer_is_told_once(anna, boris, mailoutbox):
    waiting()
    waiting(minutes=4)

    run()
    run()

    assert addresses(mailoutbox) == ["anna@example.test", "boris@example.test"]


def test_whoever_has_the_conversation_is_told_alone(anna, boris, mailoutbox):
    assignment.take(waiting(), operator=boris)

    run()

    assert addresses(mailoutbox) == ["boris@example.test"]


def test_a_conversation_of_somebody_who_left_is_everybodys(anna, boris, mailoutbox):
    assignment.take(waiting(), operator=boris)
    boris.user.is_active = False
    boris.user.save()

    run()

    assert addresses(mailoutbox) == ["anna@example.test"]


def test_who_switched_it_off_has_no_address_or_no_permission_is_left_out(anna, boris, mailoutbox):
    OperatorFactory(alerts_by_email=False)
    OperatorFactory(user__email="")
    OperatorFactory(user=UserFactory())
    waiting()

    run()

    assert addresses(mailoutbox) == ["anna@example.test", "boris@example.test"]


def test_a_widget_decides_after_how_long(anna, mailoutbox):
    patient, silent = InboxFactory(hostname="a.test"), InboxFactory(hostname="b.test")
    type(patient).objects.filter(pk=patient.pk).update(alert_after_minutes=30)
    type(silent).objects.filter(pk=silent.pk).update(alert_after_minutes=0)
    for inbox in (patient, silent):
        waiting(minutes=20, inbox=inbox)
    run()
    assert mailoutbox == []

    Conversation.objects.update(waiting_since=timezone.now() - timedelta(minutes=31))
    run()

    assert len(mailoutbox) == 1


def test_each_new_wait_is_told_anew(anna, mailoutbox):
    conversation = waiting()
    run()
    reply(conversation, anna)
    receive(conversation)
    Conversation.objects.update(waiting_since=timezone.now() - timedelta(minutes=7))

    run()

    assert len(mailoutbox) == 2


def test_who_reads_it_at_the_desk_is_not_told_until_they_leave(anna, boris, mailoutbox):
    conversation = waiting()
    reading.mark_read(conversation, operator=anna, up_to=conversation.last_seq)
    for operator in (anna, boris):
        operator.seen_at = timezone.now()
        operator.save()

    run()
    assert addresses(mailoutbox) == ["boris@example.test"]
    type(anna).objects.update(seen_at=None)
    run()

    assert addresses(mailoutbox) == ["anna@example.test", "boris@example.test"]


def test_what_was_read_before_the_customer_wrote_again_was_not_read(anna, mailoutbox):
    conversation = waiting()
    reading.mark_read(conversation, operator=anna, up_to=conversation.last_seq)
    receive(conversation)
    type(anna).objects.update(seen_at=timezone.now())

    run()

    assert addresses(mailoutbox) == ["anna@example.test"]


def test_last_weeks_customers_are_no_news(anna, mailoutbox):
    waiting(minutes=60 * 24 * 7)
    waiting(minutes=60)

    run()

    assert len(mailoutbox) == 1


def answer(conversation, anna, boris):
    reply(conversation, boris)


def write_again(conversation, anna, boris):
    reply(conversation, boris)
    receive(conversation)


def close(conversation, anna, boris):
    closing.close(conversation, operator=boris)


def take(conversation, anna, boris):
    assignment.take(conversation, operator=boris)


def switch_off(conversation, anna, boris):
    type(anna).objects.filter(pk=anna.pk).update(alerts_by_email=False)


def switch_off_for_all(conversation, anna, boris):
    type(conversation.inbox).objects.update(alert_after_minutes=0)


def take_the_permission(conversation, anna, boris):
    anna.user.groups.clear()


def take_the_address(conversation, anna, boris):
    type(anna.user).objects.filter(pk=anna.user.pk).update(email="")


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (answer, "answered"),
        (write_again, "answered"),
        (close, "answered"),
        (take, "taken"),
        (switch_off, "switched_off"),
        (switch_off_for_all, "switched_off"),
        (take_the_permission, "no_operator"),
        (take_the_address, "no_address"),
    ],
)
def test_an_alert_that_events_overtook_is_dropped_with_its_reason(anna, boris, mailoutbox, happens, reason):
    other = waiting()
    conversation = waiting()
    assignment.take(other, operator=boris)
    alerts.alert_operators()
    mine = Delivery.objects.get(conversation=conversation, operator=anna)
    assert alerts.why_not(mine) == ""

    happens(conversation, anna, boris)
    delivery.send_due()

    mine.refresh_from_db()
    assert (mine.state, mine.reason) == ("dropped", reason)
    assert "anna@example.test" not in addresses(mailoutbox)
    assert str(kind_of(alerts.KIND).reasons[reason])


def test_the_mail_quotes_nothing_and_links_to_the_desk(anna, mailoutbox, settings):
    settings.WAGTAILADMIN_BASE_URL = "https://shop.example.com/"
    conversation = waiting(minutes=12)

    run()

    mail = mailoutbox[0]
    whole = mail.message().as_string()
    assert SECRET not in whole
    assert conversation.readable_number in mail.subject
    assert "12 minutes" in mail.body
    assert f"https://shop.example.com/cms/chat/{conversation.number}/" in mail.body
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


def test_without_an_admin_address_the_mail_has_no_link(anna, mailoutbox, settings):
    settings.WAGTAILADMIN_BASE_URL = ""
    waiting()

    run()

    assert "://" not in mailoutbox[0].body


@pytest.mark.parametrize(("chosen", "language"), [("uk", "uk"), ("", "en"), (None, "en")])
def test_the_mail_speaks_the_operators_language(anna, mailoutbox, chosen, language):
    if chosen is not None:
        UserProfile.objects.create(user=anna.user, preferred_language=chosen)
    waiting()
    alerts.alert_operators()

    outgoing = alerts.build(Delivery.objects.for_sending().get())

    assert outgoing.language == language


def test_a_run_with_nothing_new_asks_little(anna, boris, django_assert_max_num_queries):
    for _ in range(5):
        waiting()
    alerts.alert_operators()

    with django_assert_max_num_queries(10):
        assert alerts.alert_operators() == 0
