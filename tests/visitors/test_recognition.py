from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from shopchat.contacts.models import Contact
from shopchat.visitors.models import Visitor
from shopchat.visitors.recognition import START_VALID_SECONDS, begin, new_start, recognise
from tests.factories import ContactFactory, UserFactory, visitor_with_key
from tests.races import at_once

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


def test_a_key_opens_its_own_contact():
    visitor, key = visitor_with_key()
    visitor_with_key()

    assert recognise(key=key, user=NOBODY).contact == visitor.contact


@pytest.mark.parametrize("key", ["", " ", "null", "0", "\x00", "x", "x" * 10_000])
def test_a_wrong_key_opens_nothing(key):
    visitor_with_key()
    Visitor.objects.create(key_hash="", contact=ContactFactory())

    found = recognise(key=key, user=NOBODY)

    assert found.contact is None
    assert found.drop_key is bool(key)


def test_an_account_is_its_own_key():
    contact = ContactFactory(signed_in=True)

    assert recognise(key="", user=contact.user).contact == contact
    assert recognise(key="", user=UserFactory()).contact is None


def test_signing_in_joins_the_browsers_contact_once_and_kills_its_key():
    visitor, key = visitor_with_key()
    user = UserFactory()

    first = recognise(key=key, user=user)
    again = recognise(key=key, user=user)

    assert (first.joined, first.drop_key) == (visitor.contact, True)
    assert first.contact.user == user
    assert again.joined is None
    assert recognise(key=key, user=NOBODY).contact is None


def test_a_key_never_opens_an_account():
    _, key = visitor_with_key(contact=ContactFactory(signed_in=True))

    assert recognise(key=key, user=NOBODY).contact is None


def test_the_same_start_is_the_same_visitor_until_the_cookie_came_back():
    start = new_start()
    contact, key = begin(start=start, user=NOBODY)
    again = begin(start=start, user=NOBODY)
    recognise(key=key, user=NOBODY)

    late, other_key = begin(start=start, user=NOBODY)

    assert again == (contact, key)
    assert late != contact
    assert other_key != key


def test_a_start_holds_no_key():
    start = new_start()
    _, key = begin(start=start, user=NOBODY)

    assert key not in start
    assert recognise(key=start, user=NOBODY).contact is None


def test_a_forged_or_old_start_begins_afresh(time_machine):
    start = new_start()
    contact, _ = begin(start=start, user=NOBODY)

    assert begin(start="forged", user=NOBODY)[0] != contact
    assert begin(start="", user=NOBODY)[0] != contact
    time_machine.move_to(timezone.now() + timedelta(seconds=START_VALID_SECONDS + 1))
    assert begin(start=start, user=NOBODY)[0] != contact


def test_an_account_begins_without_a_key():
    user = UserFactory()

    contact, key = begin(start=new_start(), user=user)

    assert (contact.user, key) == (user, "")
    assert Visitor.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_start_twice_at_once_is_one_visitor():
    start = new_start()

    results = at_once(*[lambda: begin(start=start, user=NOBODY)] * 3)

    assert len(set(results)) == 1
    assert Visitor.objects.count() == 1
    assert Contact.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_requests_of_one_sign_in_join_once():
    _, key = visitor_with_key()
    user = UserFactory()
    ContactFactory(user=user)

    results = at_once(*[lambda: recognise(key=key, user=user)] * 2)

    assert sum(result.joined is not None for result in results) == 1
    assert {result.contact.user for result in results} == {user}
