"""One run of the sweep: its moment, and what is asked once for all baskets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from shopchat.carts import rules
from shopchat.carts.cursors import cursor_of
from shopchat.carts.models import BasketWatch, CartRules, SweepCursor
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.stores.reading import configured_store

State = BasketWatch.State
BATCH = 500


@dataclass
class Run:
    at: datetime
    failures: int = 0  # of questions about baskets that are left

    @cached_property
    def all_rules(self) -> Mapping[int, CartRules]:
        return rules.all_rules()

    @cached_property
    def cursor(self) -> SweepCursor:
        """How far this run has read, whether that has been kept or not."""
        return cursor_of(configured_store().key, self.at)

    @cached_property
    def default_inbox(self) -> Inbox:
        """For baskets of which nobody told on which site they are."""
        return inbox_for("")

    def rules_of(self, inbox_id: int) -> CartRules:
        return self.all_rules.get(inbox_id) or CartRules(inbox_id=inbox_id)

    def shortest_idle(self) -> timedelta:
        """Before that no basket of any site is idle."""
        return min(map(rules.idle_after, self.all_rules.values()), default=rules.idle_after(CartRules()))

    def timer_of(self, watch: BasketWatch) -> datetime:
        """When something has to happen to a basket in this state if nobody touches it."""
        its = self.rules_of(watch.inbox_id)
        if watch.state == State.ACTIVE:
            return watch.last_activity + rules.idle_after(its)
        if watch.state == State.IDLE:
            return watch.last_activity + rules.left_after(its)
        if watch.state == State.PAYING:
            return watch.state_at + rules.interrupted_after(its)
        return watch.last_activity + rules.given_up_after(its)
