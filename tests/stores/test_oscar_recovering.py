"""Links to baskets of a real Oscar: in its own rows, with its own cookie, through its own middleware."""

from decimal import Decimal

import pytest
from django.conf import settings as project
from django.core.cache import caches
from django.core.signing import Signer
from django.test import Client

from shopchat.carts import recovering
from shopchat.stores.base import State
from shopchat.stores.reading import configured_store
from shopchat.stores.snapshots import snapshot
from tests.factories import BasketWatchFactory, UserFactory
from tests.widget.asking import words
from tests.widget.left_baskets import press

if not project.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.stores.oscar_rows import basket_ref
from tests.stores.oscar_shop import make_basket, make_order, make_product

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:remove is not implemented in this backend:UserWarning"),
]
Basket = get_model("basket", "Basket")


@pytest.fixture(autouse=True)
def nobody_has_guessed():
    caches["default"].clear()


@pytest.fixture
def tent(db):
    return make_product("Tent", price="199.00", stock=9)


@pytest.fixture
def stove(db):
    return make_product("Stove", price="49.00", stock=5)


def watched(basket, **watch):
    """What is remembered of a basket that was left as it is now."""
    ref = basket_ref(basket)
    lines = [line.as_json() for line in snapshot(configured_store().baskets([ref])[ref])]
    return BasketWatchFactory(ref=ref, store="oscar", lines=lines, **watch)


def path_to(watch):
    return f"/chat/basket/{recovering.make_link(watch, purpose='mail')}/"


def lines_of(basket):
    return {line.product.get_title(): line.quantity for line in basket.lines.all()}


def basket_of(browser):
    """The one that the browser's cookie names."""
    return Basket.objects.get(pk=Signer().unsign(browser.cookies["oscar_open_basket"].value))


def rows():
    return list(Basket.objects.order_by("pk").values()), list(
        get_model("basket", "Line").objects.order_by("pk").values()
    )


def test_somebody_without_an_account_on_another_device(tent, stove):
    left = make_basket((tent, 1), (stove, 2))
    path, browser, before = path_to(watched(left)), Client(), rows()

    page = browser.get(path, {"lang": "en"})
    assert "3 pieces" in words(page)
    assert (rows(), dict(browser.cookies)) == (before, {})
    pressed = press(browser, path)

    assert "Everything is in your basket" in words(pressed)
    theirs = basket_of(browser)
    assert theirs.pk != left.pk
    assert lines_of(theirs) == {"Tent": 1, "Stove": 2}
    assert lines_of(left) == {"Tent": 1, "Stove": 2}
    press(browser, path)
    assert lines_of(basket_of(browser)) == {"Tent": 1, "Stove": 2}
    assert Basket.objects.count() == 2
    assert "Tent" in browser.get("/basket/").content.decode()


def test_the_owner_finds_it_all_there(tent):
    user = UserFactory()
    left = make_basket((tent, 2), owner=user)
    watch, browser = watched(left, user_id_text=str(user.pk)), Client()
    browser.force_login(user)
    path = path_to(watch)

    assert "All of it is in your basket" in words(browser.get(path, {"lang": "en"}))
    gone_on = press(browser, path, "go")

    assert (gone_on.status_code, gone_on["Location"]) == (302, "/basket/")
    assert lines_of(left) == {"Tent": 2}
    watch.refresh_from_db()
    assert watch.state == "restored"


def test_what_the_shop_tells_of_the_owners_basket_meanwhile_is_no_change_by_hand(
    tent, stove, django_capture_on_commit_callbacks
):
    left = make_basket((tent, 1), (stove, 2))
    watch, browser = watched(left), Client()
    left.lines.filter(product=stove).delete()
    browser.cookies["oscar_open_basket"] = Signer().sign(left.pk)

    with django_capture_on_commit_callbacks(execute=True):
        press(browser, path_to(watch))

    assert lines_of(left) == {"Tent": 1, "Stove": 2}
    watch.refresh_from_db()
    assert (watch.state, watch.episode) == ("restored", 1)
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/basket/add/{stove.pk}/", {"quantity": 1}, headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
    watch.refresh_from_db()
    assert (watch.state, watch.episode) == ("active", 2)


def test_what_has_changed_since(tent, stove):
    gone, dear = make_product("Lamp"), make_product("Rope", price="5.00")
    path = path_to(watched(make_basket((tent, 3), (stove, 2), (gone, 1), (dear, 1))))
    tent.stockrecords.update(num_in_stock=1)
    stove.stockrecords.update(num_in_stock=0)
    dear.stockrecords.update(price=Decimal("6.50"))
    gone.delete()
    browser = Client()

    seen = words(browser.get(path, {"lang": "en"}))
    pressed = words(press(browser, path))

    assert "1 thing is no longer on sale. 2 things cannot be had in this quantity. 1 price has changed." in seen
    assert lines_of(basket_of(browser)) == {"Tent": 1, "Rope": 1}
    assert "Tent In your basket: 1 of 3. There are no more in stock." in pressed
    assert "Price then €5.00, today €6.50" in pressed
    assert "Lamp No longer on sale." in pressed


def test_one_in_payment_is_copied_and_never_thawed(tent):
    frozen = make_basket((tent, 1), state=State.IN_PAYMENT)
    path, browser = path_to(watched(frozen, state="interrupted")), Client()
    before = Basket.objects.filter(pk=frozen.pk).values()[0], frozen.lines.values()[0]

    press(browser, path, "replace")

    assert lines_of(basket_of(browser)) == {"Tent": 1}
    assert (Basket.objects.filter(pk=frozen.pk).values()[0], frozen.lines.values()[0]) == before


def test_one_that_was_ordered_says_so(tent):
    ordered = make_basket((tent, 1), state=State.ORDERED)
    path = path_to(watched(ordered))
    order = make_order(basket=ordered, email="olena@example.test")

    page = Client().get(path, {"lang": "en"})

    assert "This basket was ordered" in words(page)
    assert "olena" not in page.content.decode()
    assert order.number not in words(page)


def test_after_signing_in_the_link_leads_to_the_accounts_basket(tent, stove, client):
    user = UserFactory()
    account, left = make_basket((stove, 1), owner=user), make_basket((tent, 1))
    watch = watched(left)
    path = path_to(watch)
    client.cookies["oscar_open_basket"] = Signer().sign(left.pk)
    client.force_login(user)
    client.get("/basket/")  # Oscar merges
    left.refresh_from_db()
    assert left.status == "Merged"
    type(watch).objects.filter(pk=watch.pk).update(state="merged", merged_into=basket_ref(account))

    page = client.get(path, {"lang": "en"})

    assert "All of it is in your basket" in words(page)
    assert lines_of(account) == {"Tent": 1, "Stove": 1}


def test_another_currency_than_in_the_basket_at_hand(tent):
    lamp = make_product("Lamp", price="9.00")
    lamp.stockrecords.update(price_currency="USD")
    path = path_to(watched(make_basket((tent, 1))))
    browser, theirs = Client(), make_basket((lamp, 1))
    theirs.lines.update(price_currency="USD")
    browser.cookies["oscar_open_basket"] = Signer().sign(theirs.pk)

    seen = words(press(browser, path))

    assert "Your basket holds things in another currency." in seen
    assert lines_of(theirs) == {"Lamp": 1}


def test_somebody_else_gets_lines_only(tent):
    owner, friend = UserFactory(email="olena@example.test"), UserFactory()
    left = make_basket((tent, 1), owner=owner)
    watch, browser = watched(left, user_id_text=str(owner.pk)), Client()
    browser.force_login(friend)

    pages = [browser.get(path := path_to(watch)), press(browser, path)]

    assert not any("olena" in page.content.decode() for page in pages)
    assert browser.session["_auth_user_id"] == str(friend.pk)
    assert lines_of(Basket.objects.get(owner=friend)) == {"Tent": 1}
    watch.refresh_from_db()
    assert watch.state == "abandoned"
