import pytest

from shopchat.privacy.erasing import erase
from shopchat.touches.models import Suppression
from shopchat.touches.suppressing import address_hash, is_suppressed, lift, suppress
from tests.factories import ContactFactory, IdentityFactory

pytestmark = pytest.mark.django_db
UNSUBSCRIBED, BOUNCED = Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.BOUNCED


def test_an_address_is_known_in_every_spelling_and_channel_by_channel():
    suppress("email", "Olena@Example.test", UNSUBSCRIBED)

    assert is_suppressed("email", " olena@example.TEST")
    assert not is_suppressed("email", "anna@example.test")
    assert not is_suppressed("telegram", "olena@example.test")


def test_twice_is_once_with_the_first_reason():
    suppress("email", "olena@example.test", BOUNCED)
    suppress("email", "OLENA@example.test", UNSUBSCRIBED)

    assert Suppression.objects.get().reason == "bounced"


def test_what_the_customer_may_take_back_gives_way_to_what_they_may_not():
    suppress("email", "olena@example.test", UNSUBSCRIBED)
    suppress("email", "olena@example.test", Suppression.Reason.BY_HAND)

    assert Suppression.objects.get().reason == "by_hand"


def test_lifting():
    suppress("email", "olena@example.test", BOUNCED)
    suppress("email", "anna@example.test", BOUNCED)

    assert [lift("email", "Olena@example.test") for _ in range(2)] == [True, False]
    assert not is_suppressed("email", "olena@example.test")
    assert is_suppressed("email", "anna@example.test")


def test_the_hash_names_nobody_without_the_key(settings):
    suppress("email", "olena@example.test", UNSUBSCRIBED)
    stored = Suppression.objects.get()

    settings.SECRET_KEY = "another"

    assert stored.address_hash != address_hash("email", "olena@example.test")
    assert not is_suppressed("email", "olena@example.test")


def test_a_changed_key_forgets_nobody_while_the_old_one_is_a_fallback(settings):
    suppress("email", "olena@example.test", UNSUBSCRIBED)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert is_suppressed("email", "olena@example.test")
    suppress("email", "olena@example.test", BOUNCED)
    assert Suppression.objects.count() == 1


def test_it_outlives_an_erasure():
    contact = ContactFactory()
    identity = IdentityFactory(contact=contact, value="olena@example.test")
    suppress(identity.channel, identity.value, UNSUBSCRIBED)

    erase(contact)

    assert not type(identity).objects.filter(pk=identity.pk).exists()
    assert is_suppressed("email", "olena@example.test")
