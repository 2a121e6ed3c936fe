"""Databases full of conversations, made once and kept: they take minutes to fill.

Ten messages for each conversation, two conversations for each contact, one conversation in 331 open, messages of a hundred
neighbouring conversations mixed as time mixes them, a delivery for each conversation, and one conversation of ten thousand
messages. By hand: ``python -m benchmarks.volumes 1000000``.
"""

import hashlib
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import services
from benchmarks.processes import ROOT

SMALL, BIG = 10_000, 1_000_000
LONG = 10_000
TABLES = ("contact", "visitor", "conversation", "message", "delivery", "operator", "inbox")

# {n}: conversations. The window functions of both databases are not needed: everything follows from the row's number.
FILL = (
    """INSERT INTO shopchat_contact (id, basket_ref, created_at, seen_at)
       SELECT i, '', {now}, {now} FROM {series_contacts}""",
    """INSERT INTO shopchat_visitor (key_hash, contact_id, created_at, confirmed_at)
       SELECT {hash_i}, i, {now}, {now} FROM {series_contacts}""",
    """INSERT INTO shopchat_conversation (id, number, inbox_id, contact_id, language, page, state, assignee_id, last_seq,
           last_inbound_seq, delivered_seq, operator_seen_seq, contact_seen_seq, waiting_since, last_message_at,
           created_at, updated_at, closed_at)
       SELECT i, {number}, {inbox}, (i + 1) / 2, 'en', '/catalogue/', CASE WHEN i % 331 = 0 THEN 'open' ELSE 'closed' END,
           CASE WHEN i % 7 = 0 THEN NULL ELSE {operator} + i % 20 END, 10, 9, 9, 9, 10,
           CASE WHEN i % 331 = 0 AND i % 2 = 0 THEN {moment} END, {moment}, {moment}, {moment},
           CASE WHEN i % 331 = 0 THEN NULL ELSE {moment} END
       FROM {series_conversations}""",
    """INSERT INTO shopchat_message (conversation_id, seq, kind, author, operator_id, client_id, text, event, details,
           is_private, created_at)
       SELECT i, seq, CASE WHEN seq % 2 = 1 THEN 'inbound' ELSE 'reply' END,
           CASE WHEN seq % 2 = 1 THEN 'visitor' ELSE 'operator' END,
           CASE WHEN seq % 2 = 1 THEN NULL ELSE {operator} + i % 20 END, {hash_message}, {text}, '', '{{}}', {false}, {moment}
       FROM (SELECT (b / 1000) * 100 + b % 100 + 1 AS i, (b / 100) % 10 + 1 AS seq FROM {series_messages}) AS places""",
    """INSERT INTO shopchat_delivery (purpose, kind, channel, lane, conversation_id, state, reason, attempts, resends, due_at,
           retry_until, attempt, provider_id, created_at, updated_at, sent_at)
       SELECT 'benchmark.' || i, 'benchmark', 'mail', 'mail:' || i || ':', i, 'sent', '', 1, 0, {moment}, {moment}, '', '',
           {moment}, {moment}, {moment}
       FROM {series_conversations}""",
)


def ready(database: dict[str, Any]) -> bool:
    """Whether the database was filled, for the tables that the models have now."""
    return _manage(database, "ready") == "yes"


def fill(database: dict[str, Any], conversations: int) -> None:
    """Make the tables and fill them, unless that was done before."""
    if ready(database):
        return
    if database["ENGINE"].endswith("postgresql"):
        _create(database["NAME"])
    else:
        Path(database["NAME"]).unlink(missing_ok=True)
    print(f"Filling a database with {conversations:,} conversations; it is kept.", file=sys.stderr, flush=True)
    _manage(database, "fill", str(conversations))


def postgres(conversations: int) -> dict[str, str]:
    """The settings of the kept database of this size."""
    return services.postgres(f"shopchat_benchmark_{conversations}")


def sqlite(conversations: int) -> dict[str, str]:
    """The same for SQLite."""
    folder = ROOT / ".cache" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / f"{conversations}.sqlite3")}


def administration() -> Any:
    """A connection to PostgreSQL's own database, for making and dropping ours."""
    import psycopg  # noqa: PLC0415 optional, like PostgreSQL itself

    settings = services.postgres("postgres")
    return psycopg.connect(
        dbname="postgres",
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"],
        autocommit=True,
    )


def _create(name: str) -> None:
    with closing(administration()) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')


def _manage(database: dict[str, Any], *arguments: str) -> str:
    """In a process of its own, which has Django's settings for that database."""
    environment = {**os.environ, "SHOPCHAT_BENCHMARK_DATABASE": json.dumps(database)}
    command = [sys.executable, "-m", "benchmarks.volumes", "--", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _as_process(verb: str, *arguments: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"
    import django  # noqa: PLC0415 only here are there settings

    django.setup()
    if verb == "ready":
        print("yes" if _is_ready() else "no")
    else:
        _fill(int(arguments[0]))


def _is_ready() -> bool:
    from django.db import Error, connection  # noqa: PLC0415

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT fingerprint FROM benchmark_volume")
            return bool(cursor.fetchone() == (_fingerprint(),))
    except Error:
        return False


def _fingerprint() -> str:
    """Of the tables that are filled, as the models describe them now."""
    from django.apps import apps  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    described = [
        (
            model._meta.db_table,
            sorted(str((field.column, field.db_type(connection))) for field in model._meta.local_concrete_fields),
            sorted(index.name for index in model._meta.indexes),
            sorted(constraint.name for constraint in model._meta.constraints),
        )
        for model in map(apps.get_app_config("shopchat").get_model, TABLES)
    ]
    return hashlib.sha256(json.dumps([described, FILL]).encode()).hexdigest()[:32]


def _fill(conversations: int) -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", run_syncdb=True, skip_checks=True, verbosity=0)
    operator, inbox = _people()
    values = _dialect(connection.vendor, conversations) | {"operator": operator, "inbox": inbox}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET synchronous_commit = off")
        for statement in FILL:
            cursor.execute(statement.format(**values))
        if connection.vendor == "postgresql":
            for table in ("contact", "conversation"):
                name = f"shopchat_{table}"
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
    _long_conversation(inbox)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        cursor.execute("CREATE TABLE benchmark_volume (fingerprint varchar(64))")
        cursor.execute("INSERT INTO benchmark_volume VALUES (%s)", [_fingerprint()])


def _people() -> tuple[int, int]:
    """The id of the first of twenty operators, and that of the widget."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415

    from shopchat.inboxes.models import Inbox  # noqa: PLC0415
    from shopchat.operators.models import Operator  # noqa: PLC0415

    users = [get_user_model()._default_manager.create(username=f"operator{number}") for number in range(20)]
    operators = [Operator.objects.create(user=user, public_name=user.get_username()) for user in users]
    return operators[0].pk, Inbox.objects.create(name="Shop").pk


def _dialect(vendor: str, conversations: int) -> dict[str, object]:
    n, seconds = conversations, 700 * 24 * 3600
    if vendor == "postgresql":
        series = "generate_series({first}, {last}) AS {name}"
        return {
            "now": "now()",
            "false": "false",
            "number": "(10000000 + (i::bigint * 48271) % 89999999)::text",
            "moment": f"now() - ({n} - i) * interval '1 second' * {seconds / n}",
            "hash_i": "md5(i::text) || md5(i::text)",
            "hash_message": "md5((i * 16 + seq)::text)",
            "text": "repeat(md5((i * 16 + seq)::text) || ' ', 1 + seq % 5)",
            "series_contacts": series.format(first=1, last=n // 2, name="i"),
            "series_conversations": series.format(first=1, last=n, name="i"),
            "series_messages": series.format(first=0, last=10 * n - 1, name="b"),
        }
    series = (
        "(WITH RECURSIVE counted(k) AS (SELECT {first} UNION ALL SELECT k + 1 FROM counted WHERE k < {last}) "
        "SELECT k AS {name} FROM counted)"
    )
    return {
        "now": "datetime('now')",
        "false": "0",
        "number": "CAST(10000000 + (i * 48271) % 89999999 AS text)",
        "moment": f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (({n} - i) * {seconds / n}) || ' seconds')",
        "hash_i": "printf('%064d', i)",
        "hash_message": "printf('%032d', i * 16 + seq)",
        "text": "printf('%0*d', 33 * (1 + seq % 5), i)",
        "series_contacts": series.format(first=1, last=n // 2, name="i"),
        "series_conversations": series.format(first=1, last=n, name="i"),
        "series_messages": series.format(first=0, last=10 * n - 1, name="b"),
    }


def _long_conversation(inbox: int) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from shopchat.contacts.models import Contact  # noqa: PLC0415
    from shopchat.conversations.models import Conversation, Message  # noqa: PLC0415

    now = timezone.now()
    conversation = Conversation.objects.create(
        number="99999999",
        inbox_id=inbox,
        contact=Contact.objects.create(),
        state=Conversation.State.OPEN,
        last_seq=LONG,
        last_inbound_seq=LONG,
        last_message_at=now,
        updated_at=now,
    )
    messages = (
        Message(
            conversation=conversation,
            seq=seq,
            kind=Message.Kind.INBOUND,
            author=Message.Author.VISITOR,
            client_id=f"{seq:032}",
            text=f"{seq} " * 20,
            created_at=now,
        )
        for seq in range(1, LONG + 1)
    )
    Message.objects.bulk_create(messages, batch_size=500)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        _as_process(*sys.argv[2:])
    else:
        for size in map(int, sys.argv[1:]):
            fill(postgres(size), size)
