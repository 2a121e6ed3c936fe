"""Secrets as the database holds them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from shopchat.core import sealing
from shopchat.core.sealing import CannotUnseal, is_current, seal, unseal

SECRETS = {"auth_token": "t0ken", "name": "Олена"}


def test_what_is_sealed_can_be_read_again_and_by_nobody_else(settings):
    sealed = seal(SECRETS)

    assert unseal(sealed) == SECRETS
    assert "t0ken" not in sealed
    assert sealed.startswith("1:")
    assert seal(SECRETS) != sealed  # equal secrets do not look equal

    settings.SECRET_KEY = "another"
    with pytest.raises(CannotUnseal) as caught:
        unseal(sealed)
    assert "SECRET_KEY_FALLBACKS" in caught.value.hint
    assert sealed not in str(caught.value)


def test_a_changed_secret_key_still_opens_what_the_old_one_sealed(settings):
    sealed = seal(SECRETS)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert unseal(sealed) == SECRETS
    assert not is_current(sealed)
    assert is_current(seal(SECRETS))


def test_nothing_sealed_is_nothing():
    assert unseal("") == {}
    assert is_current("")


@pytest.mark.parametrize("text", ["1:", "1:nonsense", "2:gAAAA", "t0ken", "1:ÄÖ"])
def test_what_was_not_sealed_is_not_opened(text):
    with pytest.raises(CannotUnseal):
        unseal(text)


def test_a_damaged_text_is_not_opened():
    sealed = seal(SECRETS)

    with pytest.raises(CannotUnseal):
        unseal(sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:])


def test_the_key_is_not_the_secret_key_itself(settings):
    settings.SECRET_KEY = "x" * 50

    assert sealing._derived("x" * 50) != sealing._derived("x" * 51)
    assert b"x" * 10 not in sealing._derived("x" * 50)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sealing, "_INSTALLED", False)

    assert not sealing.is_installed()
    with pytest.raises(ImproperlyConfigured, match=r"shopchat\[telephony\]"):
        seal(SECRETS)
