"""A channel that only remembers: for tests, and for whoever writes against the outbox.

channel = MemoryChannel()
channel.fail(ChannelError("busy"))                # the next call raises it
channel.hang(lambda: None)                        # the next call does this before it answers
channel.fail(ChannelError("gone", ambiguous=True), taken=True)   # taken, but the answer was lost
channel.sent                                      # what was taken, in order
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from shopchat.channels.base import Channel, ChannelError, Outgoing, Sent


@dataclass(frozen=True)
class _Turn:
    error: BaseException | None = None
    taken: bool = True
    meanwhile: Callable[[], object] | None = None


class MemoryChannel(Channel):
    """Remembers what it was given. What the next calls do can be laid down beforehand."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.calls = 0
        self._turns: deque[_Turn] = deque()

    def fail(self, error: BaseException | None = None, *, taken: bool = False, times: int = 1) -> None:
        """The next calls raise ``error``; with ``taken`` the message goes out all the same."""
        self._turns.extend([_Turn(error or ChannelError("busy"), taken=taken)] * times)

    def hang(self, meanwhile: Callable[[], object]) -> None:
        """The next call does ``meanwhile`` after it took the message and before it answers."""
        self._turns.append(_Turn(meanwhile=meanwhile))

    def clear(self) -> None:
        """Forget everything."""
        self.sent.clear()
        self._turns.clear()
        self.calls = 0

    def send(self, outgoing: Outgoing) -> Sent:
        self.calls += 1
        turn = self._turns.popleft() if self._turns else _Turn()
        if turn.taken:
            self.sent.append(outgoing)
        if turn.meanwhile:
            turn.meanwhile()
        if turn.error:
            raise turn.error
        return Sent(provider_id=f"memory-{self.calls}")
