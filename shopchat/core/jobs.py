"""The only door to the job queue, django-q2, which a shop may leave out.

With ``django_q`` in ``INSTALLED_APPS`` and ``manage.py qcluster`` running, periodic work is a schedule there and work that
cannot wait is a task. Without it ``manage.py shopchat_tick`` from cron does the same a little later. Arguments of jobs are
ids only: django-q2 stores them in the database, pickled, and shows them in its admin. Each job finds out by itself what
is to be done, so that running it twice, late or never changes nothing but the moment.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


def has_queue() -> bool:
    """Whether django-q2 is installed in this project; says nothing about a worker that runs."""
    return apps.is_installed("django_q")


def queue_options() -> Mapping[str, Any]:
    """The project's ``Q_CLUSTER`` setting."""
    options: Mapping[str, Any] = getattr(django_settings, "Q_CLUSTER", {})
    return options


def keeps_tasks_in_our_database() -> bool:
    """Whether a task can be part of the transaction that asks for it: the ORM broker, on the same database."""
    options = queue_options()
    return options.get("orm") == DEFAULT_DB_ALIAS and "broker_class" not in options and not options.get("sync", False)


def keep_running(function: str, *, name: str, minutes: int) -> None:
    """Have the worker call ``function`` (a dotted path without arguments) every so many minutes.

    The schedule is one row known by its ``name``; calling this again brings it up to date, whatever was changed in it.
    """
    schedule = apps.get_model("django_q", "Schedule")
    fields = {"func": function, "schedule_type": "I", "minutes": minutes, "repeats": -1}
    # A success each minute is no news worth a row.
    fields |= {"args": None, "kwargs": str({"q_options": {"save": False}}), "cluster": None, "hook": None}
    schedule._default_manager.update_or_create(name=name, defaults=fields)


def enqueue_later(function: str, *ids: int) -> None:
    """Have the worker call ``function`` (a dotted path) with these ids as soon as it can.

    Inside a transaction: with the ORM broker on the same database the task is part of it, else it is handed over after
    commit, where a crash can lose it. So whoever asks also finds the work in the periodic run. The same call asked for
    twice in one transaction is one task. Without django-q2 nothing happens.
    """
    if not has_queue():
        return
    call = _Call(function, ids)
    if _asked_already(call):
        return
    if connection.in_atomic_block and keeps_tasks_in_our_database():
        _hand_over(call)
        transaction.on_commit(_Asked(call))
    else:
        transaction.on_commit(call, robust=True)


class _Call:
    """Handing a task over, comparable so that it is done once."""

    def __init__(self, function: str, ids: tuple[int, ...]) -> None:
        self.key = (function, ids)

    def __call__(self) -> None:
        _hand_over(self)


class _Asked:
    """Stands in the transaction's list of what follows, and vanishes with it when a savepoint is rolled back."""

    def __init__(self, call: _Call) -> None:
        self.key = call.key

    def __call__(self) -> None:
        """The task was part of the transaction; nothing is left to do."""


def _asked_already(call: _Call) -> bool:
    pending: Iterable[Any] = connection.run_on_commit
    return any(getattr(entry[1], "key", None) == call.key for entry in pending)


def _hand_over(call: _Call) -> None:
    """A queue that is not there delays the work until the next periodic run; it never breaks what asked for it."""
    function, ids = call.key
    try:
        # A savepoint, so that a broker that objects does not spoil the transaction that it would be part of.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            import_string("django_q.tasks.async_task")(function, *ids, q_options={"save": False})
    except Exception as error:
        logger.error("The job queue did not take a task (%s)", type(error).__name__)  # noqa: TRY400
