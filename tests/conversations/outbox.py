"""A kind and a channel for tests of the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager

from shopchat.channels.base import Outgoing
from shopchat.channels.known import forget_channel, register_channel
from shopchat.channels.memory import MemoryChannel
from shopchat.conversations.kinds import Kind, forget_kind, register_kind
from shopchat.conversations.models import Delivery


class Outbox:
    """The channel that remembers, and what the kinds' check answers."""

    def __init__(self) -> None:
        self.channel = MemoryChannel()
        self.other_channel = MemoryChannel()
        self.unwanted = ""
        self.checked: list[int] = []

    def check(self, delivery: Delivery) -> str:
        self.checked.append(delivery.pk)
        return self.unwanted

    def build(self, delivery: Delivery) -> Outgoing:
        return Outgoing(to="anna@example.test", text=delivery.purpose, key="")

    @property
    def texts(self) -> list[str]:
        return [outgoing.text for outgoing in self.channel.sent]


@contextmanager
def outbox() -> Iterator[Outbox]:
    """Kinds ``test`` (at least once) and ``test_sms`` (at most once), channels ``memory`` and ``other``."""
    box = Outbox()
    for name, at_least_once in (("test", True), ("test_sms", False)):
        register_kind(
            Kind(name=name, label=name, check=box.check, build=box.build, at_least_once=at_least_once, reasons={})
        )
    register_channel("memory", box.channel)
    register_channel("other", box.other_channel)
    try:
        yield box
    finally:
        for name in ("test", "test_sms"):
            forget_kind(name)
        for name in ("memory", "other"):
            forget_channel(name)
