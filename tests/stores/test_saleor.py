import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone
from graphql import parse, validate

from shopchat.core.money import Money
from shopchat.stores import saleor_events, saleor_queries
from shopchat.stores.abilities import NotSigned
from shopchat.stores.base import Person, State
from shopchat.stores.saleor import SaleorStore
from shopchat.stores.saleor_api import NoSaleor
from shopchat.stores.saleor_rows import basket_ref, basket_view, checkout_id, order_view
from tests.stores.contract import StoreContract, request_with
from tests.stores.contract_abilities import FindsIdleContract, FindsOrdersContract, TellsEventsContract
from tests.stores.saleor_shop import URL, SaleorShop, recorded, schema

CHECKOUT = "Q2hlY2tvdXQ6MDI3OGUwNGUtZTI3ZS00MDM4LWE0NDQtYjY5YTFkMGJlZWVk"


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def shop():
    with SaleorShop().answering() as shop:
        yield shop


@pytest.fixture
def store(shop):
    return saleor()


def saleor():
    return SaleorStore(API_URL=URL, APP_TOKEN="token", PRODUCT_URL="https://shop.example.test/p/{slug}")


class Listener:
    """Remembers what it was told, and what could be read of the basket meanwhile."""

    def __init__(self, store):
        self.store, self.heard, self.views = store, [], {}

    def basket_touched(self, ref, *, at, person, where):
        self.heard.append(("touched", ref, at))
        self.views |= self.store.baskets([ref])
        self.person, self.where = person, where

    def contact_seen(self, ref, email):
        self.heard.append(("seen", ref, email))

    def payment_started(self, ref, *, at):
        self.heard.append(("paying", ref, at))

    def order_placed(self, order):
        self.heard.append(("ordered", order.basket, order.number))
        self.order = order


@pytest.fixture
def listener(store, monkeypatch):
    monkeypatch.setattr(saleor_events, "listeners", [])
    monkeypatch.setattr("shopchat.stores.saleor.listeners", saleor_events.listeners)
    listener = Listener(store)
    store.connect(listener)
    store.connect(listener)
    return listener


def receive(store, signature, body, known=lambda ref: None):
    store.receive({"Saleor-Signature": signature}, body, known_until=known)


class TestSaleorStore(TellsEventsContract, FindsOrdersContract, FindsIdleContract, StoreContract):
    @pytest.fixture(autouse=True)
    def _shop(self, shop):
        self.shop = shop

    def make_store(self):
        return saleor()

    def make_user(self, email="olena@example.test"):
        return self.shop.add_user(email)

    def make_product(self, title, *, stock=5, public=True):
        return self.shop.add_product(title, stock=stock, public=public)

    def make_basket(self, *lines, user_id=None, state=State.OPEN):
        row = self.shop.add_checkout(*lines, user_id=user_id, is_paid=state is State.IN_PAYMENT)
        return basket_ref(row["id"])

    def remove_basket(self, ref):
        del self.shop.checkouts[checkout_id(ref)]

    def make_order(self, *, user_id=None, email="", placed_at=None, basket=None, lines=()):
        """Its filter by address heeds case, so that a guest's address must be as we ask for it."""
        checkout = checkout_id(basket) if basket else None
        row = self.shop.add_order(
            user_id=user_id, email=email.lower(), placed_at=placed_at, checkout_id=checkout, lines=lines
        )
        return row["number"]

    def cancel_order(self, number):
        next(row for row in self.shop.orders if row["number"] == number)["status"] = "CANCELED"

    @pytest.mark.parametrize("state", [State.OPEN, State.IN_PAYMENT])
    def test_a_basket_tells_its_state(self, store, tent, state):
        """It has no other: an ordered checkout is deleted, and none is kept for later or merged."""
        assert store.baskets([ref := self.make_basket((tent, 1), state=state)])[ref].state is state

    # The storefront is another site: nobody's browser sends its cookies here, and its accounts are not ours.
    test_an_anonymous_basket_is_found_by_its_cookie_with_one_query = None
    test_a_tampered_cookie_finds_nothing = None
    test_a_cookie_opens_no_basket_of_an_account = None
    test_a_deleted_basket_is_not_current = None
    test_only_an_open_basket_is_current = None
    test_the_newest_open_basket_of_an_account_is_current_with_one_query = None
    test_an_account_goes_before_a_cookie = None
    test_a_basket_from_before_signing_in_is_still_found = None
    test_the_basket_of_an_account_is_found_without_its_request = None
    test_an_address_alone_finds_no_basket = None

    # Saleor finds no idle checkouts; its webhooks tell of all.
    test_baskets_are_found_by_the_moment_they_were_left_the_earliest_first = None
    test_an_idle_basket_says_whose_it_is_and_when_it_was_left = None
    test_only_open_baskets_and_those_in_payment_are_idle = None
    test_the_empty_the_free_the_ordered_and_those_of_staff_are_not_idle = None
    test_pages_of_idle_baskets_meet_without_gap_or_double = None
    test_a_basket_that_was_touched_again_is_found_again_later = None
    test_idle_baskets_cost_one_query = None

    # What it tells comes signed over HTTP, as recorded: see TestEvents.
    test_a_basket_is_touched_when_it_is_filled_changed_and_emptied = None
    test_a_merge_is_told_with_both_baskets = None
    test_a_payment_begins_and_fails = None
    test_an_order_is_told_once_and_at_once = None
    test_an_order_without_basket_or_account_is_told = None

    def test_nobody_has_a_current_basket(self, store, tent):
        user_id = self.make_user()
        self.make_basket((tent, 1), user_id=user_id)

        assert store.current_basket(request_with(user_id=user_id)) is None
        assert store.basket_of(Person(user_id)) is None


class TestQuestions:
    @pytest.mark.parametrize(
        "query",
        [
            saleor_queries.ORDERS,
            saleor_queries.PRODUCTS,
            saleor_queries.SUBSCRIPTION,
            saleor_queries.checkouts(20),
        ],
    )
    def test_they_are_valid_under_the_published_schema(self, query):
        assert validate(schema(), parse(query)) == []
        assert validate(schema(), parse(query.replace("id", "ident", 1)))

    def test_baskets_are_asked_for_together(self, shop, store):
        tent = shop.add_product("Tent", stock=5, public=True)
        refs = [basket_ref(shop.add_checkout((tent, 1))["id"]) for _ in range(20)]

        assert list(store.baskets(refs)) == refs
        assert shop.questions == 1

    def test_a_customers_request_asks_nothing(self, shop, store):
        tent = shop.add_product("Tent", stock=5, public=True)
        ref = basket_ref(shop.add_checkout((tent, 1))["id"])

        assert store.baskets([ref], request=request_with()) == {}
        assert store.search_products("tent", request=request_with()) == ()
        assert shop.questions == 0
        assert store.baskets([ref])

    def test_accounts_of_this_site_are_not_asked_for(self, shop, store):
        assert store.recent_orders([Person("7")], since=timezone.now()) == {}
        assert shop.questions == 0

    def test_one_that_is_down_is_left_alone_for_a_while(self, shop, store):
        shop.is_down = True
        for code in ("no_connection", "resting"):
            with pytest.raises(NoSaleor, match=code):
                store.orders_by_number(["21"])

    def test_orders_by_number(self, shop, store):
        order = shop.add_order(user_id=None, email="a@example.test", placed_at=None, checkout_id=None, lines=[])
        order["status"] = "CANCELED"

        found = store.orders_by_number(["21", "22", "x"])

        assert list(found) == ["21"]
        assert found["21"].is_cancelled

    def test_orders_are_read_on_by_hundreds(self, shop, store):
        now = timezone.now()
        for minutes in range(230):
            at = now - timedelta(minutes=minutes)
            shop.add_order(user_id=None, email="", placed_at=at, checkout_id=None, lines=[])

        all_of_them = store.orders_since(now - timedelta(days=1))
        first = store.orders_since(now - timedelta(days=1), limit=150)
        rest = store.orders_since(now - timedelta(days=1), after=(first[-1].placed_at, first[-1].number))

        assert len({order.number for order in all_of_them}) == 230
        assert [*first, *rest] == list(all_of_them)
        assert store.orders_since(now + timedelta(minutes=1)) == []

    def test_an_error_names_nobody(self, shop, store, monkeypatch):
        monkeypatch.setattr(saleor_queries, "ORDERS", "query { olena }")
        monkeypatch.setattr("shopchat.stores.saleor.ORDERS", "query { olena }")

        with pytest.raises(NoSaleor) as raised:
            store.orders_by_number(["21"])

        assert "olena" not in str(raised.value)


class TestRefs:
    def test_the_id_is_not_in_it_and_comes_back(self):
        ref = basket_ref(CHECKOUT)

        assert checkout_id(ref) == CHECKOUT
        assert basket_ref(CHECKOUT) == ref
        assert CHECKOUT not in ref
        assert "0278e04e" not in ref
        assert len(ref) < 60

    def test_one_made_up_opens_nothing(self):
        ref = basket_ref(CHECKOUT)

        assert checkout_id(ref[:-2] + ("A" if ref[-2] != "A" else "B") + ref[-1]) is None
        assert checkout_id("oscar:1:2026") is None

    def test_a_former_key_still_opens_it(self, settings):
        ref = basket_ref(CHECKOUT)
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"

        assert checkout_id(ref) == CHECKOUT

        settings.SECRET_KEY_FALLBACKS = []
        assert checkout_id(ref) is None


class TestRecorded:
    def test_a_checkout(self):
        row = json.loads(recorded()[1][1])["checkout"]

        view = basket_view(row, "https://shop.example.test/p/{slug}")

        assert [(line.title, line.quantity) for line in view.lines] == [("Apple Juice", 1), ("Monospace Tee (S)", 2)]
        assert view.lines[1].url == "https://shop.example.test/p/ascii-tee"
        assert view.total == Money(Decimal("41.99"), "USD")
        assert view.last_activity == datetime(2026, 11, 21, 23, 2, 19, 85505, tzinfo=UTC)
        assert view.person == Person(), "a typed address is nobody's"

    def test_an_order(self):
        row = next(json.loads(body)["order"] for _, body in recorded() if b"OrderCreated" in body)

        order = order_view(row)

        assert (order.number, order.person.email, order.total) == (
            "21",
            "guest@example.com",
            Money(Decimal("41.99"), "USD"),
        )


@pytest.mark.django_db
class TestSignatures:
    def test_every_recorded_one_is_right_and_one_look_at_the_keys_is_enough(self, shop, store, listener):
        for signature, body in recorded():
            receive(store, signature, body)

        assert shop.looks_at_keys == 1
        assert shop.questions == 0, "what was told need not be asked"

    def test_one_changed_byte_is_refused(self, store, listener):
        signature, body = recorded()[0]
        receive(store, signature, body)
        heard = len(listener.heard)

        for changed in (body.replace(b'"quantity": 1', b'"quantity": 2', 1), body + b" ", body[:-1]):
            assert changed != body
            with pytest.raises(NotSigned):
                receive(store, signature, changed)
        with pytest.raises(NotSigned):
            receive(store, recorded()[1][0], body)

        assert len(listener.heard) == heard

    @pytest.mark.parametrize(
        "signature",
        ["", "0f" * 32, "a.b", "a..b", "eyJhbGciOiJub25lIn0..", "é..é"],
        ids=["none", "the older kind", "two parts", "no header", "no algorithm", "no ASCII"],
    )
    def test_what_is_no_such_signature_is_refused_without_asking_for_keys(self, shop, store, listener, signature):
        with pytest.raises(NotSigned):
            receive(store, signature, recorded()[0][1])

        assert shop.looks_at_keys == 0

    def test_keys_are_looked_up_once_more_when_they_change_and_not_more_often(self, shop, store, listener):
        signature, body = recorded()[0]
        ours, shop.keys = shop.keys, {"keys": [{**shop.keys["keys"][0], "kid": "older"}]}
        with pytest.raises(NotSigned):
            receive(store, signature, body)
        shop.keys = ours

        with pytest.raises(NotSigned):
            receive(store, signature, body)
        assert shop.looks_at_keys == 1
        cache.delete_many([key for key in _keys_of_cache() if key.endswith(":looked")])
        receive(store, signature, body)
        assert shop.looks_at_keys == 2

    def test_without_keys_saleor_is_to_send_it_once_more(self, shop, store, listener):
        shop.is_down = True

        with pytest.raises(NoSaleor):
            receive(store, *recorded()[0])


@pytest.mark.django_db
class TestEvents:
    def test_a_guests_way_to_an_order(self, store, listener):
        first = json.loads(recorded()[6][1])["checkout"]["id"]
        for signature, body in recorded()[6:17]:
            receive(store, signature, body)

        ref = basket_ref(first)
        assert {about for _what, about, _ in listener.heard} == {ref}
        assert [what for what, _, _ in listener.heard if what != "seen"] == [
            *["touched"] * 7,
            "paying",
            *["ordered"] * 4,
        ]
        assert ("seen", ref, "guest@example.com") in listener.heard
        assert listener.views[ref].quantity == 3
        assert listener.views[ref].state is State.IN_PAYMENT
        assert (listener.where.currency, listener.where.language) == ("USD", "en")
        assert (listener.order.number, listener.order.basket) == ("21", ref)

    def test_what_is_known_already_or_comes_too_late_is_not_told(self, store, listener):
        known = {}
        for signature, body in [*recorded()[:6], *reversed(recorded()[:6])]:
            receive(store, signature, body, known.get)
            known |= {ref: at for what, ref, at in listener.heard if what == "touched"}

        moments = [at for what, _, at in listener.heard if what == "touched"]
        assert len(moments) == 5, "two of the six are of the same moment"
        assert moments == sorted(moments)

    def test_in_any_order_the_latest_wins(self, store, listener):
        known = {}
        for signature, body in reversed(recorded()[:6]):
            receive(store, signature, body, known.get)
            known |= {ref: at for what, ref, at in listener.heard if what == "touched"}

        assert len([one for one in listener.heard if one[0] == "touched"]) == 1
        assert next(iter(listener.views.values())).quantity == 3


def test_an_address_that_may_not_be_asked_is_found_by_the_checks():
    assert saleor().check() == []
    assert SaleorStore(API_URL="http://127.0.0.1:8000/graphql/", APP_TOKEN="t", IS_PRIVATE=True).check() == []
    for url in ("http://saleor.example.test/graphql/", "saleor.example.test", ""):
        assert [found.id for found in SaleorStore(API_URL=url, APP_TOKEN="t").check()] == ["shopchat.E103"]


def _keys_of_cache():
    return [key.split(":", 2)[2] for key in cache._cache]
