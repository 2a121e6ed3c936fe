"""What an adapter of a channel takes, answers and raises."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

# How long one call may take from beginning to end in the worst case; leases are longer.
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Outgoing:
    """One message to one address.

    ``key`` is the same for every attempt at the same message: an adapter whose provider recognises repetitions hands it
    over. ``headers`` mean something to mail only.
    """

    to: str
    text: str
    key: str
    subject: str = ""
    html: str = ""
    language: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """The provider took it. ``provider_id`` is what its receipts will name."""

    provider_id: str = ""


class ChannelError(Exception):
    """The message was not taken, or nobody knows.

    - ``permanent``: asking again will get the same answer (no such address, refused for what it says).
    - ``ambiguous``: the connection ended after the message may have been taken; sending it again may double it.
    - neither: a temporary trouble; try again, not before ``retry_after`` seconds if the provider named a time.

    ``recipient_only``: this address is in trouble, the provider is not, so others may be written to meanwhile.
    ``code`` is a short word for the reason, never the provider's text, which may quote an address.
    """

    def __init__(
        self,
        code: str,
        *,
        permanent: bool = False,
        ambiguous: bool = False,
        recipient_only: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent
        self.ambiguous = ambiguous and not permanent
        self.recipient_only = recipient_only
        self.retry_after = retry_after


class Channel(ABC):
    """A way out."""

    @abstractmethod
    def send(self, outgoing: Outgoing) -> Sent:
        """Hand one message to the provider. Bounded in time. Raises :class:`ChannelError`, and nothing else."""
