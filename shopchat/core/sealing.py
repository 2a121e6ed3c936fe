"""Secrets that have to be read again, as the database holds them: sealed with a key made from ``SECRET_KEY``.

A table that leaks without the settings opens nothing. To change ``SECRET_KEY`` put the old one into
``SECRET_KEY_FALLBACKS``: what it sealed can still be read, and is sealed with the new one when it is next stored.

Needs the extra ``shopchat[telephony]``.
"""

import base64
import json
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

try:
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:  # see is_installed()
    _INSTALLED = False
else:
    _INSTALLED = True

# Before each sealed text; another way of sealing gets another one.
VERSION = "1:"
# Keeps these keys apart from everything else that is made from SECRET_KEY.
PURPOSE = b"shopchat.core.sealing.1"


class CannotUnseal(Exception):
    """It was sealed with a key that these settings do not hold, or it is damaged. ``hint`` says what to do."""

    def __init__(self) -> None:
        super().__init__("a sealed text cannot be read with the keys of these settings")
        self.hint = "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS, or enter the secrets once more where they were entered."


def is_installed() -> bool:
    """Whether the library of the extra is there."""
    return _INSTALLED


@sensitive_variables()
def seal(secrets: Mapping[str, str]) -> str:
    """The mapping as a text that only these settings can read."""
    plain = json.dumps(dict(secrets), ensure_ascii=False, sort_keys=True).encode()
    return VERSION + MultiFernet(_keys()).encrypt(plain).decode()


@sensitive_variables()
def unseal(text: str) -> dict[str, str]:
    """What was sealed; nothing for an empty text. Raises :class:`CannotUnseal`."""
    if not text:
        return {}
    opened = _open(text, MultiFernet(_keys()))
    if opened is None:
        raise CannotUnseal
    return opened


def is_current(text: str) -> bool:
    """Whether today's ``SECRET_KEY`` alone reads it, so that the fallbacks could go."""
    return not text or _open(text, MultiFernet(_keys()[:1])) is not None


@sensitive_variables()
def _open(text: str, keys: "MultiFernet") -> dict[str, str] | None:
    if not text.startswith(VERSION):
        return None
    try:
        value = json.loads(keys.decrypt(text.removeprefix(VERSION).encode()))
    except (InvalidToken, ValueError):
        return None
    return {str(name): str(secret) for name, secret in value.items()}


@sensitive_variables()
def _keys() -> "list[Fernet]":
    if not _INSTALLED:
        raise ImproperlyConfigured(
            'The package cryptography is missing: install shopchat with its extra, pip install "shopchat[telephony]".'
        )
    return [Fernet(_derived(str(secret))) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


@sensitive_variables()
def _derived(secret: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(hkdf.derive(secret.encode()))
