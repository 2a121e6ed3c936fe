"""The only door through which a basket changes its state: it changes from the state that was read, and leaves a line."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import JSONField, Value
from django.db.models.expressions import RawSQL
from django.db.models.sql import UpdateQuery

from shopchat.carts import hints
from shopchat.carts.models import BasketTransition, BasketWatch
from shopchat.carts.querysets import BasketWatchQuerySet

State = BasketWatch.State
# It was left, and its story may still end well.
LEFT = (
    State.ABANDONED,
    State.CONTACTED,
    State.RETURNED,
    State.RESTORED,
    State.SUPPRESSED,
    State.PAYMENT_INTERRUPTED,
)
# Nothing is expected of it; only a change of its lines begins a new episode.
OVER = (State.EMPTIED, *BasketWatch.FINAL)


class Contended(Exception):
    """Somebody else changed a basket of the batch first. Nothing was written; whoever runs next reads anew."""


def move(
    watch: BasketWatch,
    to: str,
    *,
    at: datetime,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    **changes: Any,
) -> bool:
    """Change the state, and these fields with it, where the basket still stands as it was read.

    Returns whether it did; ``watch`` then has the new values. ``details``: numbers and moments that ``reason`` names.
    """
    old = watch.state
    changes = {"state": to, "state_at": at, "reason": reason, **_ended(to), **changes}
    with transaction.atomic():
        still = BasketWatch.objects.filter(pk=watch.pk, state=old, episode=watch.episode)
        if not still.update(**changes):
            return False
        for name, value in changes.items():
            if not hasattr(value, "resolve_expression"):
                setattr(watch, name, value)
        BasketTransition.objects.create(**_line(watch, old, details))
        if watch.needs_a_person() or State.PAYMENT_INTERRUPTED in (old, to):
            hints.announce_task(watch)
        else:
            hints.announce(watch)
    return True


def move_all(watches: Sequence[BasketWatch], to: str, *, at: datetime, reason: str = "", **changes: Any) -> int:
    """The same for many baskets of one state and by one statement; ``changes`` are the same for all.

    Call it with what :func:`held` returned, in the same transaction. Raises :class:`Contended`.
    """
    if not watches:
        return 0
    done = move_rows([watch.pk for watch in watches], watches[0].state, to, at=at, reason=reason, **changes)
    for watch in watches:
        watch.state, watch.state_at, watch.reason = to, at, reason
    return done


def move_rows(pks: Sequence[int], old: str, to: str, *, at: datetime, reason: str = "", **changes: Any) -> int:
    """The same for rows that nobody has read: the database copies their story's lines itself."""
    changes = {"state": to, "state_at": at, "reason": reason, **_ended(to), **changes}
    with transaction.atomic():
        if BasketWatch.objects.filter(pk__in=pks, state=old).update(**changes) != len(pks):
            raise Contended
        note_rows(pks, old)
    return len(pks)


def note_rows(pks: Sequence[int], old: str) -> None:
    """A line for each of these, which are in their new state already. One statement, without reading them."""
    lines = BasketWatch.objects.filter(pk__in=pks).order_by()
    told = Value(old), "state", "reason", Value({}, JSONField()), "state_at"
    select, params = lines.values_list("pk", "episode", *told).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {_story()} {select}", params)


def move_those(rows: BasketWatchQuerySet, old: str, to: str, *, at: datetime, reason: str = "", **changes: Any) -> int:
    """The same for those of these rows, all in state ``old``, that nobody is changing. Answers how many there were.

    PostgreSQL does it in one statement and tells nothing of the rows; other databases tell which ones they hold.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            return _move_at_once(rows, old, to, {"state_at": at, "reason": reason, **_ended(to), **changes})
        pks = list(locked(rows).values_list("pk", flat=True))
        return move_rows(pks, old, to, at=at, reason=reason, **changes) if pks else 0


def _move_at_once(rows: BasketWatchQuerySet, old: str, to: str, changes: Mapping[str, Any]) -> int:
    held, held_params = locked(rows).values("pk").query.sql_with_params()
    # With the table's name: a column that ``held`` lacked would be taken from the row that is changed, and fit all rows.
    among = RawSQL("SELECT held.pk FROM held", ())
    update: Any = BasketWatch.objects.filter(pk__in=among, state=old).query.chain(UpdateQuery)
    update.add_update_values({"state": to, **changes})
    moved, moved_params = update.get_compiler(connection=connection).as_sql()
    line = f"INSERT INTO {_story()} SELECT id, episode, %s, state, reason, '{{}}', state_at FROM moved"  # noqa: S608 ours
    moved = f"{moved} RETURNING id, episode, state, reason, state_at"
    with connection.cursor() as cursor:
        params = [*held_params, *moved_params, old]
        cursor.execute(f"WITH held (pk) AS MATERIALIZED ({held}), moved AS ({moved}) {line}", params)
        return int(cursor.rowcount)


def _story() -> str:
    """Where lines of stories are written to: the table and its columns."""
    quote = connection.ops.quote_name
    columns = ("watch_id", "episode", "from_state", "to_state", "reason", "details", "at")
    return f"{quote(BasketTransition._meta.db_table)} ({', '.join(map(quote, columns))})"


def held(watches: Sequence[BasketWatch]) -> list[BasketWatch]:
    """Those that still stand as they were read and that nobody is changing, held until the end of the transaction.

    Whoever sweeps never waits for an order that is being placed, nor makes it wait for long. On a database without row
    locks this is only a look: the conditions of the statements that follow decide.
    """
    rows = BasketWatch.objects.filter(pk__in=[watch.pk for watch in watches]).order_by("pk")
    standing = locked(rows).values_list("pk", "state", "episode", "last_activity", "look_at")
    still = set(standing)
    return [
        watch
        for watch in watches
        if (watch.pk, watch.state, watch.episode, watch.last_activity, watch.look_at) in still
    ]


def locked(rows: BasketWatchQuerySet) -> BasketWatchQuerySet:
    """These without those that somebody is changing; on a database without row locks all of them."""
    if not connection.features.has_select_for_update:
        return rows
    return rows.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)


def _ended(to: str) -> dict[str, None]:
    """Nobody has to help with what is over."""
    return {"help_wanted_at": None} if to in OVER else {}


def _line(watch: BasketWatch, old: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "watch_id": watch.pk,
        "episode": watch.episode,
        "from_state": old,
        "to_state": watch.state,
        "reason": watch.reason,
        "details": dict(details or {}),
        "at": watch.state_at,
    }
