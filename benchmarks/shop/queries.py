"""The queries that a full database could make slow, asked by the product's own code.

``python -m benchmarks.shop.queries`` takes one JSON object a line on standard input and answers with one:
``{"case": NAME, "times": N}`` with the median in milliseconds of its statements, ``{"explain": NAME}`` with what each statement looked at.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"
django.setup()

from django.contrib.auth.models import AnonymousUser  # noqa: E402 settings come first
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.shop.customers import LONG  # noqa: E402
from shopchat.conversations import delivery, hints, starting, thread  # noqa: E402
from shopchat.conversations.models import Conversation, Delivery  # noqa: E402
from shopchat.conversations.sweeping import sweep  # noqa: E402
from shopchat.core.tokens import digest  # noqa: E402
from shopchat.desk.badge import calling  # noqa: E402
from shopchat.desk.cursors import encode  # noqa: E402
from shopchat.desk.customer import previous_conversations  # noqa: E402
from shopchat.desk.listing import Asked, listing  # noqa: E402
from shopchat.live import sources  # noqa: E402
from shopchat.operators.models import Operator  # noqa: E402
from shopchat.visitors.recognition import recognise  # noqa: E402

TOPICS = 500


class Cases:
    """Each method is one thing that the product asks; what it needs was read before."""

    def __init__(self) -> None:
        self.operator = Operator.objects.select_related("user").order_by("pk")[3]
        self.user = self.operator.user
        self.user.is_superuser = True
        closed = Conversation.objects.closed().latest_first()
        self.newest, self.middle = closed[0], closed[Conversation.objects.closed().count() // 2]
        self.long = Conversation.objects.get(number=LONG)
        self.numbers = list(closed.values_list("number", flat=True)[:TOPICS])
        self.cursor = encode(self.middle.last_message_at, self.middle.pk)
        self._stir()

    def desk_list_all(self) -> None:
        listing(self.user, self.operator, Asked())

    def desk_list_mine(self) -> None:
        listing(self.user, self.operator, Asked(show="mine"))

    def desk_list_unassigned(self) -> None:
        listing(self.user, self.operator, Asked(show="unassigned"))

    def desk_list_closed(self) -> None:
        listing(self.user, self.operator, Asked(show="closed"))

    def desk_list_page_in_the_middle(self) -> None:
        listing(self.user, self.operator, Asked(show="closed", before=self.cursor))

    def desk_search_by_number(self) -> None:
        listing(self.user, self.operator, Asked(query=self.middle.number))

    def badge(self) -> None:
        calling(self.user)

    def earlier_conversations_of_a_customer(self) -> None:
        previous_conversations(self.user, self.middle)

    def thread_newest_page(self) -> None:
        thread.latest(self.middle, private=True)

    def thread_newest_page_of_10_000_messages(self) -> None:
        thread.latest(self.long, private=False)

    def thread_older_page_of_10_000_messages(self) -> None:
        thread.older(self.long, before=5000, private=False)

    def thread_after_a_cursor(self) -> None:
        thread.newer(self.middle, after=7, private=False)

    def visitor_by_cookie(self) -> None:
        recognise(key=self.key, user=AnonymousUser())

    def current_conversation_of_a_visitor(self) -> None:
        starting.current(self.middle.contact, self.middle.inbox)

    def unread_replies_of_a_visitor(self) -> None:
        list(
            Conversation.objects.filter(contact=self.middle.contact, number__in=self.numbers[:5]).with_unread_replies()
        )

    def stamps_of_500_conversations(self) -> None:
        sources.read([hints.for_contact(number) for number in self.numbers])

    def stamp_of_the_desk(self) -> None:
        sources.read([hints.DESK])

    def what_moved_in_five_seconds(self) -> None:
        sources.moved(timezone.now() - timedelta(seconds=5))

    def deliveries_that_are_due(self) -> None:
        next(delivery._due(), None)  # noqa: SLF001 what send_due begins with

    def sweep_of_deliveries(self) -> None:
        sweep()

    def _stir(self) -> None:
        """As if the shop were open: some conversations moved just now, some deliveries are due, one visitor is known."""
        now = timezone.now()
        with transaction.atomic():
            recent = Conversation.objects.filter(number__in=self.numbers[:100])
            recent.update(updated_at=now - timedelta(minutes=1))
            recent.filter(number__in=self.numbers[:5]).update(updated_at=now + timedelta(minutes=5))
            due = Delivery.objects.order_by("-pk").values_list("pk", flat=True)[:100]
            Delivery.objects.filter(pk__in=list(due)).update(state="queued", due_at=now - timedelta(seconds=1))
        self.key = "the key of a visitor"
        visitors = self.middle.contact.visitors
        if not visitors.filter(key_hash=digest(self.key)).exists():
            visitors.create(key_hash=digest(self.key), confirmed_at=now)


def names() -> list[str]:
    return [name for name, member in vars(Cases).items() if callable(member) and not name.startswith("_")]


def statements(case: Callable[[], None]) -> list[str]:
    """What the product's code sends to the database, with its values filled in."""
    with CaptureQueriesContext(connection) as captured:
        case()
    return [query["sql"] for query in captured.captured_queries if query["sql"].startswith(("SELECT", "UPDATE"))]


def timed(sqls: list[str], times: int) -> float:
    """The median in milliseconds of running the statements and fetching what they find, without the ORM around them."""
    taken = []
    with connection.cursor() as cursor:
        for _ in range(times):
            begin = time.perf_counter()
            for sql in sqls:
                cursor.execute(sql)
                if sql.startswith("SELECT"):
                    cursor.fetchall()
            taken.append((time.perf_counter() - begin) * 1000)
    return median(taken)


def explained(case: Callable[[], None]) -> list[dict[str, Any]]:
    """For each statement: its beginning, and the most rows that one step of its plan looked at (PostgreSQL only)."""
    found = []
    for sql in statements(case):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
            plan = cursor.fetchone()[0]
            transaction.set_rollback(True)
        looked = max(_looked_at((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        found.append({"sql": sql, "rows": looked})
    return found


def _looked_at(step: dict[str, Any]) -> Iterator[float]:
    loops = step["Actual Loops"]
    yield loops * (step["Actual Rows"] + step.get("Rows Removed by Filter", 0))
    for inner in step.get("Plans", []):
        yield from _looked_at(inner)


def main() -> None:
    cases = Cases()
    asked_before = {name: statements(getattr(cases, name)) for name in names()}
    print(json.dumps(names()), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "explain" in asked:
            answer: Any = explained(getattr(cases, asked["explain"]))
        else:
            answer = timed(asked_before[asked["case"]], asked["times"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
