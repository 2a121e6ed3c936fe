"""What went wrong with deliveries, and the worker's silence, as people at the desk see them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from shopchat.conversations import alerts
from shopchat.conversations.kinds import kind_of
from shopchat.conversations.models import Conversation, Message
from shopchat.conversations.reasons import REASONS, what, why
from shopchat.core import heartbeats
from tests.factories import ContactFactory, ConversationFactory, DeliveryFactory, receive

SILENT = "the worker has been silent"


def address(name="deliveries", *args):
    return reverse(f"shopchat_desk:{name}", args=args)


def page(client):
    return client.get(address()).content.decode()


@pytest.fixture
def wrong(anna):
    """An alert that nobody may have got."""
    conversation = ConversationFactory(contact=ContactFactory(signed_in=True))
    return DeliveryFactory(kind=alerts.KIND, channel="email", conversation=conversation, operator=anna, failed=True)


def test_what_went_wrong_is_listed_with_its_reason(at_desk, wrong):
    DeliveryFactory(kind=alerts.KIND, unconfirmed=True)
    fine = DeliveryFactory(state="sent")

    text = page(at_desk)

    assert wrong.conversation.readable_number in text
    assert reverse("shopchat_desk:conversation", args=[wrong.conversation.number]) in text
    assert "Alert to an operator" in text
    assert "The provider refused the message." in text
    assert "The provider did not say whether it took the message." in text
    assert fine.conversation.readable_number not in text


def test_a_row_of_no_conversation_and_no_known_kind_is_listed_too(at_desk):
    DeliveryFactory(failed=True, conversation=None, kind="gone", reason="strange")

    text = page(at_desk)

    assert "gone" in text
    assert "strange" in text


def test_with_nothing_wrong_it_says_so(at_desk):
    DeliveryFactory(state="sent")

    assert "Everything has arrived, as far as we know." in page(at_desk)
    assert "Perhaps sent" not in page(at_desk)


def test_sending_again_is_one_attempt_however_often_it_is_clicked(at_desk, anna, wrong, mailoutbox):
    other = DeliveryFactory(kind=alerts.KIND, failed=True)

    first = at_desk.post(address("resend_delivery", wrong.pk), follow=True).content.decode()
    second = at_desk.post(address("resend_delivery", wrong.pk), follow=True).content.decode()

    wrong.refresh_from_db()
    other.refresh_from_db()
    assert (wrong.state, wrong.resends, other.state) == ("queued", 1, "failed")
    assert "It will be sent again in a moment." in first
    assert "nothing is left to do" in second
    assert Message.objects.get(conversation=wrong.conversation).operator == anna


def test_the_thread_says_who_sent_it_again(at_desk, wrong):
    at_desk.post(address("resend_delivery", wrong.pk))

    text = at_desk.get(reverse("shopchat_desk:conversation", args=[wrong.conversation.number])).content.decode()

    assert "Anna had a delivery sent again" in text


def test_what_is_dismissed_is_off_the_list(at_desk, wrong):
    number = wrong.conversation.readable_number
    assert number in page(at_desk)

    at_desk.post(address("dismiss_delivery", wrong.pk))

    assert number not in page(at_desk)
    wrong.refresh_from_db()
    assert wrong.state == "failed"


@pytest.mark.parametrize("deed", ["resend_delivery", "dismiss_delivery"])
def test_looking_changes_nothing(at_desk, wrong, deed):
    assert at_desk.get(address(deed, wrong.pk)).status_code == 405
    assert at_desk.post(address(deed, wrong.pk + 1)).status_code == 404

    wrong.refresh_from_db()
    assert (wrong.state, wrong.dismissed_at) == ("failed", None)


def test_the_desk_says_how_many_need_a_look(at_desk, wrong):
    text = at_desk.get(reverse("shopchat_desk:desk")).content.decode()
    assert "1 delivery that somebody should look at" in text
    assert address() in text

    at_desk.post(address("dismiss_delivery", wrong.pk))

    assert "should look at" not in at_desk.get(reverse("shopchat_desk:desk")).content.decode()


def test_the_list_costs_the_same_for_many(at_desk, wrong, django_assert_max_num_queries):
    page(at_desk)
    for _ in range(20):
        DeliveryFactory(failed=True, conversation=ConversationFactory(contact=ContactFactory(signed_in=True)))

    with django_assert_max_num_queries(15):
        page(at_desk)


def test_each_reason_of_ours_has_words(db):
    alert = DeliveryFactory(kind=alerts.KIND)

    for code in [*REASONS, *kind_of(alerts.KIND).reasons]:
        alert.reason = code
        assert str(why(alert)).endswith("."), code
    assert str(what(alert)) == "Alert to an operator"


class TestSilence:
    def desk(self, client):
        return client.get(reverse("shopchat_desk:desk")).content.decode()

    def test_the_owner_is_told_when_a_row_waits_and_nothing_runs(self, owner, at_desk):
        heartbeats.beat(heartbeats.PERIODIC, now=timezone.now() - timedelta(minutes=3))
        assert SILENT not in self.desk(owner), "nothing waits"

        DeliveryFactory(due_at=timezone.now() - timedelta(minutes=3))

        assert SILENT in self.desk(owner)
        assert SILENT in page(owner)
        assert SILENT not in self.desk(at_desk), "who answers can do nothing about it"

    def test_not_while_the_work_is_done(self, owner):
        DeliveryFactory(due_at=timezone.now() - timedelta(minutes=3))
        assert SILENT in self.desk(owner)

        heartbeats.beat(heartbeats.PERIODIC)

        assert SILENT not in self.desk(owner)

    @pytest.mark.parametrize(("minutes", "told"), [(7.5, True), (6, False), (60, False)])
    def test_the_owner_is_told_when_a_customer_waits_whom_nobody_was_alerted_of(self, owner, minutes, told):
        """Not of one who had waited for too long when the work was last done: that was seen to."""
        now = timezone.now()
        heartbeats.beat(heartbeats.PERIODIC, now=now - timedelta(minutes=3))
        receive(ConversationFactory())
        Conversation.objects.update(waiting_since=now - timedelta(minutes=minutes))

        assert (SILENT in self.desk(owner)) is told

    def test_where_it_never_ran_a_waiting_customer_is_enough(self, owner):
        receive(ConversationFactory())
        assert SILENT not in self.desk(owner)

        Conversation.objects.update(waiting_since=timezone.now() - timedelta(minutes=8))

        assert SILENT in self.desk(owner)
