import json
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from shopchat.live import guards
from shopchat.live.tickets import SALT, VALID_SECONDS, BadTicket, Ticket, issue, read


def test_a_ticket_says_its_topics_its_holders_and_when_it_was_issued(time_machine):
    time_machine.move_to(1_800_000_000, tick=False)

    ticket = issue(["desk", "conversation.1"], holders=["session.a"])

    assert read(ticket) == Ticket(("desk", "conversation.1"), ("session.a",), 1_800_000_000)
    assert read(issue(iter(["desk"]))).holders == ()


def test_a_browser_can_read_the_topics_of_its_ticket():
    payload = issue(["desk"], holders=["session.a"]).partition(":")[0]

    assert json.loads(signing.b64_decode(payload.encode())) == [["desk"], ["session.a"]]


def test_a_ticket_is_good_for_a_quarter_of_an_hour(time_machine):
    ticket = issue(["desk"])

    time_machine.move_to(timezone.now() + timedelta(seconds=VALID_SECONDS - 5))
    assert read(ticket).topics == ("desk",)
    time_machine.move_to(timezone.now() + timedelta(seconds=10))
    with pytest.raises(BadTicket):
        read(ticket)


def forgeries():
    ticket, other = issue(["conversation.11111111"]), issue(["conversation.22222222"], holders=["session.b"])
    payload, stamp, signature = ticket.split(":")
    strangers = other.split(":")[0]
    yield from ("", "x", ":", "::", "null", ticket[:-2], ticket + "A", f"{ticket}:{signature}")
    yield f"{strangers}:{stamp}:{signature}"  # spliced: my signature under a stranger's topics
    yield f"{payload}:{other.split(':')[1]}x:{signature}"
    yield f"{payload}:zzzzzz:{signature}"  # a later time
    yield f".{ticket}"  # as if it were compressed
    yield signing.dumps([["conversation.22222222"], []], salt="another.salt")
    yield signing.dumps([["conversation.22222222"], []])
    yield signing.dumps([["conversation.22222222"], []], salt=SALT, key="another key")
    yield signing.dumps({"topics": []}, salt=SALT)
    yield signing.dumps(["desk", "conversation", "typing"], salt=SALT)
    yield signing.dumps(7, salt=SALT)


@pytest.mark.parametrize("number", range(18))
def test_a_ticket_that_is_not_ours_is_bad(number):
    forged = list(forgeries())
    assert len(forged) == 18

    with pytest.raises(BadTicket):
        read(forged[number])


def test_guards_look_at_their_own_holders_all_at_once(monkeypatch):
    monkeypatch.setattr(guards, "_guards", {})
    asked = []
    guards.register_guard("operator", lambda holders: asked.append(list(holders)) or {"operator.2"})

    found = guards.fallen(["operator.2", "session.x", "operator.1", "operator.2", "account.1"])

    assert found == {"operator.2"}
    assert asked == [["operator.1", "operator.2"]]
    assert guards.fallen(["session.x"]) == set()
