"""One who writes, through shopchat's own verbs: some transactions linger before they commit, some are rolled back.

Keeps a ledger: a line for each message, written after its transaction has ended. A private note is not for the customer.
"""

import argparse
import random
import time
from pathlib import Path

from benchmarks.lossless.setting import set_up

set_up()

from django.db import OperationalError, transaction  # noqa: E402 settings come first

from shopchat.conversations import posting  # noqa: E402
from shopchat.conversations.models import Conversation  # noqa: E402
from shopchat.operators.models import Operator  # noqa: E402

LINGERS, LINGER_SECONDS = 0.2, 0.05
ROLLED_BACK = 0.02
NOTES, REPLIES = 0.05, 0.4
PAUSE_SECONDS = 0.004  # SQLite's waiting is not fair: without a pause the same few write all the time


class Changed(Exception):
    """The writer takes everything back."""


def main(number: int, count: int, seconds: float, ledger: Path) -> None:
    chance, until = random.Random(number), time.monotonic() + seconds
    conversations = list(Conversation.objects.order_by("pk"))
    operator = Operator.objects.get()
    with ledger.open("w", buffering=1) as lines:
        for turn in range(count):
            if time.monotonic() > until:
                return
            conversation, client_id = chance.choice(conversations), f"w{number}-{turn}"
            kind = _until_answered(chance, conversation, operator, client_id)
            time.sleep(chance.uniform(0, PAUSE_SECONDS))
            lines.write(f"{kind} {conversation.number} {client_id}\n")


def _until_answered(chance: random.Random, conversation: Conversation, operator: Operator, client_id: str) -> str:
    """A database that is too busy to answer is asked again, with the same id, as a browser does."""
    what = chance.random()
    while True:
        try:
            return _write(chance, conversation, operator, client_id, what)
        except Changed:
            return "rolled-back"
        except OperationalError:
            time.sleep(chance.uniform(0, 1))


def _write(chance: random.Random, conversation: Conversation, operator: Operator, client_id: str, what: float) -> str:
    with transaction.atomic():
        if what < NOTES:
            posting.note(conversation, operator=operator, text="A regular.", client_id=client_id)
        elif what < NOTES + REPLIES:
            posting.reply(conversation, operator=operator, text="Yes, fully.", client_id=client_id)
        else:
            posting.receive(conversation, text="Is it waterproof?", client_id=client_id)
        if chance.random() < LINGERS:
            time.sleep(chance.uniform(0, LINGER_SECONDS))
        if chance.random() < ROLLED_BACK:
            raise Changed
    return "private" if what < NOTES else "committed"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    main(**vars(parser.parse_args()))
