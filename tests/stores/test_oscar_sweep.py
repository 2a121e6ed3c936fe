"""Baskets of a real Oscar, by its own pages and its own classes: filled, left, merged, paid for, ordered."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

if not project.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.contacts.models import Contact
from shopchat.stores import oscar_events
from shopchat.stores.oscar_rows import basket_ref
from shopchat.touches.models import Touch
from tests.carts.passing import HOUR, MINUTE, State, steps, watch_of
from tests.factories import InboxFactory
from tests.stores.oscar_shop import make_basket, make_order, make_product, place_order, with_strategy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:(update|remove) is not implemented in this backend:UserWarning"),
]
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148"
Basket = get_model("basket", "Basket")


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def customer(committed):
    """A browser that puts things into its basket."""

    class Customer:
        browser = Client()

        def put(self, product):
            with committed():
                self.browser.post(f"/basket/add/{product.pk}/", {"quantity": 1}, headers={"User-Agent": PHONE})
            return basket_ref(Basket.objects.latest("pk"))

        def sign_in(self, user):
            self.browser.force_login(user)
            with committed():
                self.browser.get("/basket/")

    return Customer()


@pytest.fixture
def olena(db):
    return get_user_model().objects.create_user("olena", "olena@example.test", "secret")


@pytest.fixture
def silent(monkeypatch):
    """Nobody listens inside the block."""

    @contextmanager
    def silence():
        with monkeypatch.context() as patched:
            patched.setattr(oscar_events, "listeners", [])
            yield

    return silence


@pytest.fixture
def tent(db):
    InboxFactory()
    return make_product("Tent", price="199.00", stock=9)


def row(ref):
    return Basket.objects.get(pk=ref.split(":")[1])


def hours(number):
    return timezone.now() + number * HOUR


def test_from_the_first_click_to_the_order(customer, tent):
    ref = customer.put(tent)
    sweep(hours(1))
    left = watch_of(ref)

    number = place_order(with_strategy(row(ref)), email="guest@example.test").number
    sweep(timezone.now() + MINUTE)

    assert (left.state, left.quantity, left.currency, left.device) == (State.ABANDONED, 1, "EUR", "phone")
    assert left.lines[0]["title"] == "Tent"
    assert watch_of(ref).order_number == str(number)
    assert steps(ref) == [State.IDLE, State.ABANDONED, State.ORDERED]


def test_a_basket_that_somebody_only_looks_at_goes_on_being_left(customer, tent):
    ref = customer.put(tent)
    sweep(hours(1))

    for page in ("/basket/", tent.get_absolute_url()):
        customer.browser.get(page)
    sweep(hours(2))

    assert (watch_of(ref).state, watch_of(ref).episode) == (State.ABANDONED, 1)


def test_signing_in_takes_the_story_along(customer, tent, olena):
    own = basket_ref(make_basket((make_product("Stove"), 1), owner=olena))
    ref = customer.put(tent)
    sweep(hours(1))
    left_at = watch_of(ref).abandoned_at

    customer.sign_in(olena)

    assert (watch_of(ref).state, watch_of(ref).merged_into) == (State.MERGED, own)
    assert watch_of(own).abandoned_at == left_at
    assert watch_of(own).user_id_text == str(olena.pk)
    assert not row(ref).lines.exists()
    assert watch_of(ref).lines


def test_a_cookie_that_is_lost_loses_no_basket(customer, tent):
    lost = customer.put(tent)
    customer.browser.cookies.clear()
    new = customer.put(tent)

    sweep(hours(1))

    assert lost != new
    assert {watch_of(lost).state, watch_of(new).state} == {State.ABANDONED}


def test_a_redirect_to_a_payment_from_which_nobody_returns(customer, tent, committed):
    ref = customer.put(tent)
    with committed():
        row(ref).freeze()

    sweep(timezone.now() + 31 * MINUTE)

    assert watch_of(ref).state == State.PAYMENT_INTERRUPTED
    assert row(ref).status == "Frozen"


def test_an_order_of_the_dashboard_for_the_same_account(customer, tent, olena, committed):
    customer.browser.force_login(olena)
    ref = customer.put(tent)
    sweep(hours(1))

    order = make_order(user=olena, placed_at=hours(1))

    assert (watch_of(ref).state, watch_of(ref).reason) == (State.ORDERED, "elsewhere")
    assert watch_of(ref).order_number == order.number


def test_an_order_by_sql_is_found_by_the_sweep(customer, tent, olena, silent):
    customer.browser.force_login(olena)
    ref = customer.put(tent)
    sweep(hours(1))
    with silent():
        order = make_order(user=olena, placed_at=hours(1))
    before = watch_of(ref).state

    sweep(hours(2))

    assert (before, watch_of(ref).state) == (State.ABANDONED, State.ORDERED)
    assert watch_of(ref).order_number == order.number


def test_an_order_that_is_cancelled_later(customer, tent):
    ref = customer.put(tent)
    sweep(hours(1))
    order = place_order(with_strategy(row(ref)), email="guest@example.test")
    sweep(hours(1))
    get_model("order", "Order").objects.filter(pk=order.pk).update(status="Cancelled")

    sweep(hours(30))

    assert watch_of(ref).order_cancelled_at is not None


def test_a_checkout_pays_three_queries(customer, tent, olena, silent):
    """Beside two savepoints: Oscar's listener and ours each keep an error of theirs from the order."""
    customer.browser.force_login(olena)
    refs = [customer.put(tent), basket_ref(make_basket((tent, 1), owner=olena))]
    BasketWatch.objects.update(user_id_text=str(olena.pk))

    def place(ref):
        basket = with_strategy(row(ref))
        with CaptureQueriesContext(connection) as captured:
            place_order(basket, user=olena)
            return [one["sql"].lstrip("(").split()[0] for one in captured]

    with silent():
        place(basket_ref(make_basket((tent, 1))))  # fills caches
        alone = place(refs[1])
    told = place(refs[0])

    words = ("SELECT", "UPDATE", "INSERT", "DELETE", "SAVEPOINT")
    assert [told.count(word) - alone.count(word) for word in words] == [1, 2, 0, 0, 2]


def test_a_shops_past_is_left_alone(tent, olena, silent):
    taras = get_user_model().objects.create(username="taras")
    with silent():
        old, new = (make_basket((tent, 1), owner=owner) for owner in (olena, taras))
    lines = get_model("basket", "Line").objects
    lines.filter(basket=old).update(date_updated=timezone.now() - timedelta(days=30))
    lines.filter(basket=new).update(date_updated=timezone.now() - HOUR)

    sweep()

    assert [watch.ref for watch in BasketWatch.objects.all()] == [basket_ref(new)]


def test_before_the_first_migration_the_shop_fills_merges_and_sells(customer, olena, tent, committed, monkeypatch):
    """Whoever updates us and migrates later loses what we would have noted, and no order."""
    for model in (BasketWatch, Touch, CartRules, Contact):
        monkeypatch.setattr(model._meta, "db_table", f"missing_{model._meta.db_table}")

    customer.put(tent)
    customer.sign_in(olena)
    basket = with_strategy(Basket.open.get(owner=olena))
    with committed():
        order = place_order(basket, user=olena)

    assert get_model("order", "Order").objects.get() == order
    assert basket.num_lines == 1
