"""A shop with callback requests in a database of its own, and how long the desk's pages of them take.

``python -m benchmarks.shop.callbacks 100000 5000`` makes so many requests, of which so many wait, a quarter of these in each
section of the queue. Then it takes one JSON object a line on standard input and answers with one: ``{"case": NAME, "times": N}``
with the median in milliseconds of the whole answer, the number of its queries and of the rows on it, ``{"explain": NAME}`` with
the statement that took longest and its plan.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 settings come first
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules  # noqa: E402
from shopchat.contacts.models import Contact  # noqa: E402
from shopchat.conversations.models import Conversation  # noqa: E402
from shopchat.desk.cursors import encode  # noqa: E402
from shopchat.inboxes.models import Inbox  # noqa: E402
from shopchat.operators.models import Operator, Schedule  # noqa: E402

OPERATORS = 20
AT_ONCE = 2000
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Nobody else's number ends like that.
TAIL = "0000"
ROW = b'<li class="sc-call '


class Shop:
    """Requests of a year and a half, and the operator who looks at them."""

    def __init__(self, requests: int, waiting: int) -> None:
        call_command("migrate", run_syncdb=True, skip_checks=True, verbosity=0)
        # The middle of the shop's day, so that "later today" is never empty.
        self.now = timezone.now()
        self.requests, self.waiting = requests, waiting
        users = get_user_model()._default_manager
        people = [users.create(username=f"operator{number}", is_superuser=number == 0) for number in range(OPERATORS)]
        self.user = people[0]
        self.operators = [Operator.objects.create(user=user, public_name=user.get_username()) for user in people]
        self.inbox = Inbox.objects.create(name="Shop")
        schedule = Schedule.objects.create(name="Always", time_zone=_zone_where_it_is_noon(self.now))
        CallbackRules.objects.create(inbox=self.inbox, schedule=schedule)
        self._fill()

    def _fill(self) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET synchronous_commit = off")
        contacts = Contact.objects.bulk_create((Contact() for _ in range(self.requests)), batch_size=AT_ONCE)
        talks = Conversation.objects.bulk_create(
            (
                Conversation(
                    number=str(10_000_000 + number),
                    inbox=self.inbox,
                    contact=contact,
                    state=Conversation.State.CLOSED,
                    last_message_at=self.now,
                    updated_at=self.now,
                )
                for number, contact in enumerate(contacts)
            ),
            batch_size=AT_ONCE,
        )
        made = CallbackRequest.objects.bulk_create(
            (self._request(number, talk) for number, talk in enumerate(talks)), batch_size=AT_ONCE
        )
        CallAttempt.objects.bulk_create(
            (
                CallAttempt(
                    request=request,
                    operator=self.operators[number % OPERATORS],
                    client_id=f"a{number}",
                    started_at=request.due_at,
                    outcome=CallAttempt.Outcome.TALKED,
                )
                for number, request in enumerate(made)
                if request.attempts_made
            ),
            batch_size=AT_ONCE,
        )
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")

    def _request(self, number: int, talk: Conversation) -> CallbackRequest:
        waits = number < self.waiting
        due_at = self.now + self._due(number) if waits else self.now - (number - self.waiting + 1) * 7 * MINUTE
        tail = TAIL if number == 0 else f"{1000 + number % 8999}"
        phone = f"+38044{number // 10:06}{tail}"[:16]
        return CallbackRequest(
            number=str(1000 + number),
            inbox=self.inbox,
            contact=talk.contact,
            conversation=talk,
            client_id=f"c{number}",
            phone=phone,
            phone_tail=tail,
            open_phone=phone if waits else None,
            name=f"Customer {number}",
            about="When does it come, and is there one in blue?",
            subject="order",
            subject_ref=str(700_000_000 + number),
            subject_label=f"Order {700_000_000 + number}",
            page=f"/catalogue/product-{number % 300}/",
            due_at=due_at,
            promised_until=due_at + 30 * MINUTE,
            first_promised_until=due_at + 30 * MINUTE,
            state=CallbackRequest.State.WAITING if waits else CallbackRequest.State.DONE,
            assignee=None if number % 3 == 0 else self.operators[number % OPERATORS],
            attempts_made=0 if waits else 1,
            first_attempt_at=None if waits else due_at,
            reached_at=None if waits else due_at,
            outcome="" if waits else CallAttempt.Outcome.TALKED,
            created_at=due_at - DAY,
            updated_at=due_at,
            closed_at=None if waits else due_at + 5 * MINUTE,
        )

    def _due(self, number: int) -> timedelta:
        """In turns: overdue, due now, later today, on another day. It is noon where the shop is."""
        turn, spread = number % 4, timedelta(seconds=number // 4 % 600)
        return [-5 * HOUR - spread, -15 * MINUTE - spread, 2 * HOUR + spread, 2 * DAY + spread][turn]


class Cases:
    """Each name is an address of the desk. ``middle`` is a page that a hundred requests do not have."""

    def __init__(self, shop: Shop) -> None:
        queue = reverse("shopchat_desk:callbacks")
        self.addresses = {
            "queue": queue,
            "queue_as_a_fragment": reverse("shopchat_desk:callback_rows"),
            "overdue": f"{queue}?section=overdue",
            "finished": f"{queue}?section=finished",
            "mine": f"{queue}?show=mine",
            "search_by_phone_tail": f"{queue}?q={TAIL}",
            "search_by_number": f"{queue}?q=C-1000",
            "search_by_order": f"{queue}?q=700000001",
            "search_by_name": f"{queue}?q=Customer",
            "one_request": reverse("shopchat_desk:callback", args=["1000"]),
            "badge": reverse("shopchat_desk:badge"),
        }
        finished = CallbackRequest.objects.finished().order_by("-closed_at", "-pk")
        if middle := finished[finished.count() // 2 :].first():
            assert middle.closed_at
            after = encode(middle.closed_at, middle.pk)
            self.addresses["finished_page_in_the_middle"] = f"{queue}?section=finished&after={after}"
        self.client = Client(HTTP_HOST="127.0.0.1")
        self.client.force_login(shop.user)

    def get(self, case: str) -> Any:
        response = self.client.get(self.addresses[case])
        assert response.status_code == 200, (case, response.status_code)
        return response

    def measure(self, case: str, times: int) -> dict[str, Any]:
        taken = []
        for _ in range(times):
            begin = time.perf_counter()
            response = self.get(case)
            taken.append((time.perf_counter() - begin) * 1000)
        with CaptureQueriesContext(connection) as captured:
            self.get(case)
        return {"milliseconds": median(taken), "queries": len(captured), "rows": response.content.count(ROW)}

    def explain(self, case: str) -> dict[str, Any]:
        """The slowest statement of the page, and how the database goes about it."""
        with CaptureQueriesContext(connection) as captured:
            self.get(case)
        asked = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
        slowest, seconds = max(_timed(asked), key=lambda pair: pair[1])
        verb = "EXPLAIN (ANALYZE, BUFFERS)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        with connection.cursor() as cursor:
            cursor.execute(f"{verb} {slowest}")
            plan = [" ".join(map(str, row)) for row in cursor.fetchall()]
        return {"sql": slowest, "milliseconds": seconds * 1000, "plan": plan}


def _timed(statements: list[str]) -> Iterator[tuple[str, float]]:
    with connection.cursor() as cursor:
        for sql in statements:
            begin = time.perf_counter()
            cursor.execute(sql)
            cursor.fetchall()
            yield sql, time.perf_counter() - begin


def _zone_where_it_is_noon(now: datetime) -> str:
    """So that none of the sections is empty, whenever this is run."""
    hours = (12 - now.hour + 12) % 24 - 12
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def main() -> None:
    cases = Cases(Shop(*map(int, sys.argv[1:3])))
    for case in cases.addresses:
        cases.get(case)  # templates are read, a session is there
    print(json.dumps(list(cases.addresses)), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "explain" in asked:
            answer: Any = cases.explain(asked["explain"])
        else:
            answer = cases.measure(asked["case"], asked["times"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
