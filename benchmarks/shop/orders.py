"""Work for the worker: ``enqueue 200`` writes rows of the outbox, ``plain 200`` plain tasks, ``state`` tells what became
of the rows, ``hang PID`` stops a worker and waits until it is reported.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"
django.setup()

from django.db import transaction  # noqa: E402 settings come first
from django_q.tasks import async_task  # noqa: E402

from benchmarks.shop.outside import AT_LEAST_ONCE, AT_MOST_ONCE, CHANNEL, recorded  # noqa: E402
from shopchat import examination, periodic  # noqa: E402
from shopchat.conversations.delivery import enqueue as enqueue_delivery  # noqa: E402
from shopchat.conversations.models import Delivery  # noqa: E402

LONGEST_WAIT = 150


def enqueue(rows: int) -> dict[str, int]:
    """Every second one of each kind; each in a transaction of its own, as messages come."""
    for number in range(rows):
        with transaction.atomic():
            kind = AT_MOST_ONCE if number % 2 else AT_LEAST_ONCE
            enqueue_delivery(purpose=f"benchmark.{number}", kind=kind, channel=CHANNEL)
    return {"rows": rows}


def plain(tasks: int) -> dict[str, int]:
    """The same effects as tasks of django-q2 alone."""
    for number in range(tasks):
        async_task("benchmarks.shop.outside.record", f"plain.{number}", q_options={"save": False})
    return {"tasks": tasks}


def state() -> dict[str, Any]:
    """Where the rows are, and the effects that each kind had, by key."""
    keys = Counter(recorded())
    kinds = {
        f"shopchat.{pk}.{resends}": kind for pk, resends, kind in Delivery.objects.values_list("pk", "resends", "kind")
    }
    rows = Delivery.objects.values_list("pk", "resends", "state")
    ended = {f"shopchat.{pk}.{resends}": state for pk, resends, state in rows}
    return {
        "states": Counter(ended.values()),
        "lost": sum(
            state not in ("queued", "sending", "unconfirmed") and not keys[key] for key, state in ended.items()
        ),
        "doubled": sum(keys[key] > 1 for key, kind in kinds.items() if kind == AT_MOST_ONCE),
        "repeated": sum(keys[key] > 1 for key, kind in kinds.items() if kind == AT_LEAST_ONCE),
        "foreign": sum(key not in kinds for key in keys),
    }


def effects() -> dict[str, int]:
    """Of the plain tasks: how many were done, and how often too often."""
    keys = Counter(recorded())
    return {"done": len(keys), "doubled": sum(count > 1 for count in keys.values())}


def tick() -> dict[str, int]:
    """What cron does each minute."""
    return periodic.tick()


def hang(pid: int) -> dict[str, float]:
    """Wait for the worker's first sign of life, stop it, and measure how long until the doctor finds it."""
    begin = time.monotonic()
    while not _worker_is_well() and time.monotonic() - begin < LONGEST_WAIT:
        time.sleep(0.2)
    os.killpg(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    while _worker_is_well() and time.monotonic() - stopped < LONGEST_WAIT:
        time.sleep(0.5)
    return {"seconds": time.monotonic() - stopped, "reported": not _worker_is_well()}


def _worker_is_well() -> bool:
    return any(finding.name == "worker" and finding.ok for finding in examination.examine())


if __name__ == "__main__":
    verbs: dict[str, Any] = {
        "enqueue": enqueue,
        "plain": plain,
        "state": state,
        "effects": effects,
        "tick": tick,
        "hang": hang,
    }
    print(json.dumps(verbs[sys.argv[1]](*map(int, sys.argv[2:]))))
