"""Receipts, presence, sound, tickets and the badge."""

import pytest
from django.test import Client
from django.urls import reverse

from shopchat.carts import hints as baskets
from shopchat.conversations import hints
from shopchat.desk.badge import calling
from shopchat.live.tickets import read
from shopchat.operators.models import Operator
from tests.factories import ConversationFactory, UserFactory, receive


def receipts(client, **fields):
    return client.post(reverse("shopchat_desk:receipts"), fields)


def test_receipts_of_many_conversations_travel_together(at_desk, talk):
    other, untouched = ConversationFactory(), ConversationFactory()
    receive(other)
    receive(untouched)

    response = receipts(
        at_desk,
        delivered=[f"{talk.number}:{talk.again.seq}", f"{other.number}:1"],
        read=[f"{talk.number}:{talk.again.seq}"],
    )

    for conversation in (talk.conversation, other, untouched):
        conversation.refresh_from_db()
    assert response.status_code == 204
    assert (talk.conversation.delivered_seq, talk.conversation.operator_seen_seq) == (talk.again.seq, talk.again.seq)
    assert (other.delivered_seq, other.operator_seen_seq) == (1, 0)
    assert untouched.delivered_seq == 0


@pytest.mark.parametrize("receipt", ["", "x", "48217730", "48217730:", ":1", "48217730:x", "48217730:" + "9" * 16])
def test_nonsense_among_receipts_is_passed_over(at_desk, talk, receipt):
    response = receipts(at_desk, read=[receipt, f"{talk.number}:{talk.again.seq}"])

    talk.conversation.refresh_from_db()
    assert response.status_code == 204
    assert talk.conversation.operator_seen_seq == talk.again.seq


def test_nobody_reads_further_than_there_is(at_desk, talk):
    receipts(at_desk, read=[f"{talk.number}:{talk.conversation.last_seq + 10}"])

    talk.conversation.refresh_from_db()
    assert talk.conversation.operator_seen_seq == 0


def test_an_open_desk_makes_an_operator_present(at_desk, anna, boris):
    assert not anna.is_present()

    assert at_desk.post(reverse("shopchat_desk:here")).status_code == 204

    anna.refresh_from_db()
    boris.refresh_from_db()
    assert (anna.is_present(), boris.is_present()) == (True, False)


def test_the_sound_is_remembered(at_desk, anna, boris):
    url = reverse("shopchat_desk:sound")

    at_desk.post(url, {"plays": "0"})
    anna.refresh_from_db()
    assert (anna.plays_sound, boris.plays_sound) == (False, True)

    at_desk.post(url, {"plays": "1"})
    anna.refresh_from_db()
    assert anna.plays_sound


@pytest.mark.parametrize("name", ["here", "sound", "receipts"])
def test_changes_need_a_post(at_desk, name):
    assert at_desk.get(reverse(f"shopchat_desk:{name}")).status_code == 405


def test_tickets_name_the_topics_of_what_is_open(at_desk, talk):
    url = reverse("shopchat_desk:ticket")

    nothing = list(read(at_desk.get(url).json()["ticket"]).topics)
    one = list(read(at_desk.get(url, {"open": talk.number}).json()["ticket"]).topics)

    assert nothing == [hints.DESK]
    conversation = [hints.for_operators(talk.number), hints.typing(talk.number, by="visitor")]
    assert one == [hints.DESK, *conversation, *baskets.topics_of(talk.conversation.contact)]
    assert at_desk.get(url, {"open": "99999999"}).status_code == 404
    assert at_desk.get(url, {"open": f"{talk.number}\x00"}).status_code == 404


def test_the_badge_counts_what_calls_this_operator(at_desk, anna, boris):
    for assignee in (None, anna, anna, boris):
        receive(ConversationFactory(assignee=assignee))
    ConversationFactory()  # nobody wrote in it

    badge = at_desk.get(reverse("shopchat_desk:badge")).json()

    assert badge["count"] == 3
    assert badge["words"] == "3 conversations are waiting"
    assert badge["poll"] == reverse("shopchat:poll")
    assert read(badge["ticket"]).topics == (hints.DESK,)


def test_counting_makes_no_operator(db):
    receive(ConversationFactory())
    owner = UserFactory(superuser=True)

    assert calling(owner) == 1
    assert calling(UserFactory()) == 0
    assert not Operator.objects.exists()


def test_the_menu_shows_what_a_person_may_use(at_desk, owner, editor, talk):
    def menu(client: Client) -> str:
        return client.get("/cms/account/").content.decode().split('id="wagtail-sidebar-props"')[1].split("</script>")[0]

    for_operator, for_owner, for_editor = menu(at_desk), menu(owner), menu(editor)

    assert '"data-shopchat-badge": "1"' in for_operator
    assert "/cms/chat/" in for_operator
    assert "/cms/chat/operators/" not in for_operator
    for path in ("/cms/chat/operators/", "/cms/chat/hours/", "/cms/chat/widgets/"):
        assert path in for_owner
    assert '"data-shopchat-badge"' in for_owner
    assert "shopchat" not in for_editor
    assert "/cms/chat/" not in for_editor
