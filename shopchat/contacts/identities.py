"""Addresses of contacts, written in one way only, so that the database can tell that two are the same."""

import unicodedata

from shopchat.channels.known import EMAIL


def normalise(channel: str, value: str) -> str:
    """The one spelling under which an address is stored and looked up."""
    text = unicodedata.normalize("NFKC", value).strip()
    # Not casefold, which makes another domain of straße.example.
    return text.lower() if channel == EMAIL else text
