"""What a store must pass for each of its abilities. Inherit those that it has beside :class:`StoreContract`, which fails
where one is forgotten or claimed; the hooks come first in each class.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from shopchat.core.money import Money
from shopchat.stores import abilities
from shopchat.stores.base import BasketRef, Person, State
from shopchat.stores.lines import Refusal, RestoreMode, SnapshotLine, VoucherPolicy, VoucherState
from shopchat.stores.snapshots import snapshot
from tests.stores.contract import request_with
from tests.stores.counting import queries_of

HOUR = timedelta(hours=1)
ADD, REPLACE = RestoreMode.ADD, RestoreMode.REPLACE


@dataclass
class Listener:
    """Writes down what it is told."""

    told: list = field(default_factory=list)
    fails: bool = False

    def _hear(self, name, *said):
        self.told.append((name, *said))
        if self.fails:
            raise ValueError("olena@example.test")

    def basket_touched(self, ref, *, at, person, where):
        self._hear("touched", ref, at, person, where)

    def contact_seen(self, ref, email):
        self._hear("contact", ref, email)

    def basket_merged(self, old, new):
        self._hear("merged", old, new)

    def payment_started(self, ref, *, at):
        self._hear("paying", ref)

    def payment_failed(self, ref, *, at):
        self._hear("failed", ref)

    def order_placed(self, order):
        self._hear("placed", order)

    def of(self, name):
        return [said[1] if len(said) == 2 else said[1:] for said in map(tuple, self.told) if said[0] == name]


class FindsIdleContract:
    ability = abilities.FindsIdle

    def leave(self, ref, moment) -> None:
        """Make this the moment at which the basket was last touched."""
        raise NotImplementedError

    def make_staff(self) -> str:
        """An account of the shop's staff; returns its id."""
        raise NotImplementedError

    def make_gift(self, title):
        """A product that costs nothing; like ``make_product``."""
        raise NotImplementedError

    def cancel_order(self, number) -> None:
        raise NotImplementedError

    def left(self, product, hours, **basket) -> BasketRef:
        ref = self.make_basket((product, 1), **basket)
        self.leave(ref, timezone.now() - hours * HOUR)
        return ref

    def idle(self, store, **window):
        now = timezone.now()
        found = store.find_idle(**{"since": now - 24 * HOUR, "until": now - HOUR, **window})
        return [basket.ref for basket in found]

    def test_baskets_are_found_by_the_moment_they_were_left_the_earliest_first(self, store, tent):
        late, early = self.left(tent, 2), self.left(tent, 5)
        self.left(tent, 30)
        self.left(tent, 0)

        assert self.idle(store) == [early, late]

    def test_an_idle_basket_says_whose_it_is_and_when_it_was_left(self, store, tent):
        user_id = self.make_user("olena@example.test")
        ref = self.make_basket((tent, 1), user_id=user_id)
        moment = timezone.now() - 3 * HOUR
        self.leave(ref, moment)

        (found,) = store.find_idle(since=moment, until=moment)

        assert (found.ref, found.last_activity, found.state) == (ref, moment, State.OPEN)
        assert found.person.user_id == user_id

    @pytest.mark.parametrize("state", [State.SAVED, State.ORDERED, State.MERGED])
    def test_only_open_baskets_and_those_in_payment_are_idle(self, store, tent, state):
        waiting, paying = self.left(tent, 3), self.left(tent, 2, state=State.IN_PAYMENT)
        self.left(tent, 4, state=state)

        assert self.idle(store) == [waiting, paying]

    def test_the_empty_the_free_the_ordered_and_those_of_staff_are_not_idle(self, store, tent):
        left = self.left(tent, 2)
        bought = self.left(tent, 2, state=State.IN_PAYMENT)
        self.make_order(basket=bought, email="olena@example.test")
        self.left(tent, 2, user_id=self.make_staff())
        self.left(self.make_gift("Sticker"), 2)
        empty = self.make_basket()
        self.leave(empty, timezone.now() - 2 * HOUR)

        assert self.idle(store) == [left]

    def test_pages_of_idle_baskets_meet_without_gap_or_double(self, store, tent):
        moment = timezone.now() - 2 * HOUR
        refs = [self.make_basket((tent, 1)) for _ in range(5)]
        for ref in refs[:3]:
            self.leave(ref, moment)
        for ref in refs[3:]:
            self.leave(ref, moment + timedelta(minutes=1))
        window, pages, after = {"since": moment, "until": moment + HOUR}, [], None

        while page := store.find_idle(**window, after=after, limit=2):
            pages.append([basket.ref for basket in page])
            after = (page[-1].last_activity, page[-1].ref)

        assert [len(page) for page in pages] == [2, 2, 1]
        assert sorted(ref for page in pages for ref in page) == sorted(refs)

    def test_a_basket_that_was_touched_again_is_found_again_later(self, store, tent):
        ref = self.left(tent, 5)
        assert self.idle(store, until=timezone.now() - 4 * HOUR) == [ref]

        self.leave(ref, timezone.now() - 2 * HOUR)

        assert self.idle(store, until=timezone.now() - 4 * HOUR) == []
        assert self.idle(store, since=timezone.now() - 4 * HOUR) == [ref]

    def test_idle_baskets_cost_one_query(self, store, tent):
        for _ in range(3):
            self.left(tent, 2, user_id=self.make_user(f"u{_}@example.test"))

        assert queries_of(lambda: self.idle(store)) <= 1

    def test_orders_are_read_in_the_order_they_were_placed(self, store):
        moment = timezone.now() - HOUR
        self.make_order(email="a@example.test", placed_at=moment - HOUR)
        same = {self.make_order(email=f"{name}@example.test", placed_at=moment) for name in "bcd"}
        last = self.make_order(email="e@example.test", placed_at=moment + timedelta(minutes=1), lines=[("Tent", 1)])

        first_page = store.orders_since(moment, limit=2)
        rest = store.orders_since(moment, after=(first_page[-1].placed_at, first_page[-1].number))

        numbers = [order.number for order in (*first_page, *rest)]
        assert (set(numbers[:3]), numbers[3:]) == (same, [last])
        assert [line.title for line in rest[-1].lines] == ["Tent"]
        assert queries_of(lambda: store.orders_since(moment)) == queries_of(lambda: store.orders_since(moment, limit=1))

    def test_a_cancelled_order_says_so(self, store):
        kept, lost = self.make_order(email="a@example.test"), self.make_order(email="b@example.test")

        self.cancel_order(lost)

        found = {order.number: order.is_cancelled for order in store.orders_since(timezone.now() - HOUR)}
        assert found == {kept: False, lost: True}


class FindsPaymentsContract:
    ability = abilities.FindsPayments

    def request_paying(self, ref, cookies=None):
        """What the browser of somebody without an account sends once its payment for this basket has begun, with further
        ``cookies``. Reading its session, where it has one, is what the shop's own pages pay for."""
        raise NotImplementedError

    def test_a_basket_that_somebody_pays_for_is_at_hand_but_not_in_their_hands(self, store, tent):
        ref = self.make_basket((tent, 1), state=State.IN_PAYMENT)
        self.make_basket((tent, 1), state=State.IN_PAYMENT)
        request = self.request_paying(ref)

        assert store.current_basket(request) is None
        assert list(store.baskets_at_hand(request)) == [ref]

    def test_beside_the_basket_that_they_fill_now_it_is_the_second(self, store, tent):
        current, paying = self.make_basket((tent, 1)), self.make_basket((tent, 2), state=State.IN_PAYMENT)

        request = self.request_paying(paying, self.cookies_for(current))

        assert list(store.baskets_at_hand(request)) == [current, paying]

    @pytest.mark.parametrize("state", [State.OPEN, State.SAVED, State.ORDERED, State.MERGED])
    def test_what_is_no_longer_in_payment_is_not(self, store, tent, state):
        request = self.request_paying(self.make_basket((tent, 1), state=state))

        assert list(store.baskets_at_hand(request)) == []

    def test_an_accounts_basket_is_no_strangers(self, store, tent):
        theirs = self.make_basket((tent, 1), state=State.IN_PAYMENT, user_id=self.make_user())

        assert list(store.baskets_at_hand(self.request_paying(theirs))) == []

    def test_a_basket_that_is_gone_is_not_at_hand(self, store, tent):
        ref = self.make_basket((tent, 1), state=State.IN_PAYMENT)
        request = self.request_paying(ref)
        self.remove_basket(ref)

        assert list(store.baskets_at_hand(request)) == []

    def test_both_cost_one_query_and_change_nothing(self, store, tent):
        current, paying = self.make_basket((tent, 1)), self.make_basket((tent, 2), state=State.IN_PAYMENT)
        request = self.request_paying(paying, self.cookies_for(current))
        before = store.baskets([current, paying])

        assert queries_of(lambda: store.baskets_at_hand(request)) <= 1

        assert store.baskets([current, paying]) == before
        assert not getattr(request.opened, "modified", False)

    def test_whoever_pays_for_nothing_has_what_is_in_their_hands(self, store, tent):
        ref, user_id = self.make_basket((tent, 1)), self.make_user()
        own = self.make_basket((tent, 1), user_id=user_id)

        assert list(store.baskets_at_hand(request_with(self.cookies_for(ref)))) == [ref]
        assert list(store.baskets_at_hand(request_with(user_id=user_id))) == [own]

    def test_nobody_costs_no_query(self, store):
        request = request_with()

        assert queries_of(lambda: store.baskets_at_hand(request)) == 0
        assert list(store.baskets_at_hand(request)) == []


class FindsOrdersContract:
    ability = abilities.FindsOrders

    def test_orders_are_found_by_their_numbers(self, store):
        first, second = self.make_order(email="a@example.test"), self.make_order(email="b@example.test")
        self.make_order(email="c@example.test")

        found = store.orders_by_number([second, "none", "", "\0", first])

        assert [(number, order.number) for number, order in found.items()] == [(second, second), (first, first)]
        assert store.orders_by_number([]) == {}


class CustomerContract:
    """Hooks for abilities that act for a customer."""

    def request_of(self, *, ref=None, user_id=None):
        """A request of the customer who holds this anonymous basket, or of this account, ready for the shop's own pages."""
        raise NotImplementedError

    def ref_of_product(self, product):
        raise NotImplementedError

    def set_stock(self, product, stock) -> None:
        raise NotImplementedError

    def quantities(self, store, ref):
        return {line.title: line.quantity for line in store.baskets([ref])[ref].lines}

    def snapshot_of(self, store, *lines, **basket):
        ref = self.make_basket(*lines, **basket)
        return ref, snapshot(store.baskets([ref])[ref])


class RestoresContract(CustomerContract):
    ability = abilities.Restores

    def set_price(self, product, amount) -> None:
        raise NotImplementedError

    def remove_product(self, product) -> None:
        raise NotImplementedError

    def make_foreign(self, title):
        """A product in another currency; like ``make_product``."""
        raise NotImplementedError

    def test_a_snapshot_survives_json(self, store, tent):
        _, lines = self.snapshot_of(store, (tent, 2))

        assert [SnapshotLine.from_json(line.as_json()) for line in lines] == lines
        assert (lines[0].title, lines[0].quantity, bool(lines[0].unit_price)) == ("Tent", 2, True)

    def test_lines_are_put_into_a_basket_that_is_made_for_them(self, store, tent):
        _, lines = self.snapshot_of(store, (tent, 2), (self.make_product("Stove"), 1))

        done = store.restore(self.request_of(), lines, mode=ADD)

        assert self.quantities(store, done.basket) == {"Tent": 2, "Stove": 1}
        assert [(line.title, line.wanted, line.present) for line in done.lines] == [("Tent", 2, 2), ("Stove", 1, 1)]
        assert done.url.startswith("/")

    def test_the_basket_they_came_from_stays_as_it_is(self, store, tent):
        for state in (State.OPEN, State.IN_PAYMENT, State.MERGED, State.ORDERED):
            source, lines = self.snapshot_of(store, (tent, 2), state=state)
            before = store.baskets([source])[source]

            done = store.restore(self.request_of(), lines, mode=ADD)

            assert done.basket != source
            assert store.baskets([source])[source] == before

    def test_an_account_gets_them_into_its_own_basket(self, store, tent):
        user_id = self.make_user()
        mine = self.make_basket((self.make_product("Stove"), 1), user_id=user_id)
        paying = self.make_basket((tent, 1), user_id=user_id, state=State.IN_PAYMENT)
        _, lines = self.snapshot_of(store, (tent, 2))

        done = store.restore(self.request_of(user_id=user_id), lines, mode=ADD)

        assert done.basket == mine
        assert self.quantities(store, mine) == {"Stove": 1, "Tent": 2}
        assert self.quantities(store, paying) == {"Tent": 1}

    def test_doing_it_twice_adds_nothing(self, store, tent):
        ref, lines = self.snapshot_of(store, (tent, 2))
        mine = self.make_basket((tent, 1))

        first = store.restore(self.request_of(ref=mine), lines, mode=ADD)
        second = store.restore(self.request_of(ref=mine), lines, mode=ADD)

        assert self.quantities(store, mine) == {"Tent": 2}
        assert first.lines[0].present == second.lines[0].present == 2
        assert first.basket == second.basket == mine
        assert ref != mine

    def test_more_than_there_was_is_never_taken_away(self, store, tent):
        _, lines = self.snapshot_of(store, (tent, 1))
        mine = self.make_basket((tent, 3))

        done = store.restore(self.request_of(ref=mine), lines, mode=ADD)

        assert self.quantities(store, mine) == {"Tent": 3}
        assert (done.lines[0].present, done.lines[0].refusal) == (3, Refusal.NONE)

    def test_a_basket_can_be_replaced(self, store, tent):
        _, lines = self.snapshot_of(store, (tent, 2))
        mine = self.make_basket((self.make_product("Stove"), 1), (tent, 4))

        for _ in range(2):
            store.restore(self.request_of(ref=mine), lines, mode=REPLACE)

        assert self.quantities(store, mine) == {"Tent": 2}

    def test_quantities_are_cut_to_what_there_is(self, store, tent):
        stove = self.make_product("Stove", stock=5)
        _, lines = self.snapshot_of(store, (tent, 3), (stove, 2))
        self.set_stock(tent, 2)
        self.set_stock(stove, 0)

        done = store.restore(self.request_of(), lines, mode=ADD)

        assert self.quantities(store, done.basket) == {"Tent": 2}
        assert [(line.present, line.refusal) for line in done.lines] == [
            (2, Refusal.OUT_OF_STOCK),
            (0, Refusal.OUT_OF_STOCK),
        ]

    def test_what_is_gone_is_named_and_the_rest_restored(self, store, tent):
        lamp = self.make_product("Lamp")
        _, lines = self.snapshot_of(store, (lamp, 1), (tent, 1))
        self.remove_product(lamp)

        done = store.restore(self.request_of(), lines, mode=ADD)

        assert self.quantities(store, done.basket) == {"Tent": 1}
        assert [(line.title, line.refusal) for line in done.lines] == [("Lamp", Refusal.GONE), ("Tent", Refusal.NONE)]

    def test_two_currencies_are_not_mixed(self, store, tent):
        _, lines = self.snapshot_of(store, (tent, 1))
        mine = self.make_basket((self.make_foreign("Kayak"), 1))

        done = store.restore(self.request_of(ref=mine), lines, mode=ADD)

        assert done.lines[0].refusal is Refusal.CURRENCY
        assert self.quantities(store, mine) == {"Kayak": 1}

    def test_a_price_that_moved_is_told_then_and_now(self, store, tent):
        _, lines = self.snapshot_of(store, (tent, 1))
        self.set_price(tent, Decimal("27.99"))

        (now,) = store.lines_now(lines)
        (result,) = store.restore(self.request_of(), lines, mode=ADD).lines

        assert (now.unit_price_when_added, now.unit_price.amount) == (lines[0].unit_price, Decimal("27.99"))
        assert now.purchasable
        assert (result.price_then, result.price_now.amount) == (lines[0].unit_price, Decimal("27.99"))

    def test_lines_of_now_come_in_their_order_and_say_what_cannot_be_bought(self, store, tent):
        lamp, stove = self.make_product("Lamp"), self.make_product("Stove")
        _, lines = self.snapshot_of(store, (lamp, 1), (tent, 2), (stove, 1))
        self.remove_product(lamp)
        self.set_stock(stove, 0)

        now = store.lines_now(lines)

        assert [(line.title, line.purchasable, bool(line.url)) for line in now] == [
            ("Lamp", False, False),
            ("Tent", True, True),
            ("Stove", False, True),
        ]
        assert [bool(line.note) for line in now] == [True, False, True]
        assert len({line.key for line in now}) == 3
        assert store.lines_now([]) == []

    def test_the_number_of_queries_for_lines_of_now_does_not_grow(self, store):
        products = [(self.make_product(f"Tent {number}"), 1) for number in range(5)]
        _, lines = self.snapshot_of(store, *products)

        assert queries_of(lambda: store.lines_now(lines)) == queries_of(lambda: store.lines_now(lines[:1]))


class ChangesLinesContract(CustomerContract):
    ability = abilities.ChangesLines

    def test_products_are_put_on_top_of_what_there_is(self, store, tent):
        mine = self.make_basket((tent, 1))

        result = store.put_in_basket(self.request_of(ref=mine), self.ref_of_product(tent), quantity=2)

        assert (result.wanted, result.present, result.refusal) == (3, 3, Refusal.NONE)
        assert self.quantities(store, mine) == {"Tent": 3}

    def test_no_more_is_put_in_than_there_is(self, store, tent):
        mine = self.make_basket((tent, 1))
        self.set_stock(tent, 2)

        result = store.put_in_basket(self.request_of(ref=mine), self.ref_of_product(tent), quantity=9)

        assert (result.present, result.refusal) == (2, Refusal.OUT_OF_STOCK)
        assert self.quantities(store, mine) == {"Tent": 2}

    def test_a_product_nobody_knows_is_gone(self, store):
        result = store.put_in_basket(self.request_of(), "nowhere:1")

        assert (result.present, result.refusal) == (0, Refusal.GONE)

    def test_the_quantity_of_a_line_is_changed_and_a_line_removed(self, store, tent):
        stove = self.make_product("Stove")
        mine = self.make_basket((tent, 1), (stove, 1))
        first, second = (line.key for line in store.baskets([mine])[mine].lines)

        more = store.set_quantity(self.request_of(ref=mine), first, 4)
        none = store.set_quantity(self.request_of(ref=mine), second, 0)

        assert (more.present, none.present) == (4, 0)
        assert self.quantities(store, mine) == {"Tent": 4}
        store.set_quantity(self.request_of(ref=mine), first, 2)
        assert self.quantities(store, mine) == {"Tent": 2}

    def test_nobody_changes_the_line_of_somebody_else(self, store, tent):
        mine, theirs = self.make_basket((tent, 1)), self.make_basket((tent, 1))
        (line,) = store.baskets([theirs])[theirs].lines

        result = store.set_quantity(self.request_of(ref=mine), line.key, 4)

        assert result.refusal is Refusal.GONE
        assert self.quantities(store, theirs) == {"Tent": 1}


class RecommendsContract:
    ability = abilities.Recommends

    def relate(self, product, other) -> None:
        """The shop recommends ``other`` beside ``product``."""
        raise NotImplementedError

    def ref_of_product(self, product):
        raise NotImplementedError

    def test_what_the_shop_recommends_is_told_once_and_without_what_was_asked_about(self, store, tent):
        stove, lamp = self.make_product("Stove"), self.make_product("Lamp")
        self.make_product("Kayak")
        for product, other in ((tent, stove), (stove, tent), (stove, lamp), (tent, lamp)):
            self.relate(product, other)
        refs = [self.ref_of_product(product) for product in (tent, stove)]

        assert [card.title for card in store.related_products(refs)] == ["Lamp"]
        assert {card.title for card in store.related_products(refs[:1])} == {"Stove", "Lamp"}
        assert len(store.related_products(refs[:1], limit=1)) == 1
        assert list(store.related_products([])) == []


class IssuesVouchersContract(CustomerContract):
    ability = abilities.IssuesVouchers

    def use_voucher(self, code) -> None:
        """Somebody ordered with it."""
        raise NotImplementedError

    def issue(self, store, *, hours=24, **policy):
        policy = {"percent": Decimal(10), "expires_at": timezone.now() + hours * HOUR, **policy}
        return store.issue_voucher(VoucherPolicy(**policy), Person("7", "olena@example.test")).code

    def test_each_voucher_has_a_code_of_its_own_that_logs_do_not_show(self, store):
        policy = VoucherPolicy(percent=Decimal(10), expires_at=timezone.now() + HOUR, name="Welcome back")

        one, two = (store.issue_voucher(policy, Person("7")) for _ in range(2))

        assert one.code != two.code
        assert one.code not in repr(one)
        assert one.expires_at == policy.expires_at

    def test_a_voucher_says_what_has_become_of_it(self, store):
        usable, used, expired = self.issue(store), self.issue(store), self.issue(store, hours=-1)
        self.use_voucher(used)

        assert store.voucher_states([usable, used, expired, "NEVER"]) == {
            usable: VoucherState.USABLE,
            used: VoucherState.USED,
            expired: VoucherState.EXPIRED,
            "NEVER": VoucherState.GONE,
        }

    def test_only_what_nobody_used_is_withdrawn(self, store):
        unused, used, other = self.issue(store), self.issue(store), self.issue(store)
        self.use_voucher(used)

        assert store.withdraw_vouchers([unused, used, "NEVER"]) == 1

        states = store.voucher_states([unused, used, other])
        assert list(states.values()) == [VoucherState.GONE, VoucherState.USED, VoucherState.USABLE]

    def test_a_voucher_is_put_on_the_customers_basket(self, store, tent):
        mine, theirs = self.make_basket((tent, 1)), self.make_basket((tent, 1))
        code = store.issue_voucher(
            VoucherPolicy(percent=Decimal(10), expires_at=timezone.now() + HOUR), Person(email="olena@example.test")
        ).code

        for _ in range(2):
            assert store.apply_voucher(self.request_of(ref=mine), code)

        assert store.baskets([mine])[mine].vouchers == (code,)
        assert store.baskets([theirs])[theirs].vouchers == ()

    def test_a_voucher_for_an_account_is_good_for_nobody_else(self, store, tent):
        olena, other = self.make_user(), self.make_user("bohdan@example.test")
        policy = VoucherPolicy(percent=Decimal(10), expires_at=timezone.now() + HOUR)
        mine, theirs = (self.make_basket((tent, 1), user_id=user_id) for user_id in (olena, other))
        guests = self.make_basket((tent, 1))
        voucher = store.issue_voucher(policy, Person(olena))
        if not voucher.for_account:
            pytest.skip("the shop binds no voucher to an account, and says so")

        assert not store.apply_voucher(self.request_of(user_id=other), voucher.code)
        assert not store.apply_voucher(self.request_of(ref=guests), voucher.code)
        assert store.apply_voucher(self.request_of(user_id=olena), voucher.code)

        found = store.baskets([mine, theirs, guests])
        assert [found[ref].vouchers for ref in (mine, theirs, guests)] == [(voucher.code,), (), ()]
        assert store.voucher_states([voucher.code]) == {voucher.code: VoucherState.USABLE}

    def test_a_voucher_for_a_guest_says_that_whoever_has_it_may_use_it(self, store, tent):
        policy = VoucherPolicy(percent=Decimal(10), expires_at=timezone.now() + HOUR)

        voucher = store.issue_voucher(policy, Person(email="olena@example.test"))

        assert not voucher.for_account
        assert store.apply_voucher(self.request_of(ref=self.make_basket((tent, 1))), voucher.code)

    def test_a_voucher_that_gives_nothing_stays_off_the_basket(self, store, tent):
        mine = self.make_basket((tent, 1))
        price = store.baskets([mine])[mine].total
        dear = Money(price.amount * 2, price.currency)
        codes = [self.issue(store, hours=-1), self.issue(store, minimum=dear), "NEVER"]

        assert [store.apply_voucher(self.request_of(ref=mine), code) for code in codes] == [False] * 3
        assert store.baskets([mine])[mine].vouchers == ()


class TellsEventsContract:
    ability = abilities.TellsEvents

    def change_quantity(self, ref, quantity) -> None:
        """Of the first line, as a customer does."""
        raise NotImplementedError

    def empty(self, ref) -> None:
        raise NotImplementedError

    def merge(self, old, new) -> None:
        raise NotImplementedError

    def pay(self, ref) -> None:
        raise NotImplementedError

    def fail(self, ref) -> None:
        raise NotImplementedError

    def disconnect(self, events) -> None:
        raise NotImplementedError

    @pytest.fixture
    def events(self, store):
        events = Listener()
        store.connect(events)
        store.connect(events)
        yield events
        self.disconnect(events)

    @pytest.fixture
    def committed(self, django_capture_on_commit_callbacks):
        return lambda: django_capture_on_commit_callbacks(execute=True)

    def test_a_basket_is_touched_when_it_is_filled_changed_and_emptied(self, events, committed, tent):
        user_id, earliest = self.make_user(), timezone.now()
        with committed():
            ref = self.make_basket((tent, 1), user_id=user_id)
        with committed():
            self.change_quantity(ref, 2)
        with committed():
            self.empty(ref)

        told = events.of("touched")

        assert [touch[0] for touch in told] == [ref] * 3
        assert {touch[2].user_id for touch in told} == {user_id}
        assert all(earliest <= touch[1] <= timezone.now() for touch in told)

    def test_a_merge_is_told_with_both_baskets(self, events, committed, tent):
        old, new = self.make_basket((tent, 2)), self.make_basket((tent, 1), user_id=self.make_user())

        with committed():
            self.merge(old, new)

        assert events.of("merged") == [(old, new)]
        assert [touch[0] for touch in events.of("touched")][-1:] == [new]

    def test_a_payment_begins_and_fails(self, events, committed, tent):
        ref = self.make_basket((tent, 1))
        with committed():
            self.pay(ref)
        with committed():
            self.fail(ref)

        assert [(said[0], said[1]) for said in events.told if said[0] in ("paying", "failed")] == [
            ("paying", ref),
            ("failed", ref),
        ]

    def test_an_order_is_told_once_and_at_once(self, events, tent):
        user_id = self.make_user()
        ref = self.make_basket((tent, 1), user_id=user_id)

        number = self.make_order(user_id=user_id, basket=ref, lines=[("Tent", 1)])

        (placed,) = events.of("placed")
        assert (placed.number, placed.basket, placed.person.user_id) == (number, ref, user_id)
        assert placed.total

    def test_an_order_without_basket_or_account_is_told(self, events):
        self.make_order(email="Olena@example.test")

        (placed,) = events.of("placed")

        assert (placed.basket, placed.person) == (None, Person(email="olena@example.test"))
