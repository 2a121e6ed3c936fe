from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

if not settings.WITH_SALESMAN:
    pytest.skip("the suite runs without Salesman", allow_module_level=True)

from shopchat.stores import salesman_events
from shopchat.stores.base import State
from shopchat.stores.lines import RestoreMode
from shopchat.stores.salesman import SalesmanStore
from shopchat.stores.salesman_rows import basket_ref, product_ref
from tests.stores.contract import HostRequest, StoreContract, request_with
from tests.stores.contract_abilities import (
    ChangesLinesContract,
    FindsIdleContract,
    FindsOrdersContract,
    Listener,
    RestoresContract,
    TellsEventsContract,
)
from tests.stores.salesman_rows import (
    OPTIONS,
    Basket,
    Item,
    Order,
    account,
    begin_payment,
    make_basket,
    make_order,
    make_product,
    request_of,
    session_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]
User = get_user_model()


def row_of(ref):
    return Basket.objects.get(pk=ref.split(":")[1])


@pytest.fixture(autouse=True)
def heard(settings):
    """Somebody listens, as on every site, so that orders are marked."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "shopchat.stores.salesman_requests.remember_request"]
    salesman_events.connect(events := Listener(), SalesmanStore(**OPTIONS).shop)
    yield events
    salesman_events.disconnect(events)


@pytest.fixture
def store():
    return SalesmanStore(**OPTIONS)


class SessionRequest(HostRequest):
    """Whoever sent a session cookie has a session, which the page around has read."""

    @property
    def session(self):
        return self.kept if settings.SESSION_COOKIE_NAME in self.COOKIES else super().session


class TestSalesmanStore(
    TellsEventsContract,
    FindsIdleContract,
    FindsOrdersContract,
    RestoresContract,
    ChangesLinesContract,
    StoreContract,
):
    def make_store(self):
        return SalesmanStore(**OPTIONS)

    def make_user(self, email="olena@example.test"):
        return str(account(email).pk)

    def make_product(self, title, **product):
        return make_product(title, **product)

    def make_basket(self, *lines, user_id=None, state=State.OPEN):
        return basket_ref(make_basket(*lines, user=user_id and User.objects.get(pk=user_id), state=state))

    def remove_basket(self, ref):
        row_of(ref).delete()

    def make_order(self, *, user_id=None, basket=None, **order):
        user = user_id and User.objects.get(pk=user_id)
        return make_order(user=user, basket=basket and row_of(basket), **order).ref

    def cookies_for(self, ref):
        return {settings.SESSION_COOKIE_NAME: session_of(row_of(ref)).session_key}

    def request_with(self, cookies=None, *, user_id=None):
        request = request_with(cookies, user_id=user_id)
        request.__class__ = SessionRequest
        if cookies:
            request.kept = SessionStore(cookies[settings.SESSION_COOKIE_NAME])
            assert "anything" not in request.kept  # which reads it
            request.user = request.user if user_id else SimpleLazyObject(AnonymousUser)
        else:
            request.kept = {}
        return request

    def make_staff(self):
        return str(account("staff@example.test", is_staff=True).pk)

    def set_stock(self, product, stock):
        type(product).objects.filter(pk=product.pk).update(in_stock=stock)

    def set_price(self, product, amount):
        type(product).objects.filter(pk=product.pk).update(price=amount)

    def remove_product(self, product):
        """Salesman keeps a product from being deleted while a basket holds it."""
        Item.objects.filter(product_id=product.pk).delete()
        product.delete()

    def ref_of_product(self, product):
        return product_ref(product)

    def leave(self, ref, moment):
        row_of(ref).items.update(date_updated=moment)

    def change_quantity(self, ref, quantity):
        item = row_of(ref).items.first()
        item.quantity = quantity
        item.save()

    def empty(self, ref):
        row_of(ref).clear()

    def merge(self, old, new):
        row_of(new).merge(row_of(old))

    def pay(self, ref):
        self.begun = begin_payment(row_of(ref))

    def fail(self, ref):
        self.begun.status = "FAILED"
        self.begun.save()

    def disconnect(self, events):
        salesman_events.disconnect(events)

    def cancel_order(self, number):
        Order.objects.filter(ref=number).update(status="CANCELLED")

    def request_of(self, *, ref=None, user_id=None):
        return request_of(ref and row_of(ref), user_id and User.objects.get(pk=user_id))

    @pytest.mark.parametrize("state", [State.OPEN, State.IN_PAYMENT, State.ORDERED])
    def test_a_basket_tells_its_state(self, store, tent, state):
        """It has no other: none is kept for later, and a merged one is deleted."""
        super().test_a_basket_tells_its_state(store, tent, state)

    @pytest.mark.parametrize("state", [State.IN_PAYMENT, State.ORDERED])
    def test_only_an_open_basket_is_current(self, store, tent, state):
        """Salesman gives it to its customer until it is deleted."""
        ref = self.make_basket((tent, 1), state=state)

        assert store.current_basket(self.request_with(self.cookies_for(ref))) == ref

    @pytest.mark.parametrize("state", [State.ORDERED])
    def test_only_open_baskets_and_those_in_payment_are_idle(self, store, tent, state):
        super().test_only_open_baskets_and_those_in_payment_are_idle(store, tent, state)

    def test_the_empty_the_free_the_ordered_and_those_of_staff_are_not_idle(self, store, tent):
        """The free are found, because prices are no columns; whoever looks into them sees."""
        left, bought = self.left(tent, 2), self.left(tent, 2, state=State.IN_PAYMENT)
        self.make_order(basket=bought, email="olena@example.test")
        self.left(tent, 2, user_id=self.make_staff())
        self.leave(self.make_basket(), timezone.now() - timedelta(hours=2))

        assert self.idle(store) == [left]

    def test_the_basket_they_came_from_stays_as_it_is(self, store, tent):
        for state in (State.OPEN, State.IN_PAYMENT, State.ORDERED):
            source, lines = self.snapshot_of(store, (tent, 2), state=state)
            before = store.baskets([source])[source]

            done = store.restore(self.request_of(), lines, mode=RestoreMode.ADD)

            assert done.basket != source
            assert store.baskets([source])[source] == before

    def test_an_account_gets_them_into_its_own_basket(self, store, tent):
        """It has one."""
        user_id = self.make_user()
        mine = self.make_basket((self.make_product("Stove"), 1), user_id=user_id)
        _, lines = self.snapshot_of(store, (tent, 2))

        done = store.restore(self.request_of(user_id=user_id), lines, mode=RestoreMode.ADD)

        assert done.basket == mine
        assert self.quantities(store, mine) == {"Stove": 1, "Tent": 2}

    # A shop on Salesman has one currency.
    test_two_currencies_are_not_mixed = None
