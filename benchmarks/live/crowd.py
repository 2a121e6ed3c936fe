"""Many customers at once, each with a conversation of ten messages: made in the shop's database, printed as load clients need it.

``python -m benchmarks.live.crowd make 10000`` makes them, ``entries 10000`` prints them with fresh tickets.
"""

import json
import os
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.shop.settings")
django.setup()

from django.contrib.sessions.backends.db import SessionStore  # noqa: E402 settings come first
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from shopchat.contacts.models import Contact  # noqa: E402
from shopchat.conversations import hints  # noqa: E402
from shopchat.conversations.models import Conversation, Message  # noqa: E402
from shopchat.core.tokens import digest  # noqa: E402
from shopchat.inboxes.finding import inbox_for  # noqa: E402
from shopchat.live import tickets  # noqa: E402
from shopchat.visitors import holders  # noqa: E402
from shopchat.visitors.models import Visitor  # noqa: E402

FIRST = 10_000_000
MESSAGES = 10
TOKEN = "t" * 32
TEXT = "x" * 300


def make(count: int) -> None:
    """Customers who have written, with the rows that a real one has: contact, browser, session, conversation, messages."""
    now, expires = timezone.now(), timezone.now() + timedelta(days=14)
    inbox, data = inbox_for("127.0.0.1"), SessionStore().encode({"basket": 1})
    with transaction.atomic():
        contacts = Contact.objects.bulk_create([Contact() for _ in range(count)], batch_size=1000)
        Visitor.objects.bulk_create(
            [
                Visitor(key_hash=digest(_key(number)), contact=contact, confirmed_at=now)
                for number, contact in enumerate(contacts)
            ],
            batch_size=1000,
        )
        Session.objects.bulk_create(
            [Session(session_key=_session(number), session_data=data, expire_date=expires) for number in range(count)],
            batch_size=1000,
        )
        conversations = Conversation.objects.bulk_create(
            [
                Conversation(
                    number=str(FIRST + number),
                    inbox=inbox,
                    contact=contact,
                    language="en",
                    last_seq=MESSAGES,
                    last_inbound_seq=MESSAGES,
                    last_message_at=now,
                    updated_at=now,
                )
                for number, contact in enumerate(contacts)
            ],
            batch_size=1000,
        )
        _write(conversations[0])
        _copy(conversations[0])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _write(conversation: Conversation) -> None:
    messages = [
        Message(
            conversation=conversation,
            seq=seq,
            kind=Message.Kind.INBOUND,
            author=Message.Author.VISITOR,
            client_id=f"before-{seq}",
            text=TEXT,
            created_at=conversation.updated_at,
        )
        for seq in range(1, MESSAGES + 1)
    ]
    Message.objects.bulk_create(messages)


def _copy(conversation: Conversation) -> None:
    """Give all other conversations the same messages. A hundred thousand rows are too many to send."""
    columns = [str(field.column) for field in Message._meta.local_concrete_fields]
    own = [column for column in columns if column not in {"id", "conversation_id"}]
    message, other = Message._meta.db_table, Conversation._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {message} (conversation_id, {', '.join(own)}) SELECT c.id, {', '.join(f'm.{name}' for name in own)}"
            f" FROM {other} c, {message} m WHERE m.conversation_id = %s AND c.id <> %s",
            [conversation.pk, conversation.pk],
        )


def entries(count: int) -> list[dict[str, Any]]:
    """For the plan of a load client: each customer's stream, and the message that the same customer sends."""
    last = dict(Conversation.objects.values_list("number", "last_seq"))
    return [_entry(number, last[str(FIRST + number)]) for number in range(count)]


def _entry(index: int, last: int) -> dict[str, Any]:
    number = str(FIRST + index)
    topics = [hints.for_contact(number), hints.typing(number, by="operator")]
    ticket = tickets.issue(topics, holders=[holders.of_visitor(digest(_key(index)))])
    cookies = {"sessionid": _session(index), "csrftoken": TOKEN, "shopchat_visitor": _key(index)}
    fields = {"csrfmiddlewaretoken": TOKEN, "conversation": number, "page": "/catalogue/", "start": "", "text": TEXT}
    return {
        "topic": topics[0],
        "path": f"/chat/live/stream/?ticket={ticket}",
        "last": last,
        "post": {
            "path": "/chat/messages/?lang=en",
            "headers": [
                "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()),
                "Content-Type: application/x-www-form-urlencoded",
            ],
            "body": urlencode(fields) + "&client_id={id}",
        },
    }


def _key(index: int) -> str:
    return f"browser{index:036d}"


def _session(index: int) -> str:
    return f"s{index:031d}"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(int(sys.argv[2]))
    else:
        print(json.dumps(entries(int(sys.argv[2]))))
