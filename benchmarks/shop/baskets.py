"""An Oscar shop with many baskets of which some have just become idle; prints what the sweep and an order cost.

``python -m benchmarks.shop.baskets 1000000 1000`` fills a database with so many baskets, of which so many have become idle,
and says that it is ready. For each line that it reads it sweeps once. When there are no more it says the rest. Each
basket has a line and a row of ours; all others were settled long ago.
"""

import json
import os
import sys
import time
from datetime import datetime, timedelta
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.oscar"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 settings come first
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402

from example_site.demo.catalogue import draw_missing_picture  # noqa: E402
from example_site.demo.orders import basket_of  # noqa: E402
from shopchat.carts import abandonment, ordering, reminding  # noqa: E402
from shopchat.carts.models import BasketTransition, BasketWatch, CartRules, SweepCursor  # noqa: E402
from shopchat.inboxes.models import Inbox  # noqa: E402
from shopchat.stores.base import BasketRef, Person  # noqa: E402
from shopchat.stores.moving import Placed  # noqa: E402
from shopchat.stores.oscar_rows import ref_of  # noqa: E402
from shopchat.touches.models import Touch  # noqa: E402

AT_ONCE = 10_000
HOUR = timedelta(hours=1)
Basket = get_model("basket", "Basket")
Line = get_model("basket", "Line")
# What finds baskets whose newest line is of the last hours, written by hand.
BARE = """
    SELECT l.basket_id, max(l.date_updated) FROM basket_line l JOIN basket_basket b ON b.id = l.basket_id
    WHERE l.date_updated BETWEEN %s AND %s AND b.status IN ('Open', 'Frozen')
      AND NOT EXISTS (SELECT 1 FROM basket_line n WHERE n.basket_id = l.basket_id AND n.date_updated > l.date_updated)
      AND NOT EXISTS (SELECT 1 FROM order_order o WHERE o.basket_id = l.basket_id)
    GROUP BY l.basket_id ORDER BY 2, 1
"""

# What writes down by hand what the sweep writes about them.
WRITTEN = (
    "UPDATE shopchat_basketwatch SET state = 'idle', state_at = %s, look_at = %s WHERE state = 'active' AND look_at <= %s",
    """INSERT INTO shopchat_baskettransition (watch_id, episode, from_state, to_state, reason, details, at)
       SELECT id, episode, 'active', state, '', '{}', state_at FROM shopchat_basketwatch WHERE state = 'idle'""",
)


class Shop:
    """Baskets of years, and some of an hour ago."""

    def __init__(self, baskets: int, idle: int) -> None:
        call_command("migrate", run_syncdb=True, skip_checks=True, verbosity=0)
        self.now, self.idle = timezone.now(), idle
        self.inbox = Inbox.objects.first() or Inbox.objects.create(name="Shop")
        CartRules.objects.create(
            inbox=self.inbox, mails=True, mails_since=self.now - 9 * HOUR, onsite=CartRules.Onsite.BUBBLE
        )
        self.user = get_user_model()._default_manager.create(username="customer", email="customer@shop.test")
        self.product = _product()
        self.model = basket_of(self.user, {self.product.upc: 1})
        BasketWatch.objects.all().delete()
        self._fill(baskets)

    def _fill(self, count: int) -> None:
        """The first ones by the models, the others on PostgreSQL as copies of the last, which takes minutes less."""
        line = self.model.lines.get()
        one_by_one = min(count, max(AT_ONCE, self.idle + 1)) if connection.vendor == "postgresql" else count
        for begin in range(0, one_by_one, AT_ONCE):
            numbers = range(begin, min(begin + AT_ONCE, one_by_one))
            made = Basket.objects.bulk_create([Basket(status="Open") for _ in numbers])
            Line.objects.bulk_create(_line_of(line, basket) for basket in made)
            pks = [basket.pk for basket in made]
            # ``auto_now`` and its like do not hold for rows that are made at once.
            self._date(pks, numbers)
            BasketWatch.objects.bulk_create(
                self._watch(number, basket) for number, basket in zip(numbers, made, strict=True)
            )
        with connection.cursor() as cursor:
            if one_by_one < count:
                self._copy(cursor, made[-1].pk, count - one_by_one)
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")

    def _copy(self, cursor: Any, last: int, count: int) -> None:
        """Fifty more for each hour further back."""
        cursor.execute(_copying(Basket, {}, f"generate_series(1, {count})"), [last])
        at = f"old.{{}} - interval '1 hour' * ((basket.id - {last}) / 50)"
        new = f"(SELECT id, date_created FROM basket_basket WHERE id > {last} ORDER BY id) AS basket"
        moment = {"basket_id": "basket.id", "date_updated": at.format("date_updated")}
        cursor.execute(_copying(Line, moment, new), [Line.objects.get(basket=last).pk])
        moments = {name: at.format(name) for name in ("state_at", "last_activity", "created_at")}
        ref = "'oscar:' || basket.id || ':' || to_char(basket.date_created AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')"
        theirs = {"ref": ref, "user_id_text": "1000000 + basket.id"} | moments
        cursor.execute(_copying(BasketWatch, theirs, new), [BasketWatch.objects.latest("pk").pk])

    def _date(self, pks: list[int], numbers: range) -> None:
        idle = [pk for pk, number in zip(pks, numbers, strict=True) if number < self.idle]
        Line.objects.filter(basket__in=idle).update(date_updated=self.now - HOUR * 0.7)
        first = pks[len(idle)] if len(idle) < len(pks) else None
        if first is not None:
            rest = Line.objects.filter(basket__gte=first, basket__lte=pks[-1])
            rest.update(date_updated=self.now - HOUR * (100 + numbers.start // 50))

    def _watch(self, number: int, basket: Any) -> BasketWatch:
        is_new = number < self.idle
        at = self.now - HOUR * (0.7 if is_new else 100 + number // 50)
        return BasketWatch(
            ref=ref_of(basket.pk, basket.date_created),
            store="oscar",
            inbox=self.inbox,
            user_id_text=str(1_000_000 + number),
            state=BasketWatch.State.ACTIVE if is_new else BasketWatch.State.EXPIRED,
            state_at=at,
            last_activity=at,
            look_at=at + HOUR / 2 if is_new else None,
            created_at=at,
            quantity=1,
        )

    def reset(self) -> None:
        """As if the sweep had not run."""
        BasketTransition.objects.all().delete()
        new = BasketWatch.objects.exclude(state=BasketWatch.State.EXPIRED)
        at = self.now - HOUR * 0.7
        new.update(state="active", state_at=at, look_at=at + HOUR / 2)
        SweepCursor.objects.update_or_create(
            store="oscar", defaults={"idle_until": self.now - 2 * HOUR, "orders_until": self.now}
        )

    def sweep(self) -> dict[str, float]:
        self.reset()
        begin = time.perf_counter()
        done = abandonment.sweep(self.now)
        return {"milliseconds": (time.perf_counter() - begin) * 1000, "done": done}

    def bare(self) -> dict[str, float]:
        begin = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(BARE, [_moment(self.now - 2 * HOUR), _moment(self.now - HOUR / 2)])
            found = cursor.fetchall()
        return {"milliseconds": (time.perf_counter() - begin) * 1000, "done": len(found)}

    def bare_with_writing(self) -> dict[str, float]:
        self.reset()
        moments = [_moment(at) for at in (self.now, self.now + HOUR, self.now)]
        begin = time.perf_counter()
        found = self.bare()
        with transaction.atomic(), connection.cursor() as cursor:
            for statement, params in zip(WRITTEN, (moments, []), strict=True):
                cursor.execute(statement, params)
            written = cursor.rowcount
        return {"milliseconds": (time.perf_counter() - begin) * 1000, "done": min(found["done"], written)}

    def order(self, touches: int) -> int:
        """How many queries an order costs whose basket has so many approaches before it."""
        watch = BasketWatch.objects.filter(state="idle").latest("pk")
        for number in range(touches):
            Touch.objects.create(
                purpose=f"campaign:{touches}:{number}",
                kind=reminding.KIND,
                touch_class="marketing",
                channel="email",
                person="user:1",
                about=watch.ref,
                rule=f"campaign {number}",
                inbox=self.inbox,
                planned_for=self.now,
                due_at=self.now,
                created_at=self.now,
            )
        placed = Placed(
            number=f"{touches}",
            placed_at=self.now,
            basket=BasketRef(watch.ref),
            person=Person(watch.user_id_text, "somebody@shop.test"),
        )
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            ordering.order_placed(placed)
        left = Touch.objects.planned().about(watch.ref).count()
        assert not left, left
        return len(captured)

    def page(self) -> int:
        """Queries to our tables on a page of the catalogue."""
        browser = Client(HTTP_HOST="127.0.0.1")
        browser.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        with CaptureQueriesContext(connection) as captured:
            response = browser.get(self.product.get_absolute_url())
        assert response.status_code == 200, response.status_code
        assert b"/chat/launcher/" in response.content
        return sum("shopchat_" in query["sql"] for query in captured)


def _product() -> Any:
    draw_missing_picture()
    kind = get_model("catalogue", "ProductClass").objects.create(name="Gear", track_stock=False)
    product = get_model("catalogue", "Product").objects.create(upc="1", title="Tent", slug="tent", product_class=kind)
    partner = get_model("partner", "Partner").objects.create(name="Shop")
    get_model("partner", "StockRecord").objects.create(product=product, partner=partner, partner_sku="1", price=99)
    return product


def _line_of(line: Any, basket: Any) -> Any:
    return Line(
        basket=basket,
        product_id=line.product_id,
        stockrecord_id=line.stockrecord_id,
        line_reference=line.line_reference,
        quantity=1,
        price_currency=line.price_currency,
        price_excl_tax=line.price_excl_tax,
        price_incl_tax=line.price_incl_tax,
    )


def _copying(model: Any, changes: dict[str, str], source: str) -> str:
    """SQL that copies a row of the model as often as ``source`` has rows, with these columns changed."""
    columns = [field.column for field in model._meta.local_concrete_fields if not field.primary_key]
    values = ", ".join(changes.get(column, f"old.{column}") for column in columns)
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} AS old, {source} WHERE old.id = %s"


def _moment(at: datetime) -> Any:
    return at if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(at)


def main(baskets: int, idle: int) -> None:
    shop = Shop(baskets, idle)
    shop.bare_with_writing(), shop.sweep(), shop.bare()  # whatever the first time makes
    _say("ready")
    for _line in sys.stdin:
        _say((shop.bare_with_writing(), shop.sweep(), shop.bare()))
    _say({"orders": [shop.order(touches) for touches in (0, 50)], "page": shop.page()})


def _say(what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
