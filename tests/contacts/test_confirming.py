from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from shopchat.contacts import confirming
from shopchat.contacts.confirming import BadAddress, BadLink, leave_address, masked, present_address
from shopchat.contacts.models import Identity
from tests.factories import ContactFactory, IdentityFactory

pytestmark = pytest.mark.django_db


def leave(contact, typed="olena@mail.example"):
    return leave_address(contact, typed=typed)


def test_a_typed_address_is_stored_and_proves_nothing():
    contact, other = ContactFactory(), ContactFactory()

    identity = leave(contact, "  Olena@Mail.Example ")

    assert (identity.value, identity.source) == ("olena@mail.example", "typed")
    assert not identity.may_be_written_to()
    assert present_address(contact) == identity
    assert present_address(other) is None
    assert present_address(None) is None


def test_the_domain_stays_what_it_is():
    assert leave(ContactFactory(), "Me@Straße.example").value == "me@straße.example"


@pytest.mark.parametrize(
    "typed",
    ["", " ", "olena", "olena@", "@mail.example", "a@b@c.example", "a b@mail.example", "a@mail.example\nBcc: b@mail.example",
     "olena@mail.example, b@mail.example", "\x00@mail.example", "x" * 250 + "@mail.example"],
)  # fmt: skip
def test_what_is_no_address_is_not_stored(typed):
    with pytest.raises(BadAddress):
        leave(ContactFactory(), typed)

    assert not Identity.objects.exists()


def test_leaving_the_same_address_again_keeps_its_proof():
    contact = ContactFactory()
    proven = IdentityFactory(contact=contact, value="olena@mail.example")

    again = leave(contact, "OLENA@mail.example")

    assert again == proven
    assert again.may_be_written_to()


def test_a_stopped_address_has_to_be_proven_anew():
    contact = ContactFactory()
    identity = IdentityFactory(contact=contact, value="olena@mail.example", stopped=True)

    leave(contact)

    identity.refresh_from_db()
    assert (identity.stopped_at, identity.verified_at) == (None, None)


def test_another_address_takes_the_place_of_one_that_waits_and_of_a_proven_one_when_it_is_proven():
    contact = ContactFactory()
    others = IdentityFactory(value="first@mail.example")
    proven = IdentityFactory(contact=contact, value="proven@mail.example")
    first = leave(contact, "first@mail.example")
    second = leave(contact, "second@mail.example")
    states = {identity.value: identity.stopped_at is None for identity in contact.identities.all()}
    assert states == {"proven@mail.example": True, "first@mail.example": False, "second@mail.example": True}

    assert confirming.confirm(second)

    for identity in (others, proven, first, second):
        identity.refresh_from_db()
    assert [one.may_be_written_to() for one in (others, proven, first, second)] == [True, False, False, True]


def test_the_link_of_an_address_that_was_taken_back_proves_nothing():
    identity = leave(ContactFactory())
    token = confirming.confirm_token(identity)
    confirming.stop(identity)

    assert not confirming.confirm(confirming.to_confirm(token))

    identity.refresh_from_db()
    assert identity.verified_at is None


def test_confirming_and_stopping_twice_change_nothing():
    identity = leave(ContactFactory())
    assert confirming.confirm(identity)
    identity.refresh_from_db()
    proven_at = identity.verified_at

    assert confirming.confirm(identity)
    confirming.stop(identity)
    identity.refresh_from_db()
    stopped_at = identity.stopped_at
    confirming.stop(identity)

    identity.refresh_from_db()
    assert (identity.verified_at, identity.stopped_at) == (proven_at, stopped_at)
    assert not confirming.confirm(identity)


def test_the_link_to_confirm_gets_old_and_the_link_to_stop_does_not(time_machine):
    identity = leave(ContactFactory())
    confirm, stop = confirming.confirm_token(identity), confirming.stop_token(identity)
    assert confirming.to_confirm(confirm) == confirming.to_stop(stop) == identity

    time_machine.move_to(timezone.now() + timedelta(days=confirming.CONFIRM_DAYS, minutes=1))

    with pytest.raises(BadLink):
        confirming.to_confirm(confirm)
    assert confirming.to_stop(stop) == identity


def forged(identity, token):
    named = [identity.pk, "0" * 16]
    yield from (
        "",
        " ",
        "null",
        "0",
        "\x00",
        "x",
        "x" * 10_000,
        token[:-1],
        token.replace(":", ""),
        confirming.stop_token(identity),
    )
    yield signing.dumps(named, salt=confirming.CONFIRM_SALT)
    yield signing.dumps([0, "x"], salt=confirming.CONFIRM_SALT)
    yield signing.dumps([identity.pk], salt=confirming.CONFIRM_SALT)
    yield signing.dumps([identity.pk, "x"], salt="another")


@pytest.mark.parametrize("which", range(14))
def test_a_forged_link_is_bad(which):
    identity = leave(ContactFactory())
    tokens = list(forged(identity, confirming.confirm_token(identity)))
    assert len(tokens) == 14

    with pytest.raises(BadLink):
        confirming.to_confirm(tokens[which])


def test_a_mask_keeps_one_letter():
    assert masked("olena@mail.example") == "o•••@mail.example"
    assert masked("o@mail.example") == "o•••@mail.example"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("vasya@xn--80a1acny.xn--p1ai", "v•••@почта.рф"),
        ("vasya@почта.рф", "v•••@почта.рф"),
        ("vasya@xn--\xff.example", "v•••@xn--\xff.example"),
        ("vasya@xn--0.example", "v•••@xn--0.example"),
    ],
)
def test_a_mask_shows_the_domain_as_it_was_typed(stored, shown):
    assert masked(stored) == shown
