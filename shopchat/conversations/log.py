"""The one door through which anything enters a conversation's order.

``advance`` is a single UPDATE that takes the row's lock (on SQLite: the database's write lock, before anything was read,
so that it can wait for it), gives out the next ``seq`` and applies what changes with it. Call it inside a transaction and
write the row that carries the ``seq`` in the same one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connections, router
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.sql import UpdateQuery

from shopchat.conversations.hints import announce
from shopchat.conversations.models import Conversation

# Columns of whole numbers, which every database hands over as they are. What else an expression changes is read again when asked for.
TOLD = ("last_seq", "last_inbound_seq", "delivered_seq", "operator_seen_seq", "contact_seen_seq", "assignee_id")

# Where an UPDATE may answer; Django asks the same of INSERT, for which it knows the oldest version.
RETURNING = ("postgresql", "sqlite")


def advance(conversation: Conversation, *, at: datetime, private: bool = False, **changes: Any) -> int:
    """The next ``seq`` of the conversation, taken under its lock. ``changes`` are fields set along with it.

    ``private`` keeps the customer's browser from being told that something moved. ``conversation`` then says what its row
    says, as far as that has changed here or is one of ``TOLD``.
    """
    # ``last_seq`` comes last: MariaDB assigns from left to right, and changes may speak of the seq before.
    values = {**changes, "updated_at": at, "last_seq": F("last_seq") + 1}
    told = _update(conversation.pk, values)
    _take_over(conversation, values, told)
    announce(conversation.number, private=private)
    return conversation.last_seq


def _update(pk: int, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change the row and learn what it says then: in one statement where the database can, else in two under its lock."""
    rows = Conversation.objects.filter(pk=pk)
    connection = connections[router.db_for_write(Conversation)]
    if connection.vendor not in RETURNING or not connection.features.can_return_columns_from_insert:
        rows.update(**values)
        return rows.values(*TOLD).get()
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(dict(values))
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {', '.join(TOLD)}", parameters)
        row = cursor.fetchone()
    if row is None:
        raise Conversation.DoesNotExist
    return dict(zip(TOLD, row, strict=True))


def _take_over(conversation: Conversation, values: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if not isinstance(value, Combinable):
            setattr(conversation, name, value)
        else:
            # Deferred: whoever asks for it reads it.
            vars(conversation).pop(name, None)
    for name, value in told.items():
        setattr(conversation, name, value)
