"""Bounces and complaints that django-anymail is told of by a mail service, where a shop has it installed.

Mail services do not agree on what is final, and Anymail's words keep no trace of it. So an address counts as gone when the
service says that it is none, when the service itself has given it up, or when the receiving server's status says that the
recipient's address is wrong. A full mailbox, a blocked sender or a server that is down say nothing of the address.
"""

import re
from typing import Any

from shopchat.carts import mail_events

try:
    from anymail.signals import tracking
except ImportError:  # the shop sends its mail in another way
    tracking = None

# RFC 3463 and 7505: no such mailbox, no such host, no address at all, moved away, takes no mail. Others of 5.1 are of the sender.
GONE = re.compile(r"(?<![\d.])5\.1\.(?:[1236]|10)(?!\.?\d)")


def connect(signal: Any = tracking) -> None:
    """Listen to what Anymail is told, if it is installed."""
    if signal is not None:
        signal.connect(heed, dispatch_uid="shopchat.carts.anymail")


def heed(sender: Any, event: Any, **kwargs: Any) -> None:
    """One event of a mail service. What it raises makes the service tell it once more."""
    act = _meaning(event.event_type, event.reject_reason, event.mta_response or "")
    if act is not None and event.recipient:
        act(event.recipient)


def _meaning(kind: str, reason: str | None, answer: str) -> Any:
    """What to do about the address: a function of :mod:`shopchat.carts.mail_events`, or ``None``."""
    if kind == "complained" or (kind, reason) == ("rejected", "spam"):
        return mail_events.complained
    if kind == "unsubscribed" or (kind, reason) == ("rejected", "unsubscribed"):
        return mail_events.unsubscribed
    if kind == "rejected" and reason in ("invalid", "bounced"):
        return mail_events.bounced
    if kind == "bounced" and (reason == "invalid" or GONE.search(answer)):
        return mail_events.bounced
    return None
