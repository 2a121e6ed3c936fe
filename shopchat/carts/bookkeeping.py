"""Orders that no signal told: made in bulk, by SQL, by another process, or while nobody listened."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shopchat.carts import ordering, vouchers
from shopchat.carts.cursors import keep
from shopchat.carts.runs import BATCH, Run
from shopchat.stores.abilities import FindsIdle
from shopchat.stores.base import OrderView
from shopchat.stores.reading import able, safely

# An order may be committed as long after its own moment.
LATE = timedelta(minutes=15)


def book_orders(run: Run) -> int:
    """End the baskets of all orders since the last run; answers how many that was news of.

    That the last page was read is kept by whoever reads on in the store: one statement for both.
    """
    store = able(FindsIdle)
    if store is None:
        return 0
    since = min(run.cursor.orders_until, run.at - LATE)
    done, after = 0, None
    while True:
        page = _page(store, since, after)
        if page is None:
            return done
        done += ordering.end(page)
        vouchers.note_uses(page)
        if len(page) < BATCH:
            break
        after = (page[-1].placed_at, page[-1].number)
        run.cursor.orders_until = page[-1].placed_at
        keep(run.cursor)
    run.cursor.orders_until = run.at - LATE
    return done


def _page(store: FindsIdle, since: datetime, after: tuple[datetime, str] | None) -> Sequence[OrderView] | None:
    return safely(
        lambda: store.orders_since(since, after=after, limit=BATCH), empty=None, what="Orders since the last sweep"
    )
