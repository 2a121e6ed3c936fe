"""The channels by name, as rows of the outbox name them."""

from shopchat.channels.base import Channel
from shopchat.channels.mail import MailChannel

EMAIL = "email"

_known: dict[str, Channel] = {EMAIL: MailChannel()}


def channel(name: str) -> Channel:
    """The channel of this name. Raises ``KeyError`` for one that nobody has registered."""
    return _known[name]


def register_channel(name: str, adapter: Channel) -> None:
    """Give the outbox a way out. Registering a name again replaces it."""
    _known[name] = adapter


def forget_channel(name: str) -> None:
    """The name is no way out any more; rows that name it fail."""
    _known.pop(name, None)
