"""What every store must pass. Inherit, say in the hooks how your shop makes things, keep the tests.

The requests given to a store here explode when it touches what it may not: `request.basket`, and the session of
somebody without a session cookie.
"""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from shopchat.stores import abilities
from shopchat.stores.base import BasketRef, BasketView, OrderView, Person, ProductCard, State, Store
from tests.stores.counting import queries_of

PLAIN = (str, int, bool, Decimal, datetime, Enum, type(None))
YEAR = timedelta(days=365)
ABILITIES = (
    abilities.TellsEvents,
    abilities.FindsIdle,
    abilities.FindsPayments,
    abilities.FindsOrders,
    abilities.Restores,
    abilities.ChangesLines,
    abilities.Recommends,
    abilities.IssuesVouchers,
)


class HostRequest(WSGIRequest):
    """A request of the shop's, with alarms."""

    @property
    def basket(self):
        raise AssertionError("request.basket was touched")

    opened = None

    @property
    def session(self):
        """The shop's session, for those who may look into it."""
        if self.opened is None:
            raise AssertionError("the session was touched")
        return self.opened


def request_with(cookies=None, *, user_id=None):
    request = RequestFactory().get("/chat/")
    request.__class__ = HostRequest
    request.COOKIES = dict(cookies or {})
    request.user = SimpleLazyObject(lambda: request.session)
    if user_id:
        request.COOKIES.setdefault(settings.SESSION_COOKIE_NAME, "a session")
        request.user = SimpleLazyObject(lambda: SimpleNamespace(pk=user_id, is_authenticated=True))
    return request


def leaves(value):
    """Everything inside plain data, down to what has no parts."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from leaves(list(value))
        yield from leaves(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)
    else:
        yield value


@pytest.mark.django_db
class StoreContract:
    """Hooks first. Override all of them."""

    def make_store(self) -> Store:
        raise NotImplementedError

    def make_user(self, email="olena@example.test") -> str:
        """An account; returns its id."""
        raise NotImplementedError

    def make_product(self, title, *, stock=5, public=True):
        """A product worth some money; returns whatever the other hooks take for one."""
        raise NotImplementedError

    def make_basket(self, *lines, user_id=None, state=State.OPEN) -> BasketRef:
        """A basket of ``(product, quantity)`` lines; anonymous without ``user_id``."""
        raise NotImplementedError

    def remove_basket(self, ref) -> None:
        raise NotImplementedError

    def make_order(self, *, user_id=None, email="", placed_at=None, basket=None, lines=()) -> str:
        """An order of ``(title, quantity)`` lines, of an account or of a guest; returns its number."""
        raise NotImplementedError

    def cookies_for(self, ref) -> dict[str, str]:
        """The cookies of an anonymous visitor who holds this basket."""
        raise NotImplementedError

    def request_with(self, cookies=None, *, user_id=None):
        """A request with these cookies; override it where the shop keeps baskets in the session."""
        return request_with(cookies, user_id=user_id)

    def test_each_ability_that_it_has_and_no_other_is_tested(self, store):
        tested = {base.ability for base in type(self).__mro__ if "ability" in vars(base)}

        assert {ability for ability in ABILITIES if isinstance(store, ability)} == tested

    @pytest.fixture
    def store(self):
        return self.make_store()

    @pytest.fixture
    def tent(self, store):
        return self.make_product("Tent")

    # Whose basket is this?

    def test_somebody_without_cookies_has_no_basket_and_costs_no_query(self, store, tent):
        self.make_basket((tent, 1))
        request = self.request_with()

        with CaptureQueriesContext(connection) as queries:
            assert store.current_basket(request) is None

            assert len(queries) == 0

    def test_an_anonymous_basket_is_found_by_its_cookie_with_one_query(self, store, tent):
        self.make_basket((tent, 2))
        ref = self.make_basket((tent, 1))
        request = self.request_with(self.cookies_for(ref))

        with CaptureQueriesContext(connection) as queries:
            assert store.current_basket(request) == ref

            assert len(queries) <= 1

    def test_a_tampered_cookie_finds_nothing(self, store, tent):
        ref = self.make_basket((tent, 1))
        good = self.cookies_for(ref)
        bad = {name: value[:-1] + ("A" if value[-1] != "A" else "B") for name, value in good.items()}

        assert store.current_basket(self.request_with(good)) == ref
        assert store.current_basket(self.request_with(bad)) is None
        assert store.current_basket(self.request_with(dict.fromkeys(good, ""))) is None
        assert store.current_basket(self.request_with(dict.fromkeys(good, "\0:é"))) is None

    def test_a_cookie_opens_no_basket_of_an_account(self, store, tent):
        free, owned = self.make_basket((tent, 1)), self.make_basket((tent, 1), user_id=self.make_user())

        assert store.current_basket(self.request_with(self.cookies_for(free))) == free
        assert store.current_basket(self.request_with(self.cookies_for(owned))) is None

    def test_a_deleted_basket_is_not_current(self, store, tent):
        ref = self.make_basket((tent, 1))
        request = self.request_with(self.cookies_for(ref))
        assert store.current_basket(request) == ref

        self.remove_basket(ref)

        assert store.current_basket(request) is None

    @pytest.mark.parametrize("state", [State.IN_PAYMENT, State.SAVED, State.ORDERED, State.MERGED])
    def test_only_an_open_basket_is_current(self, store, tent, state):
        user_id = self.make_user()
        self.make_basket((tent, 1), user_id=user_id, state=state)
        anonymous = self.make_basket((tent, 1), state=state)

        assert store.current_basket(self.request_with(self.cookies_for(anonymous))) is None
        assert store.current_basket(self.request_with(user_id=user_id)) is None
        assert store.basket_of(Person(user_id)) is None

    def test_the_newest_open_basket_of_an_account_is_current_with_one_query(self, store, tent):
        user_id = self.make_user()
        self.make_basket((tent, 1), user_id=user_id)
        newest = self.make_basket((tent, 1), user_id=user_id)
        self.make_basket((tent, 1), user_id=self.make_user("petro@example.test"))
        request = self.request_with(user_id=user_id)

        with CaptureQueriesContext(connection) as queries:
            assert store.current_basket(request) == newest

            assert len(queries) <= 1

    def test_an_account_goes_before_a_cookie(self, store, tent):
        user_id = self.make_user()
        owned = self.make_basket((tent, 1), user_id=user_id)
        cookies = self.cookies_for(self.make_basket((tent, 1)))

        assert store.current_basket(self.request_with(cookies, user_id=user_id)) == owned

    def test_a_basket_from_before_signing_in_is_still_found(self, store, tent):
        before = self.make_basket((tent, 1))

        assert store.current_basket(self.request_with(self.cookies_for(before), user_id=self.make_user())) == before

    def test_asking_makes_no_basket(self, store):
        user_id = self.make_user()

        assert store.current_basket(self.request_with(user_id=user_id)) is None
        assert store.current_basket(self.request_with(user_id=user_id)) is None

    def test_the_basket_of_an_account_is_found_without_its_request(self, store, tent):
        user_id = self.make_user()
        self.make_basket((tent, 1), user_id=user_id)
        newest = self.make_basket((tent, 1), user_id=user_id)

        with CaptureQueriesContext(connection) as queries:
            assert store.basket_of(Person(user_id)) == newest

            assert len(queries) <= 1

    def test_an_address_alone_finds_no_basket(self, store, tent):
        user_id = self.make_user("olena@example.test")
        ref = self.make_basket((tent, 1), user_id=user_id)

        assert store.basket_of(Person(user_id, "olena@example.test")) == ref
        assert store.basket_of(Person(email="olena@example.test")) is None
        assert store.basket_of(Person()) is None
        assert store.basket_of(Person(self.make_user("petro@example.test"))) is None

    # What is in it?

    def test_a_basket_is_told_with_its_lines(self, store, tent):
        stove = self.make_product("Stove")
        user_id = self.make_user("Olena@Example.test")
        earliest = timezone.now() - timedelta(minutes=1)
        ref = self.make_basket((tent, 2), (stove, 1), user_id=user_id)

        view = store.baskets([ref])[ref]

        assert (view.ref, view.state, view.quantity) == (ref, State.OPEN, 3)
        assert view.person.user_id == user_id
        assert earliest < view.last_activity <= timezone.now()
        assert [(line.title, line.quantity) for line in view.lines] == [("Tent", 2), ("Stove", 1)]
        assert all(line.purchasable and not line.note and line.url for line in view.lines)
        assert view.total == view.lines[0].unit_price * 2 + view.lines[1].unit_price
        assert len({line.key for line in view.lines}) == 2

    @pytest.mark.parametrize("state", [State.OPEN, State.IN_PAYMENT, State.SAVED, State.ORDERED, State.MERGED])
    def test_a_basket_tells_its_state(self, store, tent, state):
        ref = self.make_basket((tent, 1), state=state)

        assert store.baskets([ref])[ref].state is state

    def test_an_empty_basket_is_a_basket(self, store):
        ref = self.make_basket()

        view = store.baskets([ref])[ref]

        assert (view.lines, view.total, view.quantity) == ((), None, 0)

    def test_baskets_come_in_the_order_asked_and_unknown_ones_are_left_out(self, store, tent):
        first, second, deleted = (self.make_basket((tent, 1)) for _ in range(3))
        self.remove_basket(deleted)
        strange = [BasketRef(text) for text in ("", "other:1", f"{store.key}:", f"{store.key}:999999:1", "1" * 99)]

        found = store.baskets([second, deleted, *strange, first])

        assert list(found) == [second, first]
        assert store.baskets([]) == {}

    def test_what_cannot_be_bought_says_so(self, store):
        sold_out, hidden = self.make_product("Rare tent", stock=0), self.make_product("Old tent", public=False)
        ref = self.make_basket((self.make_product("Tent", stock=2), 2), (sold_out, 1), (hidden, 1))

        lines = store.baskets([ref])[ref].lines

        assert [line.purchasable for line in lines] == [True, False, False]
        assert [bool(line.note) for line in lines] == [False, True, True]

    def test_the_number_of_queries_does_not_grow_with_baskets(self, store, tent):
        stove = self.make_product("Stove")
        refs = [self.make_basket((tent, 1), (stove, 1), user_id=self.make_user(f"u{n}@example.test")) for n in range(5)]
        store.baskets(refs[:1])

        assert queries_of(lambda: store.baskets(refs)) == queries_of(lambda: store.baskets(refs[:1]))

    # What was bought?

    def test_an_order_is_found_by_the_basket_that_became_it(self, store, tent):
        bought, left = self.make_basket((tent, 1)), self.make_basket((tent, 1))
        number = self.make_order(basket=bought, email="olena@example.test", lines=[("Tent", 1)])
        self.make_order(email="petro@example.test")

        found = store.orders_for([left, bought])

        assert list(found) == [bought]
        order = found[bought]
        assert (order.number, order.basket, order.person.email) == (number, bought, "olena@example.test")
        assert [(line.title, line.quantity) for line in order.lines] == [("Tent", 1)]
        assert order.total
        assert store.orders_for([]) == {}

    def test_orders_are_found_by_account_or_address_and_nobody_elses(self, store):
        olena, petro = self.make_user("olena@example.test"), self.make_user("petro@example.test")
        now = timezone.now()
        by_account = self.make_order(user_id=olena, placed_at=now - timedelta(days=1))
        as_guest = self.make_order(email="Olena@EXAMPLE.test", placed_at=now - timedelta(days=2))
        others = self.make_order(user_id=petro, placed_at=now)
        self.make_order(email="not-olena@example.test", placed_at=now)
        both, account, address = Person(olena, "OLENA@example.test"), Person(olena), Person(email="olena@Example.test")
        neighbour, stranger = Person(petro), Person(email="lena@example.test")

        found = store.recent_orders([both, account, address, neighbour, stranger], since=now - YEAR)

        numbers = {who: [order.number for order in orders] for who, orders in found.items()}
        assert numbers[both] == [by_account, as_guest]
        assert numbers[account] == [by_account]
        assert as_guest in numbers[address]
        assert numbers[neighbour] == [others]
        assert stranger not in numbers

    def test_somebody_unknown_gets_no_orders_of_unknown_people(self, store):
        self.make_order(email="")
        known = self.make_order(email="olena@example.test")
        olena, nobody = Person(email="olena@example.test"), Person("", " ")

        found = store.recent_orders([olena, nobody], since=timezone.now() - YEAR)

        assert [order.number for order in found[olena]] == [known]
        assert nobody not in found
        assert store.recent_orders([nobody], since=timezone.now() - YEAR) == {}
        assert store.recent_orders([Person(self.make_user())], since=timezone.now() - YEAR) == {}

    def test_older_orders_are_not_told(self, store):
        olena, now = Person(self.make_user()), timezone.now()
        self.make_order(user_id=olena.user_id, placed_at=now - timedelta(days=8))
        on_the_moment = self.make_order(user_id=olena.user_id, placed_at=now - timedelta(days=7))
        newest = self.make_order(user_id=olena.user_id, placed_at=now)

        week = store.recent_orders([olena], since=now - timedelta(days=7))[olena]
        only_newest = store.recent_orders([olena], since=now - timedelta(days=9), limit=1)[olena]

        assert [order.number for order in week] == [newest, on_the_moment]
        assert [order.number for order in only_newest] == [newest]

    def test_the_number_of_queries_does_not_grow_with_orders(self, store, tent):
        people, refs = [], []
        for n in range(5):
            people.append(Person(self.make_user(f"u{n}@example.test"), f"u{n}@example.test"))
            refs.append(self.make_basket((tent, 1), user_id=people[-1].user_id))
            self.make_order(user_id=people[-1].user_id, basket=refs[-1], lines=[("Tent", 1), ("Stove", 1)])
        since = timezone.now() - YEAR

        assert queries_of(lambda: store.recent_orders(people, since=since)) == queries_of(
            lambda: store.recent_orders(people[:1], since=since)
        )
        assert queries_of(lambda: store.orders_for(refs)) == queries_of(lambda: store.orders_for(refs[:1]))

    # What is there to buy?

    def test_products_are_found_by_words_of_their_title(self, store):
        for title in ("Tent for two", "Tent for four", "Stove"):
            self.make_product(title)

        assert {card.title for card in store.search_products("TENT")} == {"Tent for two", "Tent for four"}
        assert [card.title for card in store.search_products(" two  tent ")] == ["Tent for two"]
        assert [card.title for card in store.search_products("tent two")] == ["Tent for two"]
        assert list(store.search_products("tent stove")) == []
        assert [card.title for card in store.search_products("stov")] == ["Stove"]
        assert list(store.search_products("kayak")) == []

    def test_case_does_not_matter_in_any_script(self, store):
        self.make_product("Палатка Карпати")
        self.make_product("Намет")

        assert [card.title for card in store.search_products("палатка")] == ["Палатка Карпати"]
        assert [card.title for card in store.search_products("ПАЛАТКА карпати")] == ["Палатка Карпати"]

    def test_only_what_is_on_sale_is_found(self, store):
        self.make_product("Tent")
        self.make_product("Old tent", public=False)
        self.make_product("Rare tent", stock=0)

        stock = {card.title: card.in_stock for card in store.search_products("tent")}

        assert stock == {"Tent": True, "Rare tent": False}

    def test_a_search_is_limited_and_survives_anything(self, store):
        for number in range(10):
            self.make_product(f"Tent {number}")

        assert len(store.search_products("tent")) == 8
        assert len(store.search_products("tent", limit=3)) == 3
        assert list(store.search_products("tent", limit=0)) == []
        for query in ("", "   ", "\0", "%", "'; --", "x " * 999, "\u202eтент"):
            assert list(store.search_products(query)) == []

    def test_the_number_of_queries_does_not_grow_with_products(self, store):
        for number in range(5):
            self.make_product(f"Tent {number}")

        assert queries_of(lambda: store.search_products("tent")) == queries_of(
            lambda: store.search_products("tent", limit=1)
        )

    # In what shape?

    def test_answers_are_plain_and_frozen(self, store, tent):
        user_id = self.make_user()
        ref = self.make_basket((tent, 1), user_id=user_id)
        self.make_order(user_id=user_id, basket=ref, lines=[("Tent", 1)])

        views = store.baskets([ref], images=True)
        orders = store.recent_orders([Person(user_id)], since=timezone.now() - YEAR)
        answers = [views, orders, store.orders_for([ref]), store.search_products("tent", images=True)]

        assert all(type(leaf) in PLAIN or isinstance(leaf, Enum) for leaf in leaves(answers))
        kinds = [views[ref], next(iter(orders.values()))[0], store.search_products("tent")[0]]
        assert [type(kind) for kind in kinds] == [BasketView, OrderView, ProductCard]
        for kind in kinds:
            with pytest.raises(FrozenInstanceError):
                kind.total = None

    def test_the_store_has_a_name_and_finds_nothing_wrong_with_itself(self, store):
        assert store.key.isidentifier()
        assert store.check() == []
