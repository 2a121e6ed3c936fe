"""What a browser's contact agreed to, once the browser has signed in."""

from datetime import UTC, datetime, timedelta

import pytest

from shopchat.contacts.agreeing import agree, has_agreed, withdraw
from shopchat.contacts.confirming import confirm, confirm_token, to_confirm
from shopchat.contacts.joining import join
from shopchat.contacts.models import Consent, ConsentText, Identity
from tests.factories import ConsentTextFactory, ContactFactory, IdentityFactory

pytestmark = pytest.mark.django_db
REMINDERS = ConsentText.Purpose.REMINDERS
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
TYPED = Identity.Source.TYPED


@pytest.fixture
def account():
    return ContactFactory(signed_in=True)


@pytest.fixture
def guest():
    return ContactFactory()


@pytest.fixture
def text():
    return ConsentTextFactory(purpose=REMINDERS)


def address_of(contact, account, **fields):
    return IdentityFactory(contact=contact, value=account.user.email.lower(), **{"source": TYPED, **fields})


def given(identity, text, at=TEN, **fields):
    consent = agree(identity.contact, identity=identity, text=text, page="/basket/", now=at)
    Consent.objects.filter(pk=consent.pk).update(**fields)
    return consent


def facts(account):
    rows = Consent.objects.filter(contact=account, withdrawn_at=None)
    return [(row.identity.value, row.text, row.page, row.given_at) for row in rows]


def test_a_consent_goes_over_with_its_proof_its_words_its_moment_and_its_page(guest, account, text):
    identity = address_of(guest, account, verified_at=TEN - HOUR)
    given(identity, text)
    stranger = IdentityFactory()
    given(stranger, text)

    assert join(guest, account) == 1

    assert facts(account) == [(account.user.email.lower(), text, "/basket/", TEN)]
    identity.refresh_from_db()
    assert (identity.contact, identity.verified_at, identity.source) == (account, TEN - HOUR, TYPED)
    assert has_agreed(identity, REMINDERS)
    stranger.refresh_from_db()
    assert stranger.consents.get().contact == stranger.contact != account


def test_an_address_that_is_not_the_accounts_stays_where_it_is(guest, account, text):
    """Whoever sat there before would get mail about the account's baskets."""
    identity = IdentityFactory(contact=guest, source=TYPED)
    given(identity, text)

    assert join(guest, account) == 0

    assert not Identity.objects.filter(contact=account).exists()
    assert not Consent.objects.filter(contact=account).exists()
    assert has_agreed(identity, REMINDERS)


def test_an_account_without_an_address_gets_none(guest, account, text):
    account.user.email = ""
    given(IdentityFactory(contact=guest, value=""), text)

    assert join(guest, account) == 0


def test_an_address_that_waits_for_its_proof_can_still_be_proven(guest, account, text):
    identity = address_of(guest, account, verified_at=None)
    given(identity, text)
    token = confirm_token(identity)

    join(guest, account)

    assert not Identity.objects.get(contact=account).may_be_written_to()
    assert confirm(to_confirm(token))
    assert facts(account)
    assert Identity.objects.get(contact=account).may_be_written_to()


@pytest.mark.parametrize(
    ("mine", "since", "source"),
    [(None, TEN, "typed"), (TEN - HOUR, TEN - HOUR, "account"), (TEN + HOUR, TEN, "account")],
)
def test_where_the_account_has_the_address_already_one_proof_is_enough(guest, account, text, mine, since, source):
    known = address_of(account, account, verified_at=mine, source="account")
    given(address_of(guest, account, verified_at=TEN), text)

    assert join(guest, account) == 1

    known.refresh_from_db()
    assert (known.verified_at, known.source) == (since, source)
    assert facts(account) == [(known.value, text, "/basket/", TEN)]
    assert Consent.objects.get().identity == known


@pytest.mark.parametrize("fields", [{"verified_at": None}, {"stopped_at": TEN}])
def test_what_was_typed_and_not_proven_or_was_stopped_adds_nothing_to_a_proven_address(guest, account, text, fields):
    known = address_of(account, account, verified_at=TEN + HOUR)
    given(address_of(guest, account, **fields), text)

    assert join(guest, account) == 0

    assert not has_agreed(known, REMINDERS)
    known.refresh_from_db()
    assert (known.verified_at, known.stopped_at) == (TEN + HOUR, None)


def test_a_stopped_address_of_the_account_stays_stopped(guest, account, text):
    known = address_of(account, account, verified_at=None, stopped_at=TEN)
    given(address_of(guest, account, verified_at=TEN), text)

    join(guest, account)

    known.refresh_from_db()
    assert (known.verified_at, known.stopped_at) == (None, TEN)


@pytest.mark.parametrize(("taken_back_at", "holds"), [(TEN + HOUR, False), (TEN - HOUR, True)])
@pytest.mark.parametrize("who_refused", ["guest", "account"])
def test_a_consent_that_was_taken_back_on_either_side_ends_those_before_it(
    guest, account, text, taken_back_at, holds, who_refused
):
    mine, theirs = address_of(account, account), address_of(guest, account)
    refused, agreed = (theirs, mine) if who_refused == "guest" else (mine, theirs)
    given(refused, text, at=TEN - 2 * HOUR)
    withdraw(refused, REMINDERS, now=taken_back_at)
    given(agreed, text, at=TEN)
    assert has_agreed(agreed, REMINDERS)

    join(guest, account)

    assert has_agreed(mine, REMINDERS) is holds
    assert Consent.objects.filter(contact=account).count() == 2
    assert set(Consent.objects.exclude(withdrawn_at=None).values_list("withdrawn_at", flat=True)) == {taken_back_at}


@pytest.mark.parametrize("fields", [{}, {"verified_at": None}, {"stopped_at": TEN}])
def test_a_refusal_counts_for_the_account_and_names_no_other_address(guest, account, text, fields):
    identity = IdentityFactory(contact=guest, **{"source": TYPED, **fields})
    given(identity, text)
    withdraw(identity, REMINDERS, now=TEN + HOUR)

    join(guest, account)

    refusal = Consent.objects.get(contact=account)
    assert (refusal.identity, refusal.text, refusal.given_at, refusal.withdrawn_at) == (None, text, TEN, TEN + HOUR)
    assert identity.consents.get().contact == guest


def test_whoever_agreed_anew_has_not_refused(guest, account, text):
    identity = IdentityFactory(contact=guest, source=TYPED)
    given(identity, text)
    withdraw(identity, REMINDERS, now=TEN + HOUR)
    given(identity, text, at=TEN + 2 * HOUR)

    join(guest, account)

    assert not Consent.objects.filter(contact=account).exists()
