from dataclasses import replace
from datetime import time

import pytest

from shopchat.conversations.kinds import kind_of, register_kind
from shopchat.touches.handing import still_wanted
from shopchat.touches.kinds import TouchKind, forget_touch, register_touch
from shopchat.touches.models import TouchRules
from tests.conversations.outbox import outbox as open_outbox
from tests.factories import InboxFactory


class Ledger:
    """The kind ``test`` of touches; its check answers ``unwanted``."""

    def __init__(self, outbox):
        self.outbox = outbox
        self.unwanted = ""

    def check(self, touch):
        return self.unwanted


@pytest.fixture
def ledger():
    """With an outbox that asks the ledger, and a channel that remembers."""
    with open_outbox() as box:
        register_kind(replace(kind_of("test"), check=still_wanted))
        made = Ledger(box)
        register_touch(TouchKind("test", "Reminder", made.check, {"odd": "of an odd kind"}))
        yield made
        forget_touch("test")


@pytest.fixture
def rules(db):
    """One a day, three a week, no quiet hours, nobody held out."""
    return TouchRules.objects.create(inbox=InboxFactory(), holdout_percent=0, quiet_from=time(0), quiet_until=time(0))
