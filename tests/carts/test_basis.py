"""To whom a reminder may go, and on what strength."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.carts import subscribing
from shopchat.carts.basis import CONSENT, CUSTOMER, basis_for
from shopchat.carts.models import CartRules
from shopchat.contacts import agreeing, joining
from shopchat.contacts.confirming import leave_address, present_address, stop_addresses
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity
from shopchat.conversations import delivery
from shopchat.touches.models import Suppression
from shopchat.touches.suppressing import suppress
from tests.carts.left import agree
from tests.factories import ContactFactory, IdentityFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(left_by_account):
    """A shop that writes to those who have bought, and one of them, who agreed to nothing."""
    left = left_by_account
    Consent.objects.all().delete()
    Identity.objects.all().delete()
    CartRules.objects.update(existing_customers=True)
    left.shop.add_order(user_id=left.account, placed_at=timezone.now() - timedelta(days=100))
    left.watch.refresh_from_db()
    left.watch.inbox.refresh_from_db()
    return left


def read_again(left, watch=None):
    return type(left.watch).objects.get(pk=(watch or left.watch).pk)


def test_a_consent_with_a_proven_address_is_one(left):
    other = ContactFactory()
    agree(other, IdentityFactory(contact=other))

    assert basis_for(left.watch) == (left.identity, CONSENT)


@pytest.mark.parametrize("address", [{"verified_at": None}, {"stopped_at": timezone.now()}, {"channel": "sms"}])
def test_an_address_that_is_not_proven_or_stopped_is_none(left, address):
    assert basis_for(left.watch)

    Identity.objects.update(**address)

    assert basis_for(left.watch) is None


def test_a_proven_address_without_a_consent_is_none(left):
    agreeing.withdraw(left.identity, ConsentText.Purpose.REMINDERS)

    assert basis_for(left.watch) is None


@pytest.mark.parametrize("is_suppressed", [False, True])
def test_what_was_agreed_to_before_signing_in_counts_and_what_was_refused_counts_more(left, is_suppressed):
    account = ContactFactory(user__email="Olena@mail.example", signed_in=True)
    if is_suppressed:
        suppress("email", "olena@mail.example", Suppression.Reason.UNSUBSCRIBED)
    joining.join(left.contact, account)
    theirs = left.leave(contact=account, user_id_text=str(account.user_id))

    basis = basis_for(read_again(left, theirs))
    sent = left.send()

    assert (basis[0].contact, basis[1]) == (account, CONSENT)
    assert [message.to for message in sent] == ([] if is_suppressed else [["olena@mail.example"]])
    assert left.touch(watch=theirs).reason == ("suppressed" if is_suppressed else "")


def test_a_consent_to_be_called_is_none(left):
    assert basis_for(left.watch)

    Consent.objects.update(purpose=ConsentText.Purpose.CALLBACK)

    assert basis_for(left.watch) is None


def test_a_customer_is_written_to_at_the_accounts_address_where_the_shop_chose_it(customer):
    identity, why = basis_for(read_again(customer))

    assert why == CUSTOMER
    assert identity.value == customer.contact.user.email
    assert (identity.source, identity.verified_at) == ("account", None)
    CartRules.objects.update(existing_customers=False)
    assert basis_for(read_again(customer)) is None


def test_the_mail_to_a_customer_says_why_and_the_ledger_too(customer):
    (message,) = customer.send()

    assert "because you have bought at testserver before" in message.body
    assert customer.touch().details["basis"] == "customer"


def test_a_customer_who_never_wrote_is_known_by_the_account(customer):
    email = customer.contact.user.email
    Contact.objects.all().delete()
    type(customer.watch).objects.update(contact=None)

    identity, _why = basis_for(read_again(customer))

    assert identity.value == email


def test_somebody_who_never_bought_is_no_customer(customer):
    assert basis_for(read_again(customer))

    customer.shop.cancel_order(customer.shop._shelf.orders[0].number)

    assert basis_for(read_again(customer)) is None


def test_an_order_under_the_address_of_an_unproven_account_makes_no_customer(customer):
    """Whoever registers with somebody else's address would be reminded there of what the other has bought."""
    customer.shop._shelf.orders.clear()
    customer.shop.add_order(email=customer.contact.user.email, placed_at=timezone.now() - timedelta(days=100))

    assert basis_for(read_again(customer)) is None


def test_a_customer_who_refused_is_left_alone_also_at_another_address(customer):
    identity, _why = basis_for(read_again(customer))
    subscribing.unsubscribe(identity)
    user = customer.contact.user
    user.email = "another@mail.example"
    user.save()

    assert basis_for(read_again(customer)) is None


def test_a_customer_who_took_it_back_before_signing_in_is_left_alone(customer):
    assert basis_for(read_again(customer))
    browsers = IdentityFactory(value="other@mail.example")
    agree(browsers.contact, browsers)
    agreeing.withdraw(browsers, ConsentText.Purpose.REMINDERS)

    joining.join(browsers.contact, customer.contact)

    assert basis_for(read_again(customer)) is None


def test_a_customer_who_took_a_consent_back_is_left_alone(customer):
    identity, _why = basis_for(read_again(customer))
    agree(customer.contact, identity)
    assert basis_for(read_again(customer))

    agreeing.withdraw(identity, ConsentText.Purpose.REMINDERS)

    assert not Suppression.objects.exists()
    assert basis_for(read_again(customer)) is None


def test_the_accounts_address_gets_no_answers_of_the_chat_by_it(customer):
    identity, _why = basis_for(read_again(customer))

    assert not identity.may_be_written_to()
    assert present_address(customer.contact) is None
    stop_addresses(customer.contact)
    leave_address(customer.contact, typed="other@mail.example")
    assert basis_for(read_again(customer)) == (identity, CUSTOMER)


def test_leaving_it_for_answers_asks_for_its_proof(customer):
    identity, _why = basis_for(read_again(customer))

    left = leave_address(customer.contact, typed=identity.value.upper())

    assert left == identity
    assert present_address(customer.contact) == identity
    assert not left.may_be_written_to()


@pytest.mark.parametrize("email", ["", "no address"])
def test_an_account_without_an_address_is_not_written_to(customer, email):
    user = customer.contact.user
    user.email = email
    user.save()

    assert basis_for(read_again(customer)) is None


@pytest.mark.parametrize("account", ["saleor-1", "999999"])
def test_an_account_that_is_not_ours_is_nobody(customer, account):
    UserFactory()
    type(customer.watch).objects.update(contact=None, user_id_text=account)

    assert basis_for(read_again(customer)) is None


def test_a_basket_of_nobody_has_none_and_the_ledger_says_so(left):
    nobody = left.leave(user_id_text="")
    type(nobody).objects.filter(pk=nobody.pk).update(contact=None)

    left.hand_over()
    delivery.send_due()

    touch = left.touch(watch=nobody)
    assert (touch.state, touch.reason) == ("dropped", "no_basis")


def test_a_basket_of_an_account_is_that_accounts_whoever_wrote_in_the_same_browser_before(left_by_account):
    """One computer, two people: the first agreed to reminders and went, the second signed in and refused."""
    left = left_by_account
    first = IdentityFactory()
    agree(first.contact, first)
    Consent.objects.filter(contact=left.contact).delete()
    type(left.watch).objects.update(contact=first.contact)  # as inherited from the guest's basket

    assert basis_for(read_again(left)) is None
    assert left.send() == []
