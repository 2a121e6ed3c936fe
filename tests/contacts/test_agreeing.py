from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.contacts import consents
from shopchat.contacts.agreeing import agree, has_agreed, withdraw
from shopchat.contacts.models import Consent, ConsentText
from shopchat.visitors import tidying
from tests.factories import ContactFactory, IdentityFactory, InboxFactory
from tests.races import at_once

REMINDERS, CALLBACK = ConsentText.Purpose.REMINDERS, ConsentText.Purpose.CALLBACK


@pytest.fixture
def identity(db):
    return IdentityFactory()


def text(purpose=REMINDERS):
    return consents.text_for(InboxFactory(), purpose, "en")


def test_what_was_agreed_to_is_stored_word_for_word(identity):
    consent = agree(identity.contact, identity=identity, text=text(), page="/checkout/")

    assert consent.text.version == 1
    assert consent.text.text == consents.default_text(REMINDERS, "en")
    assert (consent.page, consent.purpose) == ("/checkout/", "reminders")


def test_it_holds_for_this_address_and_this_purpose(identity):
    agree(identity.contact, identity=identity, text=text())
    other = IdentityFactory(contact=identity.contact)

    assert has_agreed(identity, REMINDERS)
    assert not has_agreed(identity, CALLBACK)
    assert not has_agreed(other, REMINDERS)


def test_twice_is_once_until_the_words_change(identity):
    first = agree(identity.contact, identity=identity, text=text())
    assert agree(identity.contact, identity=identity, text=text()) == first

    changed = consents.publish(InboxFactory(), REMINDERS, "en", "Other words.")

    assert agree(identity.contact, identity=identity, text=changed) != first
    assert withdraw(identity, REMINDERS) == 2
    assert not has_agreed(identity, REMINDERS)


def test_withdrawn_by_address_or_by_contact(identity):
    other, mine = IdentityFactory(), IdentityFactory(contact=identity.contact)
    for one in (identity, mine, other):
        agree(one.contact, identity=one, text=text())
    agree(identity.contact, identity=identity, text=text(CALLBACK))

    withdraw(identity, REMINDERS)
    assert [has_agreed(one, REMINDERS) for one in (identity, mine, other)] == [False, True, True]
    withdraw(identity.contact, REMINDERS)
    assert [has_agreed(one, REMINDERS) for one in (identity, mine, other)] == [False, False, True]
    assert has_agreed(identity, CALLBACK)


def test_agreeing_again_after_a_withdrawal_is_another_consent(identity):
    agree(identity.contact, identity=identity, text=text())
    withdraw(identity, REMINDERS)

    agree(identity.contact, identity=identity, text=text())

    assert has_agreed(identity, REMINDERS)
    assert Consent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_consent():
    identity, words = IdentityFactory(), text()

    at_once(*[lambda: agree(identity.contact, identity=identity, text=words)] * 3)

    assert Consent.objects.count() == 1


@pytest.mark.django_db
def test_who_agreed_to_something_is_not_forgotten_as_silent(identity):
    agree(identity.contact, identity=identity, text=text())
    silent = ContactFactory()

    assert tidying.forget_silent(now=timezone.now() + tidying.KEPT_FOR + timedelta(hours=1)) == 1

    assert not type(silent).objects.filter(pk=silent.pk).exists()
    assert has_agreed(identity, REMINDERS)
