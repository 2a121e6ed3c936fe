"""What a shop that runs elsewhere tells us, as it arrives."""

import json

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from shopchat.carts import observing
from shopchat.carts.models import BasketWatch
from shopchat.stores import saleor_events
from shopchat.stores.saleor_rows import basket_ref
from tests.factories import InboxFactory
from tests.stores.saleor_shop import URL, SaleorShop, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings, monkeypatch):
    settings.SHOPCHAT = {
        "STORE": {"BACKEND": "shopchat.stores.saleor.SaleorStore", "OPTIONS": {"API_URL": URL, "APP_TOKEN": "token"}}
    }
    monkeypatch.setattr(saleor_events, "listeners", [])
    monkeypatch.setattr("shopchat.stores.saleor.listeners", saleor_events.listeners)
    observing.connect()
    InboxFactory()
    cache.clear()
    with SaleorShop().answering() as shop:
        yield shop


def post(signature, body):
    client = Client(enforce_csrf_checks=True)
    headers = {"Saleor-Signature": signature}
    path = reverse("shopchat_hooks:store")
    return client.post(path, body, content_type="application/json", headers=headers).status_code


def first_checkout(place):
    return basket_ref(json.loads(recorded()[place][1])["checkout"]["id"])


@pytest.mark.django_db(transaction=True)
def test_a_guests_way_from_the_first_line_to_the_order(shop):
    assert [post(*one) for one in recorded()[6:17]] == [200] * 11
    late = post(*recorded()[11])

    watch = BasketWatch.objects.get()
    assert watch.ref == first_checkout(6)
    assert (watch.state, watch.order_number, watch.currency) == ("ordered", "21", "USD")
    assert watch.email_hash
    assert late == 200, "and starts nothing again"


def test_twice_is_once(shop, django_capture_on_commit_callbacks):
    for one in [*recorded()[:6], *recorded()[:6]]:
        with django_capture_on_commit_callbacks(execute=True):
            assert post(*one) == 200

    watch = BasketWatch.objects.get()
    assert (watch.state, watch.episode) == ("active", 1)
    assert watch.last_activity.isoformat() == "2026-11-21T23:02:20.156167+00:00"


def test_what_the_shop_did_not_sign_changes_nothing_and_is_not_quoted(shop, caplog):
    signature, body = recorded()[1]

    assert post(signature, body.replace(b"guest@example.com", b"olena@example.com")) == 403

    assert not BasketWatch.objects.exists()
    assert "olena" not in caplog.text
    assert "not signed" in caplog.text


def test_while_the_keys_cannot_be_had_it_is_to_be_sent_once_more(shop):
    shop.is_down = True

    assert post(*recorded()[0]) == 500

    assert not BasketWatch.objects.exists()


def test_only_posts_of_a_bearable_size(shop):
    signature, body = recorded()[0]

    assert Client().get(reverse("shopchat_hooks:store")).status_code == 405
    assert post(signature, body + b" " * 600_000) == 413


def test_without_such_a_store_there_is_no_such_address(settings):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore"}}

    assert post(*recorded()[0]) == 404
