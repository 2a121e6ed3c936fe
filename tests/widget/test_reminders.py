"""Agreeing to reminders of one's basket, and taking it back, as customers do it in their browser."""

import re
from html import unescape

import pytest
from django.core import mail
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from shopchat.carts.basis import agreed_address
from shopchat.carts.models import CartRules
from shopchat.contacts import consents
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity
from shopchat.conversations import delivery
from shopchat.conversations.models import Conversation, Delivery
from shopchat.touches.models import Suppression
from tests.factories import IdentityFactory, InboxFactory, UserFactory
from tests.widget.asking import words

PAGE, BOX = "/chat/reminders/?lang=en", "/chat/address/box/"
REMINDERS = ConsentText.Purpose.REMINDERS


@pytest.fixture
def reminds(db):
    """The shop sends reminders."""
    return CartRules.objects.create(inbox=InboxFactory(), mails=True, mails_since=timezone.now())


@pytest.fixture
def customer(reminds, browser):
    browser.user = UserFactory(email="olena@account.example")
    browser.force_login(browser.user)
    return browser


def agree(browser, url=PAGE, **fields):
    """Tick the box in the page as it was shown, and send the form."""
    shown = browser.get(url).content.decode()
    found = re.search(r'name="reminders_text" value="([^"]*)"', shown)
    held = {"reminders_text": found[1] if found else "", "reminders": "yes", "do": "agree"}
    return browser.form(url, **{**held, **fields})


def press_the_link_of_the_mail():
    delivery.send_due()
    link = re.search(r"http://testserver(/chat/mail/confirm/\S+)", mail.outbox[-1].body)[1]
    return Client().post(link)


def test_the_box_is_not_ticked_and_shows_the_shops_own_words(customer):
    consents.publish(InboxFactory(), REMINDERS, "en", "Remind me of <b>all</b>.")

    page = customer.get(PAGE).content.decode()

    assert re.search(r'<input type="checkbox" name="reminders" value="yes">', page)
    assert "Remind me of &lt;b&gt;all&lt;/b&gt;." in page
    assert not Contact.objects.exists()


def test_a_customer_agrees_proves_the_address_and_takes_it_back(customer):
    answer = agree(customer, email="olena@account.example")
    assert (answer.status_code, answer["Location"]) == (302, "/chat/reminders/?lang=en")
    consent = Consent.objects.get()
    assert (consent.contact.user, consent.page, consent.text.version) == (customer.user, "reminders", 1)
    assert agreed_address(consent.contact) is None
    assert "Open the link in our mail to o•••@account.example" in words(customer.get(PAGE))

    confirmed = press_the_link_of_the_mail()

    assert "At testserver somebody asked to be reminded" in mail.outbox[0].body
    assert "In the chat of" not in mail.outbox[0].body
    assert "we remind you at o•••@account.example" in words(confirmed)
    assert agreed_address(consent.contact) == consent.identity
    assert "we remind you at o•••@account.example" in words(customer.get(PAGE))

    customer.form(PAGE, do="stop")

    consent.refresh_from_db()
    assert consent.withdrawn_at is not None
    assert Suppression.objects.get().reason == "unsubscribed"
    assert "We do not remind you any more." in words(customer.get(PAGE + "&done=1"))


def test_an_address_that_is_proven_already_is_not_typed_again(customer):
    IdentityFactory(contact=Contact.objects.create(user=customer.user), value="olena@mail.example")
    page = customer.get(PAGE).content.decode()
    assert 'name="email"' not in page
    assert "We would write to o•••@mail.example" in page

    agree(customer, email="mallory@mail.example")

    assert agreed_address(Contact.objects.get()).value == "olena@mail.example"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"reminders": ""}, "Tick the box"),
        ({"reminders_text": "0" * 64}, "This text has changed."),
        ({"email": "no address"}, "Write an e-mail address like"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_stored(customer, fields, says):
    answer = agree(customer, **{"email": "olena@account.example", **fields})

    assert answer.status_code == 422
    assert says in words(answer)
    assert not Consent.objects.exists()
    assert not Identity.objects.exists()


def test_a_stranger_is_asked_to_sign_in_or_to_write(reminds, browser, stranger):
    assert "Sign in first, or write to us in the chat." in words(browser.get(PAGE))

    answer = browser.form(PAGE, do="agree", reminders="yes", email="olena@mail.example")

    assert answer.status_code == 422
    assert not Contact.objects.exists()


def test_a_visitor_who_wrote_may_agree_without_an_account(reminds, writer, stranger):
    agree(writer, email="olena@mail.example")
    press_the_link_of_the_mail()

    assert agreed_address(Conversation.objects.get().contact).value == "olena@mail.example"
    assert "olena" not in stranger.get(PAGE).content.decode()


def test_where_no_reminders_are_sent_nobody_agrees_and_everybody_may_stop(customer):
    identity = IdentityFactory(contact=Contact.objects.create(user=customer.user))
    agree(customer)
    CartRules.objects.update(mails=False)

    assert "No more reminders" in words(customer.get(PAGE))
    customer.form(PAGE, do="stop")

    assert "We send no reminders at present." in words(customer.get(PAGE))
    assert agree(customer, email=identity.value).status_code == 422
    assert not Consent.objects.filter(withdrawn_at=None).exists()


def test_a_customer_who_may_be_written_to_without_it_can_refuse(customer):
    assert "No reminders, please" not in words(customer.get(PAGE))
    CartRules.objects.update(existing_customers=True)
    assert "No reminders, please" in words(customer.get(PAGE))

    customer.form(PAGE, do="stop")

    assert Suppression.objects.exists()


def test_whoever_agreed_without_an_account_and_signs_in_has_agreed(reminds, writer):
    agree(writer, email="olena@mail.example")
    press_the_link_of_the_mail()
    given = Consent.objects.get()
    writer.force_login(UserFactory(email="Olena@mail.example"))

    page = words(writer.get(PAGE))

    assert "we remind you at o•••@mail.example" in page
    consent = Consent.objects.get()
    assert consent.contact.user is not None
    assert (consent.given_at, consent.text, consent.page) == (given.given_at, given.text, given.page)


def test_an_address_that_was_only_typed_is_not_silenced_for_whoever_it_belongs_to(reminds, writer):
    agree(writer, email="somebody.else@mail.example")
    assert Consent.objects.filter(withdrawn_at=None).count() == 1

    writer.form(PAGE, do="stop")

    assert not Consent.objects.filter(withdrawn_at=None).exists()
    assert not Suppression.objects.exists()


def test_another_site_cannot_agree_for_anybody(customer):
    text = consents.publish(InboxFactory(), REMINDERS, "en", "Yes.")
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.cookies = customer.cookies

    answer = elsewhere.post(PAGE, {"do": "agree", "reminders": "yes", "reminders_text": text.text_hash})

    assert answer.status_code == 403
    assert not Consent.objects.exists()


class TestInTheChat:
    def test_the_box_stands_beside_the_address_only_where_reminders_are_sent(self, writer):
        assert 'name="reminders"' not in writer.get(BOX).content.decode()

        CartRules.objects.create(inbox=InboxFactory(), mails=True, mails_since=timezone.now())

        assert '<input type="checkbox" name="reminders" value="yes">' in writer.get(BOX).content.decode()

    @pytest.mark.parametrize("ticked", [True, False])
    def test_only_who_ticks_it_has_agreed(self, reminds, writer, ticked):
        tick = {} if ticked else {"reminders": ""}

        agree(writer, BOX, do="leave", email="olena@mail.example", **tick)

        assert Consent.objects.filter(purpose=REMINDERS, page="chat").exists() == ticked
        delivery.send_due()
        assert ("asked to be reminded" in mail.outbox[0].body) == ticked
        assert "asked for answers" in mail.outbox[0].body

    def test_a_refused_address_keeps_the_box(self, reminds, writer):
        answer = agree(writer, BOX, do="leave", email="no address")

        assert answer.status_code == 422
        assert 'name="reminders"' in answer.content.decode()
        assert not Consent.objects.exists()


def test_the_link_costs_the_page_nothing(django_assert_num_queries, db):
    template = Template('{% load shopchat_widget %}{% shopchat_reminders label css_class="btn" %}')
    request = RequestFactory().get("/")

    with django_assert_num_queries(0):
        drawn = template.render(Context({"label": "Remind <me>", "request": request}))

    assert unescape(drawn) == '<a class="btn" href="/chat/reminders/?lang=en">Remind <me></a>'
    assert "&lt;me&gt;" in drawn
