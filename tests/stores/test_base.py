from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from shopchat.stores.base import BasketRef, NoStore, Person, user_id_of
from tests.stores.contract import request_with


def test_a_persons_address_is_folded_and_kept_out_of_logs():
    person = Person("7", " Olena@Example.TEST ")

    assert person == Person("7", "olena@example.test")
    assert person.email == "olena@example.test"
    assert "olena" not in repr(person)
    assert Person("", "  ") == Person(None, None) == Person()


def test_no_store_knows_nothing():
    store, ref = NoStore(), BasketRef("oscar:1:1")

    assert store.current_basket(request_with({"oscar_open_basket": "1:x"}, user_id="7")) is None
    assert store.basket_of(Person("7")) is None
    assert store.baskets([ref]) == {}
    assert store.orders_for([ref]) == {}
    assert store.recent_orders([Person("7")], since=timezone.now()) == {}
    assert store.search_products("tent") == ()
    assert store.check() == []
    assert [store.shows_baskets, store.shows_orders, store.searches_products] == [False] * 3


def test_the_session_of_somebody_without_its_cookie_sleeps():
    assert user_id_of(request_with()) is None
    with pytest.raises(AssertionError, match="session was touched"):
        user_id_of(request_with({"sessionid": "a session"}))


def test_whoever_is_signed_in_is_found():
    request = RequestFactory().get("/")
    assert user_id_of(request) is None

    request.user = AnonymousUser()
    assert user_id_of(request) is None

    request.user = SimpleNamespace(pk=7, is_authenticated=True)
    assert user_id_of(request) == "7", "signed in without a session, by a header for example"

    request.user = SimpleLazyObject(AnonymousUser)
    request.COOKIES["sessionid"] = "a session"
    assert user_id_of(request) is None
