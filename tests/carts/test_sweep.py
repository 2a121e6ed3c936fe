"""What becomes of baskets because time passes, and which baskets become anything at all."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat import signals
from shopchat.carts import cursors, discovery, observing, plans, returning, states
from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketWatch, CartRules, SweepCursor
from shopchat.carts.runs import Run
from shopchat.stores.base import State as Stored
from shopchat.stores.memory import MemoryStore
from shopchat.stores.moving import Surroundings
from shopchat.touches.models import Touch
from tests.carts.left import euros
from tests.carts.passing import BROWSER, DAY, HOUR, MINUTE, NOW, State, leave, put, steps, watch_of
from tests.factories import BasketWatchFactory, ContactFactory, InboxFactory, UserFactory

pytestmark = pytest.mark.django_db
NOBODY = Surroundings()


@pytest.fixture
def planned():
    told = []
    plan = plans.register_plan(lambda watch, now: told.append((watch.ref, watch.state, watch.abandoned_at)))
    yield told
    plans.forget_plan(plan)


@pytest.fixture
def silent(shop):
    """Nobody tells us anything: as while the process was down, or by SQL."""
    shop._shelf.listeners.clear()
    return shop


class TestTime:
    def test_a_basket_is_idle_then_left_then_given_up(self, shop, tent):
        ref, told = put(shop, tent), []

        for minutes in (29, 30, 59, 60, 30 * 24 * 60 - 1, 30 * 24 * 60):
            sweep(NOW + minutes * MINUTE)
            told.append(watch_of(ref).state)

        assert told == [State.ACTIVE, State.IDLE, State.IDLE, State.ABANDONED, State.ABANDONED, State.EXPIRED]
        assert steps(ref) == [State.IDLE, State.ABANDONED, State.EXPIRED]

    def test_a_sum_beyond_our_columns_stops_neither_it_nor_the_others(self, shop, tent):
        """Anybody can put a million of the dearest thing into a basket where the shop sets no limit."""
        dear = shop.add_product("Yacht", price=euros("90000000.00"))
        huge, other = put(shop, dear, quantity=3_000_000_000), put(shop, tent)

        sweep(NOW + HOUR)
        order = shop.add_order(basket=huge, placed_at=NOW + HOUR, total=euros("270000000000000000.00"))

        assert watch_of(other).state == State.ABANDONED
        assert watch_of(huge).order_number == order.number
        assert (watch_of(huge).total, watch_of(huge).order_total) == (None, None)

    def test_one_that_the_shop_cannot_read_holds_up_no_other(self, shop, tent, monkeypatch):
        refs = [put(shop, tent) for _ in range(5)]
        read = MemoryStore.baskets

        def broken(self, asked, **kwargs):
            if refs[2] in asked:
                raise RuntimeError
            return read(self, asked, **kwargs)

        monkeypatch.setattr(MemoryStore, "baskets", broken)
        sweep(NOW + HOUR)

        assert [watch_of(ref).state for ref in refs] == [State.ABANDONED] * 2 + [State.IDLE] + [State.ABANDONED] * 2
        assert watch_of(refs[2]).look_at > NOW + HOUR

    def test_the_sites_own_rules_count(self, shop, tent):
        CartRules.objects.create(inbox=InboxFactory(hostname="testserver"), idle_minutes=10, abandoned_minutes=20)
        ref, elsewhere = put(shop, tent), put(shop, tent, where=Surroundings(host="other.example", by_hand=True))

        for minutes in (10, 20):
            sweep(NOW + minutes * MINUTE)

        assert watch_of(ref).state == State.ABANDONED
        assert watch_of(elsewhere).state == State.ACTIVE

    def test_a_change_puts_it_off(self, shop, tent):
        ref = put(shop, tent)
        shop.change(ref, [shop.line(tent)], at=NOW + 20 * MINUTE, where=BROWSER)

        sweep(NOW + 40 * MINUTE)
        first = watch_of(ref).state
        sweep(NOW + 50 * MINUTE)

        assert (first, watch_of(ref).state) == (State.ACTIVE, State.IDLE)

    def test_after_a_pause_of_the_worker_one_run_does_it_all(self, shop, tent):
        ref = put(shop, tent)

        sweep(NOW + 5 * HOUR)

        assert steps(ref) == [State.IDLE, State.ABANDONED]
        assert watch_of(ref).abandoned_at == NOW + HOUR

    def test_a_second_run_changes_nothing(self, shop, tent):
        ref = leave(shop, tent)

        assert sweep(NOW + HOUR) == 0

        assert steps(ref) == [State.IDLE, State.ABANDONED]


class TestLeaving:
    def test_it_is_remembered_with_its_lines_and_where_the_customer_was(self, shop, tent):
        inbox = InboxFactory(hostname="testserver", name="Other")

        watch = watch_of(leave(shop, tent))

        assert (watch.quantity, watch.total, watch.currency) == (2, Decimal("398.00"), "EUR")
        assert [line["title"] for line in watch.lines] == ["Tent"]
        assert (watch.inbox, watch.language, watch.device, watch.source) == (inbox, "ru", "phone", "ads")

    def test_the_last_action_says_in_which_language_and_on_which_site(self, shop, tent):
        InboxFactory(hostname="testserver")
        other = InboxFactory(hostname="other.example")
        ref = put(shop, tent)
        shop.change(ref, [shop.line(tent)], at=NOW + MINUTE, where=Surroundings(host="other.example", language="uk"))
        shop.change(ref, [shop.line(tent, 3)], at=NOW + 2 * MINUTE)

        sweep(NOW + 2 * HOUR)

        assert (watch_of(ref).inbox, watch_of(ref).language) == (other, "uk")

    def test_whoever_plans_is_asked_once_for_each(self, shop, tent, planned):
        ref = leave(shop, tent)
        sweep(NOW + 2 * HOUR)

        assert planned == [(ref, State.ABANDONED, NOW + HOUR)]

    def test_integrators_are_told(self, shop, tent, django_capture_on_commit_callbacks):
        told = []
        receiver = signals.cart_abandoned.connect(lambda sender, watch, **_: told.append(watch.ref), weak=False)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                ref = leave(shop, tent)
        finally:
            signals.cart_abandoned.disconnect(receiver)

        assert told == [ref]

    def test_the_browser_that_wrote_to_us_is_known(self, shop, tent):
        ref = put(shop, tent)
        contact = ContactFactory(basket_ref=ref)
        ContactFactory(basket_ref="memory:other")

        sweep(NOW + HOUR)

        assert watch_of(ref).contact == contact

    def test_what_was_to_be_paid_for_is_kept_for_whoever_helps(self, shop, tent):
        ref = put(shop, tent)
        contact = ContactFactory(basket_ref=ref)
        shop.pay(ref, at=NOW)

        sweep(NOW + 31 * MINUTE)

        watch = watch_of(ref)
        assert (watch.state, watch.quantity, watch.total) == (State.PAYMENT_INTERRUPTED, 2, Decimal("398.00"))
        assert [line["title"] for line in watch.lines] == ["Tent"]
        assert (watch.contact, watch.needs_a_person()) == (contact, True)

    def test_an_account_is_known(self, shop, tent):
        user = UserFactory()
        contact = ContactFactory(user=user)

        assert watch_of(leave(shop, tent, user_id=str(user.pk))).contact == contact

    @pytest.mark.parametrize(
        ("stored", "becomes"), [(Stored.IN_PAYMENT, State.PAYING), (Stored.SAVED, State.SUPPRESSED)]
    )
    def test_what_nobody_told_is_seen_at_last(self, shop, tent, stored, becomes, planned):
        ref = put(shop, tent)
        view = shop.baskets([ref])[ref]
        shop._shelf.baskets[ref] = type(view)(**{**vars(view), "state": stored})

        sweep(NOW + HOUR)

        assert watch_of(ref).state == becomes
        assert not planned

    def test_a_shop_that_is_away_loses_nothing(self, shop, tent, monkeypatch):
        ref = put(shop, tent)
        with monkeypatch.context() as away:
            away.setattr(MemoryStore, "baskets", lambda *args, **kwargs: 1 / 0)
            sweep(NOW + HOUR)
        before = watch_of(ref).state

        sweep(NOW + 2 * HOUR)

        assert (before, watch_of(ref).state) == (State.IDLE, State.ABANDONED)


class TestNoRow:
    def test_of_nobody(self, shop, tent):
        put(shop, tent, where=NOBODY)
        ref = put(shop, tent, where=NOBODY, user_id="7")

        assert watch_of(ref) == BasketWatch.objects.get()

    def test_of_staff(self, shop, tent):
        put(shop, tent, user_id="7", where=Surroundings(by_hand=True, is_staff=True))

        assert not BasketWatch.objects.exists()

    def test_of_what_is_empty_or_costs_nothing(self, shop, tent):
        gift = shop.add_product("Sticker", price=euros("0.00"))
        kept, emptied, free = put(shop, tent), put(shop, tent), put(shop, gift)
        shop.change(emptied, [], at=NOW, where=BROWSER)

        sweep(NOW + HOUR)

        assert [watch.ref for watch in BasketWatch.objects.all()] == [kept]
        assert not BasketWatch.objects.filter(ref__in=[emptied, free]).exists()

    def test_of_the_shops_past(self, silent, tent):
        old = [put(silent, tent, user_id=str(number), at=NOW - 3 * DAY) for number in range(3)]
        new = put(silent, tent, user_id="7", at=NOW - HOUR)

        sweep(NOW)

        assert [watch.ref for watch in BasketWatch.objects.all()] == [new]
        assert new not in old


class TestFinding:
    """By the store's own query, where no event told."""

    def test_an_accounts_basket_is_taken_in_once(self, silent, tent):
        ref = put(silent, tent, user_id="7", at=NOW - 90 * MINUTE)
        put(silent, tent, at=NOW - 90 * MINUTE)  # nobody knows whose, and whether a person filled it

        sweep(NOW)
        sweep(NOW + MINUTE)

        assert watch_of(ref) == BasketWatch.objects.get()
        assert steps(ref) == [State.IDLE, State.ABANDONED]

    def test_that_of_a_visitor_who_wrote(self, silent, tent):
        ref = put(silent, tent, at=NOW - 90 * MINUTE)
        contact = ContactFactory(basket_ref=ref)

        sweep(NOW)

        assert watch_of(ref).contact == contact

    def test_neither_an_empty_one_nor_one_for_nothing(self, silent, tent):
        gift = silent.add_product("Sticker", price=euros("0.00"))
        put(silent, gift, user_id="7", at=NOW - 90 * MINUTE)
        silent.add_basket([], user_id="8", last_activity=NOW - 90 * MINUTE)
        ref = put(silent, tent, user_id="9", at=NOW - 90 * MINUTE)

        sweep(NOW)

        assert [watch.ref for watch in BasketWatch.objects.all()] == [ref]

    def test_a_change_that_nobody_told_begins_anew(self, shop, tent):
        ref, same = leave(shop, tent, user_id="7"), leave(shop, tent, user_id="8")
        shop._shelf.listeners.clear()
        shop.change(ref, [shop.line(tent, 5)], at=NOW + 2 * HOUR)

        sweep(NOW + 150 * MINUTE)

        assert (watch_of(ref).episode, watch_of(ref).state) == (2, State.IDLE)
        assert (watch_of(same).episode, watch_of(same).state) == (1, State.ABANDONED)

    def test_it_reads_on_where_it_stopped(self, silent, tent, monkeypatch):
        monkeypatch.setattr("shopchat.carts.discovery.PAGE", 2)
        refs = [put(silent, tent, user_id=str(n), at=NOW - 90 * MINUTE + n * MINUTE) for n in range(5)]
        pages = []
        original = MemoryStore.find_idle

        def failing(self, **kwargs):
            pages.append(kwargs)
            if len(pages) == 3:
                raise ConnectionError
            return original(self, **kwargs)

        monkeypatch.setattr(MemoryStore, "find_idle", failing)

        sweep(NOW)
        cursor = SweepCursor.objects.get().idle_until
        before = BasketWatch.objects.count()
        sweep(NOW + MINUTE)

        assert (before, cursor) == (4, NOW - 87 * MINUTE)
        assert {watch.ref for watch in BasketWatch.objects.all()} == set(refs)

    def test_what_was_told_of_another_moment_is_neither_taken_in_again_nor_forgotten(self, shop, tent):
        """Clocks differ, and what is known is looked for by its moment first."""
        early, late, exact, untold = (put(shop, tent, user_id=str(number)) for number in range(4))
        for ref, moment in ((early, NOW - HOUR), (late, NOW + 5 * MINUTE)):
            BasketWatch.objects.filter(ref=ref).update(last_activity=moment)
        BasketWatch.objects.filter(ref=untold).delete()
        put(shop, tent, user_id="7", at=NOW - MINUTE)
        run = Run(NOW + 30 * MINUTE)

        news = discovery.take_in_idle(run)

        assert news == 2
        assert [watch_of(ref).last_activity for ref in (early, late, exact, untold)] == [
            NOW,
            NOW + 5 * MINUTE,
            NOW,
            NOW,
        ]

    def test_how_far_it_has_read_never_goes_back(self):
        cursor = cursors.cursor_of("memory", NOW)
        other = cursors.cursor_of("memory", NOW)
        cursor.idle_until, cursor.orders_until = NOW, NOW - HOUR
        other.idle_until, other.orders_until = NOW - MINUTE, NOW

        cursors.keep(cursor)
        cursors.keep(other)

        kept = SweepCursor.objects.get()
        assert (kept.idle_until, kept.orders_until) == (NOW, NOW)


class TestEpisodes:
    @pytest.mark.parametrize("state", states.LEFT)
    def test_a_change_of_a_basket_that_was_left_begins_another(self, shop, tent, state):
        ref = leave(shop, tent)
        if state != State.ABANDONED:
            states.move(watch_of(ref), state, at=NOW + HOUR)

        shop.change(ref, [shop.line(tent)], at=NOW + 2 * HOUR, where=BROWSER)

        watch = watch_of(ref)
        assert (watch.state, watch.episode, watch.last_activity) == (State.ACTIVE, 2, NOW + 2 * HOUR)
        sweep(NOW + 3 * HOUR)
        assert watch_of(ref).abandoned_at == NOW + 3 * HOUR

    def test_of_one_that_was_only_idle_does_not(self, shop, tent):
        ref = put(shop, tent)
        sweep(NOW + 30 * MINUTE)

        shop.change(ref, [shop.line(tent)], at=NOW + 40 * MINUTE, where=BROWSER)

        assert (watch_of(ref).state, watch_of(ref).episode) == (State.ACTIVE, 1)
        assert steps(ref) == [State.IDLE, State.ACTIVE]

    def test_what_was_planned_is_called_off(self, shop, left):
        ref, now = left.watch.ref, timezone.now()
        other = left.leave()
        observing.connect()

        shop.change(ref, [shop.line(left.tent)], at=now, where=BROWSER)
        sweep(now + MINUTE)

        assert set(Touch.objects.about(ref).values_list("state", "reason")) == {("cancelled", "changed")}
        assert set(Touch.objects.about(other.ref).values_list("state", flat=True)) == {"planned"}

    def test_a_basket_that_is_emptied_after_it_was_left(self, shop, tent, planned):
        ref = leave(shop, tent)
        planned.clear()
        shop.change(ref, [], at=NOW + 2 * HOUR, where=BROWSER)

        sweep(NOW + 3 * HOUR)

        assert watch_of(ref).state == State.EMPTIED
        assert not planned
        shop.change(ref, [shop.line(tent)], at=NOW + 4 * HOUR, where=BROWSER)
        assert (watch_of(ref).state, watch_of(ref).episode) == (State.ACTIVE, 3)

    def test_one_that_the_shop_tidied_away_is_given_up(self, shop, tent):
        ref = leave(shop, tent)
        shop.change(ref, [shop.line(tent)], at=NOW + 2 * HOUR, where=BROWSER)
        shop.remove_basket(ref)

        sweep(NOW + 3 * HOUR)

        assert (watch_of(ref).state, watch_of(ref).reason) == (State.EXPIRED, "gone")
        assert watch_of(ref).lines

    def test_a_basket_whose_cookie_is_lost_is_left_like_any_other(self, shop, tent):
        """The browser holds another one now; the old one is still in the shop, and its lines are with us."""
        lost, new = put(shop, tent), put(shop, tent, at=NOW + 50 * MINUTE)

        sweep(NOW + HOUR)

        assert (watch_of(lost).state, watch_of(new).state) == (State.ABANDONED, State.ACTIVE)
        assert watch_of(lost).lines

    def test_coming_back_is_noted_once(self, shop, tent):
        ref = leave(shop, tent)

        assert returning.note_return(watch_of(ref), NOW + 2 * HOUR)
        assert not returning.note_return(watch_of(ref), NOW + 3 * HOUR)

        assert watch_of(ref).returned_at == NOW + 2 * HOUR
        assert not returning.note_return(watch_of(put(shop, tent)), NOW)


def test_a_rule_switched_on_over_old_baskets_plans_nothing(shop, tent, planned):
    """Rows that we have, and baskets of which nobody ever told."""
    old = NOW - 20 * DAY
    rows = BasketWatchFactory.build_batch(
        10_000, inbox=InboxFactory(), last_activity=old, abandoned_at=old, state_at=old
    )
    BasketWatch.objects.bulk_create(rows)
    shop._shelf.listeners.clear()
    put(shop, tent, user_id="7", at=old)
    CartRules.objects.create(inbox=InboxFactory(), mails=True, mails_since=NOW)

    sweep(NOW)
    sweep(NOW + MINUTE)

    assert not planned
    assert not Touch.objects.exists()
    assert BasketWatch.objects.count() == 10_000


def test_a_batch_costs_the_same_however_many_are_in_it(silent, tent):
    def queries(number, at):
        for one in range(number):
            put(silent, tent, user_id=f"{at:%H%M}{one}", at=at)
        with CaptureQueriesContext(connection) as captured:
            sweep(at + 90 * MINUTE)
        return len(captured)

    InboxFactory()
    sweep(NOW)  # makes the cursor
    # No more, because SQLite takes few values at once.
    few, many = queries(2, NOW + HOUR), queries(12, NOW + 4 * HOUR)

    assert few == many
    assert BasketWatch.objects.filter(state=State.ABANDONED).count() == 14
