"""Customers who write: made in the shop's database, printed as what a browser would send for them.

``python -m benchmarks.shop.customers new 8`` makes eight with a conversation each, ``one 8`` eight windows of one customer,
``long 8`` the same in the conversation of ten thousand messages. ``count`` sends one message and prints its statements.
``stored 7`` prints how many messages came after that one, ``poll`` a ticket and what polling with it costs.
"""

import json
import os
import secrets
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"
django.setup()

from django.contrib.sessions.backends.db import SessionStore  # noqa: E402 settings come first
from django.db import connection  # noqa: E402
from django.db.models import Max  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.load_posts import TEXT  # noqa: E402
from shopchat.contacts.models import Contact  # noqa: E402
from shopchat.conversations import hints  # noqa: E402
from shopchat.conversations.models import Conversation, Message  # noqa: E402
from shopchat.conversations.starting import start  # noqa: E402
from shopchat.core.tokens import digest, new_secret  # noqa: E402
from shopchat.inboxes.finding import inbox_for  # noqa: E402
from shopchat.live import polling, tickets  # noqa: E402
from shopchat.visitors import holders  # noqa: E402
from shopchat.visitors.models import Visitor  # noqa: E402

LONG = "99999999"
TOKEN = "t" * 32


def new(windows: int) -> list[dict[str, Any]]:
    """As many customers, each with a conversation."""
    return [_asks(_started()) for _ in range(windows)]


def one(windows: int) -> list[dict[str, Any]]:
    """One customer in as many windows."""
    return [_asks(_started())] * windows


def long(windows: int) -> list[dict[str, Any]]:
    """The customer of the long conversation in as many windows."""
    return [_asks(Conversation.objects.get(number=LONG))] * windows


def count() -> dict[str, list[str]]:
    """The statements of one message, after another one has warmed up what is remembered."""
    asks = _asks(_started())
    client = Client(enforce_csrf_checks=True)
    for name, value in asks["cookies"].items():
        client.cookies[name] = value
    found: list[str] = []
    for number in range(2):
        with CaptureQueriesContext(connection) as captured:
            fields = asks["fields"] | {"text": TEXT, "client_id": f"{secrets.token_hex(8)}{number}"}
            answer = client.post(
                asks["path"], urlencode(fields), content_type="application/x-www-form-urlencoded", HTTP_HOST="127.0.0.1"
            )
        if answer.status_code != 201:
            raise RuntimeError(f"the message was answered with {answer.status_code}")
        found = [query["sql"] for query in captured.captured_queries]
    return {"statements": found}


def poll() -> dict[str, Any]:
    """The ticket of a new customer, and what a poll costs that repeats another one."""
    conversation = _started()
    topics = [hints.for_contact(conversation.number), hints.typing(conversation.number, by="operator")]
    ticket = tickets.issue(topics, holders=[holders.of_visitor(digest(new_secret()))])
    etag = dict(polling.answer(ticket, "").headers)["ETag"]
    with CaptureQueriesContext(connection) as captured:
        status = polling.answer(ticket, etag).status
    return {"ticket": ticket, "status": status, "queries": len(captured)}


def stored(after: int) -> dict[str, int]:
    """How many messages have a higher id, and the highest."""
    return {
        "stored": Message.objects.filter(pk__gt=after).count(),
        "highest": Message.objects.aggregate(highest=Max("pk"))["highest"] or 0,
    }


def _started() -> Conversation:
    contact = Contact.objects.create()
    return start(contact, inbox_for("127.0.0.1"), language="en", page="/")


def _asks(conversation: Conversation) -> dict[str, Any]:
    key = new_secret()
    Visitor.objects.create(key_hash=digest(key), contact=conversation.contact, confirmed_at=timezone.now())
    session = SessionStore()
    session["basket"] = 1
    session.create()
    cookies = {"sessionid": session.session_key, "csrftoken": TOKEN, "shopchat_visitor": key}
    return {
        "path": "/chat/messages/?lang=en",
        "cookies": cookies,
        "headers": {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
        "fields": {
            "csrfmiddlewaretoken": TOKEN,
            "conversation": conversation.number,
            "page": "/catalogue/",
            "start": "",
        },
    }


def main(arguments: Sequence[str]) -> None:
    verbs: dict[str, Any] = {"new": new, "one": one, "long": long, "count": count, "poll": poll, "stored": stored}
    print(json.dumps(verbs[arguments[0]](*map(int, arguments[1:]))))


if __name__ == "__main__":
    main(sys.argv[1:])
