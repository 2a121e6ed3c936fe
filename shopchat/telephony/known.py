"""The providers by name, as accounts name them."""

from collections.abc import Mapping

from shopchat.telephony.asterisk import Asterisk
from shopchat.telephony.base import Telephony
from shopchat.telephony.tel import Tel
from shopchat.telephony.twilio import Twilio
from shopchat.telephony.zadarma import Zadarma

_known: dict[str, type[Telephony]] = {provider.name: provider for provider in (Tel, Twilio, Asterisk, Zadarma)}


def provider(name: str) -> type[Telephony]:
    """The provider of this name. Raises ``KeyError`` for one that nobody has registered."""
    return _known[name]


def providers() -> list[type[Telephony]]:
    """All of them, in the order in which people should be offered them."""
    return list(_known.values())


def made(name: str, credentials: Mapping[str, str]) -> Telephony:
    """The provider of this name with a shop's credentials."""
    return provider(name)(credentials)


def register_provider(adapter: type[Telephony]) -> None:
    """Give shops another way to call. Registering a name again replaces it."""
    _known[adapter.name] = adapter


def forget_provider(name: str) -> None:
    """The name is no way to call any more; accounts that name it call nobody."""
    _known.pop(name, None)
