"""The customer's basket and orders beside the conversation; a store that fails takes nothing away."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from shopchat.core.money import Money
from shopchat.desk.customer import purchases
from shopchat.stores.base import BasketRef, BasketView, LineView, NoStore, OrderView, Person, ProductRef, State
from tests.factories import ContactFactory, ConversationFactory, UserFactory


def basket(ref="demo:1", **fields):
    line = LineView(
        key="1",
        product=ProductRef("demo:boots"),
        title="Hiking <b>boots</b>",
        quantity=2,
        url="/catalogue/boots/",
        unit_price=Money(Decimal("99.50"), "EUR"),
        note="Only one is left",
    )
    values = {"state": State.OPEN, "last_activity": timezone.now() - timedelta(minutes=7), "lines": (line,)}
    return BasketView(**{"ref": BasketRef(ref), "total": Money(Decimal("199.00"), "EUR"), **values, **fields})


def order(number="10010", **fields):
    return OrderView(
        **{
            "number": number,
            "placed_at": timezone.now() - timedelta(days=2),
            "status": "Shipped",
            "total": Money(Decimal("49.00"), "EUR"),
            "url": f"/dashboard/orders/{number}/",
            **fields,
        }
    )


class DemoStore(NoStore):
    """Answers what the test has put into it."""

    key = "demo"
    shows_baskets = shows_orders = True
    held: dict = {}
    orders: dict = {}
    became: dict = {}

    def basket_of(self, person):
        return BasketRef("demo:of-account") if person.user_id in self.orders else None

    def baskets(self, refs, *, request=None, images=False):
        return {ref: self.held[ref] for ref in refs if ref in self.held}

    def recent_orders(self, people, *, since, limit=20):
        return {person: self.orders[person.user_id] for person in people if person.user_id in self.orders}

    def orders_for(self, refs):
        return {ref: self.became[ref] for ref in refs if ref in self.became}


class BrokenStore(DemoStore):
    """Its database is away."""

    def baskets(self, refs, *, request=None, images=False):
        raise RuntimeError("customer@example.test is the secret of this error")

    recent_orders = orders_for = baskets


@pytest.fixture
def store(db, settings, monkeypatch):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "tests.desk.test_customer.DemoStore"}}
    for name in ("held", "orders", "became"):
        monkeypatch.setattr(DemoStore, name, {})
    return DemoStore


def card(client, contact):
    conversation = ConversationFactory(contact=contact)
    return client.get(reverse("shopchat_desk:customer", args=[conversation.number])).content.decode()


def test_basket_and_orders_of_an_account(at_desk, store):
    user = UserFactory()
    store.held["demo:of-account"] = basket("demo:of-account")
    store.orders[str(user.pk)] = [order()]

    page = card(at_desk, ContactFactory(user=user))

    for text in ("Hiking &lt;b&gt;boots&lt;/b&gt;", "× 2", "€199.00", "Only one is left", "last change: 7 m"):
        assert text in page
    assert 'href="/catalogue/boots/"' in page
    for text in ("10010", "€49.00", "Shipped"):
        assert text in page


def test_only_staff_get_the_staffs_link(at_desk, owner, store):
    user = UserFactory()
    store.orders[str(user.pk)] = [order()]
    contact = ContactFactory(user=user)

    assert "/dashboard/orders/10010/" not in card(at_desk, contact)
    assert "/dashboard/orders/10010/" in card(owner, contact)


def test_a_visitor_has_the_basket_of_their_browser_and_the_order_it_became(store):
    contact = ContactFactory(basket_ref="demo:1")

    store.held["demo:1"] = basket()
    assert purchases(contact).basket.quantity == 2

    store.held["demo:1"] = basket(state=State.ORDERED)
    store.became["demo:1"] = order("10011")
    found = purchases(contact)
    assert found.basket is None
    assert [one.number for one in found.orders] == ["10011"]


def test_no_address_that_somebody_typed_finds_orders(store):
    store.orders["17"] = [order()]
    user = UserFactory(email="customer@example.test")
    seen = []
    store_orders = DemoStore.recent_orders
    DemoStore.recent_orders = lambda self, people, **options: seen.extend(people) or {}
    try:
        purchases(ContactFactory(user=user))
        purchases(ContactFactory())
    finally:
        DemoStore.recent_orders = store_orders

    assert seen == [Person(user_id=str(user.pk))]


def test_the_same_order_is_shown_once_and_the_latest_first(store):
    user = UserFactory()
    old = order("1", placed_at=timezone.now() - timedelta(days=40))
    store.orders[str(user.pk)] = [old, order("2")]
    store.became["demo:of-account"] = order("2")

    assert [one.number for one in purchases(ContactFactory(user=user)).orders] == ["2", "1"]


@pytest.mark.parametrize("empty", [{"lines": ()}, {"state": State.MERGED}])
def test_an_empty_basket_is_none(at_desk, store, empty):
    store.held["demo:1"] = basket(**empty)

    page = card(at_desk, ContactFactory(basket_ref="demo:1"))

    assert "Nothing in the basket." in page
    assert "No orders yet." in page


def test_a_store_that_fails_takes_nothing_away(at_desk, settings, caplog):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "tests.desk.test_customer.BrokenStore"}}

    page = card(at_desk, ContactFactory(basket_ref="demo:1"))

    assert "Nothing in the basket." in page
    assert "BrokenStore" in caplog.text or "Store demo" in caplog.text
    assert "customer@example.test" not in caplog.text


@pytest.mark.parametrize("config", [{}, {"STORE": {"BACKEND": "nowhere.Store"}}])
def test_without_a_store_the_desk_says_so(at_desk, settings, config):
    settings.SHOPCHAT = config

    assert "No store is connected" in card(at_desk, ContactFactory())
