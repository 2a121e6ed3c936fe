"""Baskets that were left in a shop in memory, and browsers that follow the links to them."""

from decimal import Decimal

from shopchat.carts import recovering
from shopchat.core.money import Money
from shopchat.stores.memory import MemoryStore
from shopchat.stores.snapshots import snapshot
from tests.factories import BasketWatchFactory
from tests.widget.conftest import Browser

IN_MEMORY = {"STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore"}}
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}


def euro(amount):
    return Money(Decimal(amount), "EUR")


def left(shop: MemoryStore, *lines, **watch):
    """The watch of a basket that was left with these products, each with its quantity."""
    ref = shop.add_basket([shop.line(*line) for line in lines], user_id=watch.get("user_id_text"))
    kept = [line.as_json() for line in snapshot(shop.baskets([ref])[ref])]
    return BasketWatchFactory(ref=ref, lines=kept, **watch)


def path_to(watch, **link):
    return f"/chat/basket/{recovering.make_link(watch, purpose='mail', **link)}/"


def press(browser: Browser, path, mode="add", **headers):
    """Press the page's button."""
    return browser.post(f"{path}?lang=en", {"mode": mode}, headers=headers or FROM_HERE)


def in_basket(shop: MemoryStore, ref):
    return {line.title: line.quantity for line in shop.baskets([ref])[ref].lines}


def with_basket(shop: MemoryStore, *lines):
    """A browser of somebody without an account, and the basket that it holds."""
    ref = shop.add_basket([shop.line(*line) for line in lines])
    browser = Browser()
    for name, value in shop.cookies_for(ref).items():
        browser.cookies[name] = value
    return browser, ref
