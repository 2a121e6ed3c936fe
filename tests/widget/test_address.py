"""Answers by e-mail, as a customer leaves, confirms and stops an address."""

import re
from html import unescape

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse

from shopchat.contacts import confirming
from shopchat.contacts.models import Contact, Identity
from shopchat.conversations import delivery
from shopchat.conversations.models import Conversation, Delivery
from shopchat.inboxes.models import Inbox
from tests.factories import IdentityFactory, InboxFactory, UserFactory
from tests.widget.conftest import Browser

BOX = "/chat/address/box/"


def box(response):
    """The box in an answer as text, empty when there is none."""
    found = re.search(r'<section id="shopchat-address".*?</section>', response.content.decode(), re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[0])).split()) if found else ""


def link_in(message):
    return re.search(r"http://testserver(/chat/mail/\S+)", message.body)[1]


def test_nobody_is_asked_before_they_have_written(browser):
    before = browser.open().content.decode()
    assert 'name="email"' not in before
    assert f'hx-get="{BOX}?lang=en"' in before

    browser.write()

    assert 'name="email"' in browser.get(BOX).content.decode()
    assert "Get the answer by e-mail" in box(browser.open())


def test_a_form_without_a_script_stores_the_address_and_comes_back(writer):
    number = Conversation.objects.get().number
    page = writer.open().content.decode()
    field = re.search(r'<input id="shopchat-email"[^>]*>', page)[0]
    assert 'type="email"' in field
    assert 'autocomplete="email"' in field
    assert 'aria-describedby="shopchat-email-error shopchat-email-note"' in field
    assert '<label for="shopchat-email">' in page

    answer = writer.form("/chat/address/?lang=uk", do="leave", email="Olena@mail.example", conversation=number)

    assert (answer.status_code, answer["Location"]) == (302, f"/chat/?lang=uk&c={number}")
    identity = Identity.objects.get()
    assert (identity.value, identity.verified_at, identity.contact) == (
        "olena@mail.example",
        None,
        Conversation.objects.get().contact,
    )
    shown = box(writer.open())
    assert "o•••@mail.example" in shown
    assert "olena@" not in writer.open().content.decode()


@pytest.mark.parametrize("url", ["/chat/address/", BOX])
def test_what_is_no_address_is_said_beside_the_field_and_kept(writer, url):
    answer = writer.form(url, do="leave", email='olena" autofocus onfocus=alert(1)')

    html = answer.content.decode()
    assert answer.status_code == 422
    assert '<p id="shopchat-email-error" class="shopchat-error" role="alert">Write an e-mail address like' in html
    assert 'value="olena&quot; autofocus onfocus=alert(1)"' in html
    assert 'aria-invalid="true"' in html
    assert "<details open>" in html
    assert not Identity.objects.exists()


@pytest.mark.parametrize("url", ["/chat/address/", BOX])
def test_somebody_who_never_wrote_leaves_nothing(browser, url):
    answer = browser.form(url, do="leave", email="olena@mail.example")

    assert answer.status_code == 422
    assert not Identity.objects.exists()
    assert not Contact.objects.exists()


@pytest.mark.parametrize("url", ["/chat/address/", BOX])
def test_somebody_elses_conversation_takes_no_address(writer, stranger, url):
    number = Conversation.objects.get().number
    stranger.open()
    stranger.write()

    answer = stranger.form(url, do="leave", email="mallory@mail.example", conversation=number)

    assert answer.status_code == 404
    assert not Identity.objects.exists()


def test_the_form_holds_the_accounts_own_address(browser):
    browser.force_login(UserFactory(email="olena@account.example"))
    browser.open()
    browser.write()

    assert 'value="olena@account.example"' in browser.open().content.decode()


def test_one_customer_may_leave_only_so_many_addresses(writer, browser, still_clock):
    with override_settings(SHOPCHAT={"RATE_LIMITS": {"answer_addresses": "2/hour"}}):
        answers = [writer.form(BOX, do="leave", email=f"a{number}@mail.example") for number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert 'value="a2@mail.example"' in answers[2].content.decode()
    assert Identity.objects.count() == 2


def test_somebody_who_is_many_customers_may_leave_no_more_addresses(writer, stranger, still_clock):
    stranger.open()
    stranger.write()

    with override_settings(SHOPCHAT={"RATE_LIMITS": {"address_sources": "2/hour"}}):
        first = [writer.form(BOX, do="leave", email=f"a{number}@mail.example") for number in range(2)]
        third = stranger.form(BOX, do="leave", email="a3@mail.example")

    assert [answer.status_code for answer in first] == [200, 200]
    assert third.status_code == 429
    assert 'value="a3@mail.example"' in third.content.decode()


def test_the_answer_does_not_tell_whether_others_left_the_address(writer, stranger):
    stranger.open()
    stranger.write()

    first = writer.form(BOX, do="leave", email="olena@mail.example")
    second = stranger.form(BOX, do="leave", email="olena@mail.example")

    plain = [re.sub(r'value="[^"]*"|c=\d+', "", answer.content.decode()) for answer in (first, second)]
    assert plain[0] == plain[1]
    assert Delivery.objects.count() == 1


def test_nothing_is_offered_where_it_is_switched_off(writer):
    InboxFactory(hostname="").__class__.objects.update(answer_mail_after_minutes=0)
    assert 'id="shopchat-address"' not in writer.open().content.decode()

    InboxFactory().__class__.objects.update(answer_mail_after_minutes=5)
    with override_settings(SHOPCHAT={"BASE_URL": ""}):
        assert 'id="shopchat-address"' not in writer.open().content.decode()
    assert 'id="shopchat-address"' in writer.open().content.decode()


def test_from_the_form_to_the_last_mail(writer):
    writer.form(BOX, do="leave", email="olena@mail.example")
    delivery.send_due()
    link = link_in(mail.outbox[0])
    reader = Client()

    looked = reader.get(link)
    assert Identity.objects.get().verified_at is None  # programs that check mail follow links
    pressed = reader.post(link)

    assert (looked.status_code, pressed.status_code) == (200, 200)
    assert "Yes, this is my address" in looked.content.decode()
    assert "the address is confirmed" in pressed.content.decode()
    assert Identity.objects.get().may_be_written_to()
    assert "When you are away, we tell you at o•••@mail.example" in box(writer.open())
    stop = "/chat/mail/stop/" + confirming.stop_token(Identity.objects.get()) + "/"
    assert "No more such mails" in reader.get(stop).content.decode()
    assert Identity.objects.get().may_be_written_to()
    one_click = reader.post(stop, {"List-Unsubscribe": "One-Click"})
    again = reader.post(stop, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert (one_click.status_code, again.status_code) == (200, 200)
    assert not Identity.objects.get().may_be_written_to()
    assert "Get the answer by e-mail" in box(writer.open())


def test_the_customer_stops_it_in_the_chat(writer):
    identity = IdentityFactory(contact=Conversation.objects.get().contact)
    other = IdentityFactory()

    answer = writer.form(BOX, do="stop")

    identity.refresh_from_db()
    other.refresh_from_db()
    assert "Get the answer by e-mail" in box(answer)
    assert not identity.may_be_written_to()
    assert other.may_be_written_to()


@pytest.fixture
def links(writer):
    """A customer who wrote something, and both links of their address."""
    identity = IdentityFactory(contact=Conversation.objects.get().contact, typed=True)
    return {
        "confirm": reverse("shopchat_widget:confirm", args=[confirming.confirm_token(identity)]),
        "stop": reverse("shopchat_widget:stop", args=[confirming.stop_token(identity)]),
    }


@pytest.mark.parametrize("name", ["confirm", "stop"])
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_a_link_of_a_mail_signs_nobody_in_and_shows_no_conversation(links, name, method):
    reader = Client(enforce_csrf_checks=True)

    response = getattr(reader, method)(links[name])

    assert response.status_code == 200
    assert not response.cookies
    assert "The first message" not in response.content.decode()
    assert Conversation.objects.get().number not in response.content.decode()
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["confirm", "stop"])
@pytest.mark.parametrize("token", ["%20", "null", "0", "%00", "x", "x" * 10_000, "a:b:c"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_not_found_and_changes_nothing(links, name, token, method):
    before = list(Identity.objects.values())

    response = getattr(Client(), method)(f"/chat/mail/{name}/{token}/")

    assert response.status_code == 404
    assert response["Referrer-Policy"] == "no-referrer"
    assert list(Identity.objects.values()) == before


@pytest.mark.parametrize("name", ["confirm", "stop"])
def test_the_page_says_which_shop_asks(links, name):
    Inbox.objects.update(texts={"en": {"shop": "Trail & Co."}})

    assert "Trail &amp; Co." in Client().get(links[name]).content.decode()


def test_the_link_to_stop_does_not_confirm(links):
    token = links["stop"].split("/")[-2]

    assert Client().post(f"/chat/mail/confirm/{token}/").status_code == 404
    assert not Identity.objects.get().may_be_written_to()


def test_the_link_to_confirm_is_no_longer_good_once_the_address_was_stopped(links):
    assert Client().get(links["confirm"]).status_code == 200
    Client().post(links["stop"])

    for method in ("get", "post"):
        assert getattr(Client(), method)(links["confirm"]).status_code == 404
    assert not Identity.objects.get().may_be_written_to()


def test_a_signed_in_reader_stays_who_they_are(links, writer):
    """Opening the link in the browser of somebody else gives them nothing of the conversation."""
    reader = Browser()
    reader.force_login(UserFactory())

    reader.post(links["confirm"])

    assert "The first message" not in reader.open().content.decode()
    assert Conversation.objects.get().contact.user is None


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_other_methods_are_refused(links, method):
    assert [getattr(Client(), method)(links[name]).status_code for name in links] == [405, 405]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example"])
@override_settings(ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=True)
def test_another_host_in_the_request_never_reaches_a_mail(writer, host):
    writer.form(BOX, do="leave", email="olena@mail.example")
    delivery.send_due()
    poisoned = Browser(headers={"host": host, "x-forwarded-host": host})
    poisoned.cookies = writer.cookies
    poisoned.form(BOX, do="leave", email="other@mail.example")
    delivery.send_due()

    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert "evil" not in message.body + message.alternatives[0][0] + str(message.extra_headers)
