"""What the store tells while it happens: noted once, at a small price, and never in the shop's way."""

import logging
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from shopchat.carts import observing
from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketWatch
from shopchat.stores.base import BasketRef, Person
from shopchat.stores.moving import Placed, Surroundings
from tests.carts.left import MEMORY
from tests.carts.passing import BROWSER, HOUR, MINUTE, NOW, State, leave, put, steps, watch_of
from tests.factories import InboxFactory

pytestmark = pytest.mark.django_db


def statements(captured):
    """Without the savepoints, which ask the database nothing."""
    return [one["sql"] for one in captured if "SAVEPOINT" not in one["sql"]]


def touched(ref, *, at=NOW, person=None, where=BROWSER):
    with CaptureQueriesContext(connection) as captured:
        observing.observer.basket_touched(ref, at=at, person=person or Person(), where=where)
    return len(statements(captured))


class TestPrice:
    @pytest.fixture(autouse=True)
    def _inbox(self):
        InboxFactory()

    def test_of_a_new_basket(self, shop):
        assert touched(BasketRef("memory:new")) <= 3

        assert watch_of("memory:new").state == State.ACTIVE

    def test_of_one_that_is_being_filled(self, shop, tent):
        ref = put(shop, tent)

        assert touched(ref, at=NOW + MINUTE) <= 2

        assert watch_of(ref).last_activity == NOW + MINUTE

    def test_of_one_that_was_left(self, shop, tent):
        ref = leave(shop, tent)

        assert touched(ref, at=NOW + 2 * HOUR) <= 3

        assert watch_of(ref).episode == 2

    def test_of_one_that_is_nobodys(self, shop):
        assert touched(BasketRef("memory:new"), where=Surroundings()) == 1


def test_the_first_site_of_all_is_made(shop):
    touched(BasketRef("memory:new"))

    assert watch_of("memory:new").inbox.hostname == ""


def test_a_browser_is_remembered(shop, tent):
    ref = put(shop, tent, user_id="7", where=Surroundings())
    before = watch_of(ref).by_hand

    touched(ref, at=NOW + MINUTE)

    assert (before, watch_of(ref).by_hand) == (False, True)
    assert (watch_of(ref).user_id_text, watch_of(ref).language) == ("7", "ru")


def test_a_variety_is_noted_as_the_language_that_the_shop_lists(shop, tent):
    ref = put(shop, tent)

    touched(ref, at=NOW + MINUTE, where=Surroundings(language="en-us"))

    assert watch_of(ref).language == "en"


def test_staff_who_change_a_customers_basket_are_not_the_customer(shop, tent):
    ref = put(shop, tent)

    touched(ref, at=NOW + MINUTE, person=Person("1"), where=Surroundings(language="en", is_staff=True))

    assert (watch_of(ref).user_id_text, watch_of(ref).language) == ("", "ru")
    assert watch_of(ref).last_activity == NOW + MINUTE


def test_news_that_come_late_do_not_turn_the_clock_back(shop, tent):
    ref = put(shop, tent)

    touched(ref, at=NOW - MINUTE)

    assert watch_of(ref).last_activity == NOW


def test_the_address_of_a_guest_is_not_stored(shop, tent):
    ref, other = put(shop, tent), put(shop, tent)

    shop.type_email(ref, "olena@mail.example")

    assert len(watch_of(ref).email_hash) == 64
    assert not watch_of(other).email_hash
    assert "olena" not in str(vars(watch_of(ref)))


def test_what_is_rolled_back_did_not_happen(tent, shop, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.undo()
    with override_settings(SHOPCHAT=MEMORY), django_capture_on_commit_callbacks(execute=True):
        kept = put(shop, tent)
        with transaction.atomic():
            put(shop, tent)
            transaction.set_rollback(True)

    assert [watch.ref for watch in BasketWatch.objects.all()] == [kept]


@pytest.mark.parametrize(
    ("told", "breaks"),
    [
        (lambda events, ref: events.basket_touched(ref, at=NOW, person=Person(), where=BROWSER), "episodes.touch"),
        (lambda events, ref: events.contact_seen(ref, "olena@mail.example"), "guests.note_address"),
        (lambda events, ref: events.basket_merged(ref, ref), "merging.merge"),
        (lambda events, ref: events.payment_started(ref, at=NOW), "payments.start"),
        (lambda events, ref: events.payment_failed(ref, at=NOW), "payments.fail"),
        (lambda events, ref: events.order_placed(Placed(number="1", placed_at=NOW)), "ordering.order_placed"),
    ],
)
def test_nothing_of_ours_breaks_a_shop(shop, tent, monkeypatch, caplog, told, breaks):
    ref = put(shop, tent)

    def broken(*args, **kwargs):
        BasketWatch.objects.create(ref=ref)  # an error of the database, too, spoils nothing around it

    monkeypatch.setattr(f"shopchat.carts.observing.{breaks}", broken)

    with caplog.at_level(logging.ERROR):
        told(observing.observer, ref)

    assert watch_of(ref).ref == ref
    assert "IntegrityError" in caplog.text
    assert "olena" not in caplog.text


def test_connecting_again_changes_nothing(shop, tent):
    observing.connect()

    with CaptureQueriesContext(connection) as captured:
        put(shop, tent, where=Surroundings())

    assert len(statements(captured)) == 1


@pytest.mark.parametrize("store", ["shopchat.stores.base.NoStore", "nowhere.Store"])
def test_a_store_that_tells_nothing_is_no_error(store):
    with override_settings(SHOPCHAT={"STORE": {"BACKEND": store}}):
        observing.connect()
        assert sweep(NOW) == 0


class TestPaying:
    def test_a_payment_that_ends_well(self, shop, tent):
        ref = put(shop, tent)

        shop.pay(ref, at=NOW + MINUTE)
        sweep(NOW + 20 * MINUTE)
        before = watch_of(ref).state
        shop.add_order(basket=ref, placed_at=NOW + 21 * MINUTE)
        sweep(NOW + HOUR)

        assert before == State.PAYING
        assert steps(ref) == [State.PAYING, State.ORDERED]

    def test_one_that_is_left_is_a_task(self, shop, tent):
        ref, other = put(shop, tent), put(shop, tent)
        shop.pay(ref, at=NOW)

        sweep(NOW + 29 * MINUTE)
        before = watch_of(ref).state
        sweep(NOW + 31 * MINUTE)

        assert (before, watch_of(ref).state) == (State.PAYING, State.PAYMENT_INTERRUPTED)
        assert list(BasketWatch.objects.needing_a_person()) == [watch_of(ref)]
        assert watch_of(other).state == State.IDLE
        sweep(NOW + 40 * timedelta(days=1))
        assert steps(ref) == [State.PAYING, State.PAYMENT_INTERRUPTED, State.EXPIRED]

    def test_one_that_is_declined_is_one_at_once(self, shop, tent):
        ref = put(shop, tent)
        shop.pay(ref, at=NOW)

        shop.fail(ref, at=NOW + MINUTE)

        assert (watch_of(ref).state, watch_of(ref).reason) == (State.PAYMENT_INTERRUPTED, "declined")
        assert watch_of(ref).needs_a_person()

    @pytest.mark.parametrize("again", ["pay", "change", "order"])
    def test_whoever_tries_again_needs_nobody(self, shop, tent, again):
        ref = put(shop, tent)
        shop.pay(ref, at=NOW)
        shop.fail(ref, at=NOW + MINUTE)

        if again == "pay":
            shop.pay(ref, at=NOW + 2 * MINUTE)
        elif again == "change":
            shop.change(ref, [shop.line(tent)], at=NOW + 2 * MINUTE)
        else:
            shop.add_order(basket=ref, placed_at=NOW + 2 * MINUTE)

        assert not watch_of(ref).needs_a_person()

    def test_help_that_was_given_counts_when_it_happens_again(self, shop, tent):
        ref = put(shop, tent)
        shop.pay(ref, at=NOW)
        shop.fail(ref, at=NOW + MINUTE)
        BasketWatch.objects.update(helped_at=NOW + 2 * MINUTE)
        shop.pay(ref, at=NOW + 3 * MINUTE)

        shop.fail(ref, at=NOW + 4 * MINUTE)

        assert watch_of(ref).needs_a_person()
        assert watch_of(ref).contacted_at == NOW + 2 * MINUTE

    def test_an_order_that_nobody_told_is_found_in_time(self, shop, tent):
        ref = put(shop, tent)
        shop.pay(ref, at=NOW)
        shop._shelf.listeners.clear()
        shop.add_order(basket=ref, placed_at=NOW + MINUTE)

        sweep(NOW + HOUR)

        assert steps(ref) == [State.PAYING, State.ORDERED]

    def test_one_that_was_begun_before_anybody_watched(self, shop, tent):
        shop._shelf.listeners.clear()
        ref = put(shop, tent, user_id="7", at=NOW - HOUR)
        shop.pay(ref)

        sweep(NOW)

        assert watch_of(ref).state == State.PAYMENT_INTERRUPTED


def test_states_are_told_in_the_order_of_time(shop, tent):
    """A payment that is told after its order changes nothing."""
    ref = put(shop, tent)
    shop.add_order(basket=ref, placed_at=NOW)

    observing.observer.payment_started(ref, at=NOW)
    observing.observer.payment_failed(ref, at=NOW)
    touched(ref, at=NOW + MINUTE)

    assert watch_of(ref).state == State.ORDERED
    assert not watch_of(ref).needs_a_person()
