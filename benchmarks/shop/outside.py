"""Effects outside of the shop, each of them a line in a file: what was really done, whoever was killed meanwhile."""

import os
import time
from datetime import timedelta
from pathlib import Path

from shopchat.channels.base import Channel, Outgoing, Sent
from shopchat.channels.known import register_channel
from shopchat.conversations import claiming
from shopchat.conversations.kinds import Kind, register_kind

CHANNEL = "benchmark"
AT_MOST_ONCE, AT_LEAST_ONCE = "benchmark-once", "benchmark-least"
SECONDS = 0.02


def record(key: str) -> None:
    """Do it: some time passes before and after, in which whoever does it can be killed."""
    time.sleep(SECONDS / 2)
    effects = os.open(os.environ["SHOPCHAT_BENCHMARK_EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(effects, f"{key}\n".encode())  # one call, so that a line is there or not
    os.close(effects)
    time.sleep(SECONDS / 2)


def recorded() -> list[str]:
    """What was done."""
    path = Path(os.environ["SHOPCHAT_BENCHMARK_EFFECTS"])
    return path.read_text().split() if path.exists() else []


class RecordingChannel(Channel):
    """A provider that knows a key again: what it is given twice under one key is done once."""

    recognises_repetitions = True

    def send(self, outgoing: Outgoing) -> Sent:
        record(outgoing.key)
        return Sent(provider_id=outgoing.key)


def register() -> None:
    """Both kinds of promise; and a lease as short as ``SHOPCHAT_BENCHMARK_LEASE`` says, so that a run takes seconds."""
    register_channel(CHANNEL, RecordingChannel())
    for name, at_least_once in ((AT_MOST_ONCE, False), (AT_LEAST_ONCE, True)):
        kind = Kind(
            name=name,
            label=name,
            check=lambda delivery: "",
            build=lambda delivery: Outgoing(to="nobody", text=delivery.purpose, key=""),
            at_least_once=at_least_once,
        )
        register_kind(kind)
    if lease := os.environ.get("SHOPCHAT_BENCHMARK_LEASE"):
        claiming.LEASE = timedelta(seconds=float(lease))
