import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from shopchat.stores.abilities import FindsIdle
from shopchat.stores.base import BasketRef, NoStore, Person
from shopchat.stores.memory import MemoryStore
from shopchat.stores.reading import SafeStore, able, configured_store, safely
from tests.stores.contract import request_with

User = get_user_model()
REF = BasketRef("memory:1")


class BrokenStore(MemoryStore):
    """Raises whatever it is asked, and quotes a customer while doing so."""

    key = "broken"
    searches_products = False

    def _raise(self, *args, **kwargs):
        raise ValueError("olena@example.test has no basket")

    current_basket = basket_of = baskets = orders_for = recent_orders = search_products = check = _raise


def questions():
    return {
        "current_basket": (lambda store: store.current_basket(request_with()), None),
        "basket_of": (lambda store: store.basket_of(Person("7")), None),
        "baskets": (lambda store: store.baskets([REF]), {}),
        "orders_for": (lambda store: store.orders_for([REF]), {}),
        "recent_orders": (lambda store: store.recent_orders([Person("7")], since=timezone.now()), {}),
        "search_products": (lambda store: store.search_products("tent"), ()),
    }


@pytest.mark.parametrize("question", questions())
def test_a_store_that_fails_answers_emptily_and_names_nobody_in_the_log(question, caplog, db):
    ask, empty = questions()[question]
    with pytest.raises(ValueError, match="olena"):
        ask(BrokenStore())

    assert ask(SafeStore(BrokenStore())) == empty

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f"Store broken, {question} failed: ValueError at {__file__}" in record.getMessage()
    assert "olena" not in caplog.text


def test_a_store_that_works_is_heard():
    shop = MemoryStore("reading")
    shop.clear()
    tent = shop.add_product("Tent")
    ref = shop.add_basket([shop.line(tent)], user_id="7")
    order = shop.add_order(user_id="7", basket=shop.add_basket(user_id="7"))
    safe = SafeStore(shop)

    assert safe.key == "memory"
    assert safe.basket_of(Person("7")) == ref
    assert safe.current_basket(request_with(user_id="7")) == ref
    assert list(safe.baskets([ref])) == [ref]
    assert safe.orders_for([order.basket]) == {order.basket: order}
    assert safe.recent_orders([Person("7")], since=order.placed_at) == {Person("7"): [order]}
    assert [card.title for card in safe.search_products("tent")] == ["Tent"]
    assert safe.check() == []


def test_questions_about_nothing_are_not_passed_on():
    safe = SafeStore(BrokenStore())

    assert safe.baskets([]) == safe.orders_for([]) == safe.recent_orders([], since=timezone.now()) == {}


def test_what_a_store_cannot_do_is_known_of_the_safe_one_too():
    assert not SafeStore(BrokenStore()).searches_products
    assert SafeStore(BrokenStore()).shows_orders
    assert not SafeStore(NoStore()).shows_baskets


def test_a_broken_check_is_not_hidden():
    with pytest.raises(ValueError, match="olena"):
        SafeStore(BrokenStore()).check()


@pytest.mark.django_db
def test_an_error_of_the_database_does_not_spoil_the_transaction_around_it():
    def broken():
        with connection.cursor() as cursor:
            User.objects.create_user("half done")
            cursor.execute("SELECT * FROM a_table_that_was_never_made")

    with transaction.atomic():
        User.objects.create_user("before")
        assert safely(broken, empty="nothing", what="A test") == "nothing"
        User.objects.create_user("after")

    assert set(User.objects.values_list("username", flat=True)) == {"before", "after"}


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_none_is_opened(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert safely(User.objects.count, empty=None, what="A test") == 0
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM a_table_that_was_never_made")


def test_the_setting_names_the_store(settings):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore", "OPTIONS": {"NAME": "set"}}}
    MemoryStore("set").clear()
    MemoryStore("set").add_product("Tent")

    assert [card.title for card in configured_store().search_products("tent")] == ["Tent"]

    settings.SHOPCHAT = {}
    assert not configured_store().shows_baskets

    settings.SHOPCHAT = {"STORE": {"BACKEND": "decimal.Decimal"}}
    with pytest.raises(ImproperlyConfigured, match=r"not a subclass of shopchat.stores.base.Store"):
        configured_store()


def test_an_ability_is_had_or_not(settings):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore", "OPTIONS": {"NAME": "able"}}}
    assert isinstance(able(FindsIdle), MemoryStore)

    settings.SHOPCHAT = {}
    assert able(FindsIdle) is None, "no store"

    settings.SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.nowhere.Store"}}
    assert able(FindsIdle) is None, "a wrong setting breaks no page"
