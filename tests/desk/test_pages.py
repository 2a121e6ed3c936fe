"""The desk as a page: who gets in, what is on it, and that it works without a script."""

from urllib.parse import urlencode as fields_of

import pytest
from django.test import Client
from django.urls import reverse

from shopchat.conversations.models import Conversation, Message
from shopchat.operators.models import Operator
from tests.desk.conftest import signed_in
from tests.factories import ConversationFactory, UserFactory, client_id, receive

FORM = "application/x-www-form-urlencoded"


def desk():
    return reverse("shopchat_desk:desk")


def page_of(number):
    return reverse("shopchat_desk:conversation", args=[number])


def test_the_desk_lives_below_the_admin(at_desk):
    assert desk() == "/cms/chat/"
    assert page_of("48217730") == "/cms/chat/48217730/"


@pytest.mark.parametrize("path", ["", "{number}/", "list/", "{number}/pane/"])
def test_strangers_are_sent_to_wagtails_login(talk, path):
    response = Client().get(desk() + path.format(number=talk.number))

    assert response.status_code == 302
    assert response.url.startswith("/cms/login/?next=/cms/chat/")


def test_somebody_without_the_permission_gets_wagtails_refusal(talk, editor):
    response = editor.get(page_of(talk.number), follow=True)

    assert response.redirect_chain == [("/cms/", 302)]
    assert "Sorry, you do not have permission to access this area." in response.content.decode()
    assert "waterproof" not in response.content.decode()


def test_scripts_of_the_signed_out_are_told_so(talk, editor):
    headers = {"X-Requested-With": "XMLHttpRequest"}
    for client in (Client(), editor):
        response = client.get(reverse("shopchat_desk:newer", args=[talk.number]), {"after": 0}, headers=headers)
        assert response.status_code == 403
        assert "X-Shopchat" not in response.headers


def test_a_first_visit_makes_an_operator(db):
    user = UserFactory(answers_customers=True, first_name="Vira")

    signed_in(user).get(desk())

    assert Operator.objects.get(user=user).public_name == "Vira"


def test_the_owner_needs_no_group(owner, talk):
    assert owner.get(page_of(talk.number)).status_code == 200


def test_the_page_shows_list_conversation_and_customer(at_desk, talk):
    response = at_desk.get(page_of(talk.number))
    page = response.content.decode()

    assert response.headers["X-Shopchat"] == "1"
    assert page.count(f'data-number="{talk.number}"') == 2  # row and thread
    for text in ("Is it waterproof?", "Yes, fully.", "A regular customer.", "And warm?", "Private note"):
        assert text in page
    assert talk.conversation.contact.email in page
    assert talk.conversation.readable_number in page
    assert "<title>(1) Chat" in " ".join(page.split())


@pytest.mark.parametrize("number", ["10000000", "99999999"])
def test_an_unknown_conversation_is_not_found(at_desk, talk, number):
    assert at_desk.get(page_of(number)).status_code == 404
    assert at_desk.post(page_of(number)).status_code == 404


def test_each_message_carries_its_seams(at_desk, talk):
    page = at_desk.get(page_of(talk.number)).content.decode()

    for message in talk.conversation.messages.all():
        seams = f'data-seq="{message.seq}" data-client-id="{message.client_id}" data-author="{message.author}"'
        assert seams in page


def test_what_people_wrote_is_text(at_desk, talk):
    receive(talk.conversation, '<b onclick="x">bold</b> {{ 7 }} {% now "Y" %} https://example.com/?a=1&b=2')

    page = at_desk.get(page_of(talk.number)).content.decode()

    assert "&lt;b onclick=&quot;x&quot;&gt;bold&lt;/b&gt; {{ 7 }} {% now &quot;Y&quot; %}" in page
    assert 'href="https://example.com/?a=1&amp;b=2" target="_blank" rel="nofollow noopener noreferrer"' in page


def test_a_page_address_of_a_stranger_is_no_link(at_desk, talk):
    for address, is_link in (("/catalogue/", True), ("//evil.test/", False), ("javascript:alert(1)", False)):
        Conversation.objects.update(page=address)
        page = at_desk.get(page_of(talk.number)).content.decode()
        assert (f'href="{address}"' in page) is is_link


def test_a_reply_without_scripts_is_stored_and_the_page_shown_again(at_desk, talk, anna):
    fields = {"kind": "reply", "text": "Very warm.", "client_id": client_id()}

    response = at_desk.post(page_of(talk.number) + "?show=mine", fields_of(fields), content_type=FORM)

    assert (response.status_code, response.url) == (302, page_of(talk.number) + "?show=mine")
    stored = Message.objects.get(text="Very warm.")
    assert (stored.kind, stored.operator) == ("reply", anna)


def test_a_refused_reply_without_scripts_keeps_what_was_typed(at_desk, talk):
    fields = {"kind": "note", "text": "x" * 4001, "client_id": client_id()}

    response = at_desk.post(page_of(talk.number), fields_of(fields), content_type=FORM)
    page = response.content.decode()

    assert response.status_code == 400
    assert "x" * 4001 in page
    assert "The message is too long by 1 character." in page
    assert 'aria-invalid="true"' in page
    assert not Message.objects.filter(text__startswith="xxx").exists()


def test_a_refused_reply_on_a_page_that_is_none_is_refused_too(at_desk, talk):
    response = at_desk.post(page_of(talk.number) + "?before=x", fields_of({"text": ""}), content_type=FORM)

    assert response.status_code == 400


def test_an_address_that_is_written_to_says_nothing_else(at_desk):
    user = UserFactory(email="a?bcc=me%40evil.test&x=@shop.test")
    number = receive(ConversationFactory(contact__user=user)).conversation.number

    assert 'href="mailto:a%3Fbcc%3Dme%2540evil.test%26x%3D@shop.test"' in at_desk.get(page_of(number)).content.decode()


@pytest.mark.parametrize(
    ("deeds", "state", "is_taken"),
    [(["take"], "open", True), (["take", "release"], "open", False), (["close"], "closed", False)],
)
def test_buttons_work_without_scripts(at_desk, anna, deeds, state, is_taken):
    conversation = ConversationFactory()

    for deed in deeds:
        response = at_desk.post(page_of(conversation.number), fields_of({"do": deed}), content_type=FORM)
        assert response.status_code == 302

    conversation.refresh_from_db()
    assert conversation.state == state
    assert (conversation.assignee == anna) is is_taken


def test_a_lost_race_without_scripts_is_told_on_the_next_page(at_desk, boris):
    conversation = ConversationFactory(assignee=boris)

    response = at_desk.post(page_of(conversation.number), fields_of({"do": "take"}), content_type=FORM, follow=True)

    assert "Boris took this conversation first." in response.content.decode()


def test_the_desk_itself_takes_no_posts(at_desk):
    assert at_desk.post(desk()).status_code == 405


def test_history_without_a_conversation_invites_to_choose(at_desk):
    page = at_desk.get(desk()).content.decode()

    assert "Choose a conversation from the list." in page
    assert "There are no open conversations." in page
