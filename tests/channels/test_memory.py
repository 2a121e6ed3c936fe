import pytest

from shopchat.channels.base import ChannelError
from shopchat.channels.memory import MemoryChannel
from tests.channels.contract import ChannelContract, test_an_error_is_one_of_three  # noqa: F401


class TestMemory(ChannelContract):
    @pytest.fixture
    def channel(self):
        return MemoryChannel()

    def test_it_can_be_told_to_fail(self, channel):
        channel.fail(ChannelError("busy"), times=2)

        for _ in range(2):
            with pytest.raises(ChannelError):
                channel.send(self.outgoing())
        channel.send(self.outgoing())

        assert (len(channel.sent), channel.calls) == (1, 3)

    def test_it_can_take_a_message_and_lose_the_answer(self, channel):
        channel.fail(ChannelError("no_answer", ambiguous=True), taken=True)

        with pytest.raises(ChannelError):
            channel.send(self.outgoing())

        assert len(channel.sent) == 1

    def test_it_can_be_held_up(self, channel):
        seen = []
        channel.hang(lambda: seen.append(len(channel.sent)))

        channel.send(self.outgoing())

        assert seen == [1]

    def test_it_forgets(self, channel):
        channel.send(self.outgoing())
        channel.fail()

        channel.clear()
        channel.send(self.outgoing())

        assert len(channel.sent) == 1
