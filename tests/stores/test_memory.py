from dataclasses import replace
from decimal import Decimal

import pytest

from shopchat.core.money import Money
from shopchat.stores.base import ProductCard
from shopchat.stores.memory import MemoryStore
from shopchat.stores.memory_shelf import PAYING_COOKIE_NAME, signer
from tests.stores.contract import StoreContract, request_with
from tests.stores.contract_abilities import (
    ChangesLinesContract,
    FindsIdleContract,
    FindsOrdersContract,
    FindsPaymentsContract,
    IssuesVouchersContract,
    RecommendsContract,
    RestoresContract,
    TellsEventsContract,
)


class TestMemoryStore(
    TellsEventsContract,
    FindsIdleContract,
    FindsPaymentsContract,
    FindsOrdersContract,
    RestoresContract,
    ChangesLinesContract,
    RecommendsContract,
    IssuesVouchersContract,
    StoreContract,
):
    @pytest.fixture(autouse=True)
    def _empty_shop(self):
        self.shop, self.hidden, self.accounts = MemoryStore("contract"), {}, 0
        self.shop.clear()

    def make_store(self):
        return MemoryStore(NAME="contract")

    def make_user(self, email="olena@example.test"):
        self.accounts += 1
        return str(self.accounts)

    def make_staff(self):
        self.shop.add_staff("staff")
        return "staff"

    def make_product(self, title, *, stock=5, public=True):
        price = Money(Decimal("19.90"), "EUR")
        if public:
            return self.shop.add_product(title, price=price, stock=stock)
        return ProductCard(ref="memory:hidden", title=title, url="", price=price, in_stock=False)

    def make_gift(self, title):
        return self.shop.add_product(title, price=Money(Decimal(0), "EUR"))

    def make_foreign(self, title):
        return self.shop.add_product(title, price=Money(Decimal(9), "USD"))

    def set_stock(self, product, stock):
        self.shop.change_product(product, stock=stock)

    def set_price(self, product, amount):
        self.shop.change_product(product, price=Money(amount, "EUR"))

    def remove_product(self, product):
        self.shop.remove_product(product)

    def ref_of_product(self, product):
        return product.ref

    def relate(self, product, other):
        self.shop.relate(product, other)

    def make_basket(self, *lines, user_id=None, **basket):
        return self.shop.add_basket([self.shop.line(*line) for line in lines], user_id=user_id, **basket)

    def remove_basket(self, ref):
        self.shop.remove_basket(ref)

    def leave(self, ref, moment):
        self.shop.change(ref, self.shop.baskets([ref])[ref].lines, at=moment)

    def change_quantity(self, ref, quantity):
        line, *rest = self.shop.baskets([ref])[ref].lines
        self.shop.change(ref, [replace(line, quantity=quantity), *rest])

    def empty(self, ref):
        self.shop.change(ref, [])

    def merge(self, old, new):
        self.shop.merge(old, new)

    def pay(self, ref):
        self.shop.pay(ref)

    def fail(self, ref):
        self.shop.fail(ref)

    def disconnect(self, events):
        self.shop.clear()

    def make_order(self, **order):
        return self.shop.add_order(total=Money(Decimal(5), "EUR"), **order).number

    def cancel_order(self, number):
        self.shop.cancel_order(number)

    def cookies_for(self, ref):
        return self.shop.cookies_for(ref)

    def request_paying(self, ref, cookies=None):
        return request_with({PAYING_COOKIE_NAME: signer().sign(ref), **(cookies or {})})

    def request_of(self, *, ref=None, user_id=None):
        return request_with(self.cookies_for(ref) if ref else {}, user_id=user_id)

    def use_voucher(self, code):
        ref = self.make_basket((self.make_product("Anything"), 1), user_id="7")
        assert self.shop.apply_voucher(self.request_of(user_id="7"), code)
        self.make_order(basket=ref)


def test_shops_of_different_names_know_nothing_of_each_other():
    ours, theirs = MemoryStore("ours"), MemoryStore("theirs")
    ours.clear()
    theirs.clear()

    ours.add_product("Tent")

    assert [card.title for card in MemoryStore("ours").search_products("tent")] == ["Tent"]
    assert theirs.search_products("tent") == []


def test_pictures_are_given_only_when_asked_for():
    shop = MemoryStore("pictures")
    shop.clear()
    tent = shop.add_product("Tent", image_url="/media/tent.webp")
    ref = shop.add_basket([shop.line(tent)])

    assert shop.baskets([ref], images=True)[ref].lines[0].image_url == "/media/tent.webp"
    assert shop.baskets([ref])[ref].lines[0].image_url is None
    assert shop.search_products("tent", images=True)[0].image_url == "/media/tent.webp"
    assert shop.search_products("tent")[0].image_url is None
