"""Secrets that browsers hold, and what the database may know of them."""

import hashlib
import secrets


def new_secret() -> str:
    """A random secret of 256 bits, safe in cookies and URLs."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """The SHA-256 of a secret as 64 hexadecimal digits: what is stored, so that a leaked table opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
