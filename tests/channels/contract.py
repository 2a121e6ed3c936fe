"""What every channel must do; each adapter's tests inherit it."""

import pytest

from shopchat.channels.base import Channel, ChannelError, Outgoing, Sent


class ChannelContract:
    """Give it a fixture ``channel`` that works and an ``address`` that the channel takes."""

    address = "anna@example.test"

    def outgoing(self, **fields) -> Outgoing:
        return Outgoing(**{"to": self.address, "text": "Hello", "key": "shopchat.1.0", "subject": "Hello", **fields})

    def test_it_takes_a_message_and_says_so(self, channel):
        assert isinstance(channel, Channel)
        assert isinstance(channel.send(self.outgoing()), Sent)

    def test_it_takes_every_language(self, channel):
        assert channel.send(self.outgoing(text="Привіт 👋 ’ مرحبا", subject="Ви чекаєте")).provider_id

    def test_it_keeps_nothing_between_two_messages(self, channel):
        ids = [channel.send(self.outgoing(key=f"shopchat.{number}.0")).provider_id for number in (1, 2)]

        assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("error", "permanent", "ambiguous"),
    [
        (ChannelError("x"), False, False),
        (ChannelError("x", permanent=True), True, False),
        (ChannelError("x", ambiguous=True), False, True),
        (ChannelError("x", permanent=True, ambiguous=True), True, False),
    ],
)
def test_an_error_is_one_of_three(error, permanent, ambiguous):
    assert (error.permanent, error.ambiguous) == (permanent, ambiguous)
