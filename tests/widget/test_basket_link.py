"""The page behind a link to a basket: looking changes nothing, a press brings the lines back, and no person is ever shown."""

import logging
import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat.carts import recovering
from shopchat.carts.models import BasketTransition, BasketWatch, RecoveryLink
from shopchat.conversations.models import Conversation
from shopchat.stores.base import Person
from shopchat.stores.memory import MemoryStore
from shopchat.stores.snapshots import snapshot
from tests.factories import BasketWatchFactory, ContactFactory, UserFactory
from tests.widget.asking import words
from tests.widget.conftest import Browser
from tests.widget.left_baskets import FROM_HERE, IN_MEMORY, euro, in_basket, left, path_to, press, with_basket


@pytest.fixture
def shop(settings, db):
    settings.SHOPCHAT = IN_MEMORY
    store = MemoryStore()
    store.clear()
    caches["default"].clear()
    yield store
    store.clear()


@pytest.fixture
def tent(shop):
    return shop.add_product("Tent", price=euro("199.00"))


@pytest.fixture
def stove(shop):
    return shop.add_product("Stove", price=euro("49.00"), stock=5)


@pytest.fixture
def watch(shop, tent, stove):
    return left(shop, (tent, 1), (stove, 2))


@pytest.fixture
def path(watch):
    return path_to(watch)


def everything():
    return [list(model.objects.values()) for model in (BasketWatch, BasketTransition, RecoveryLink)]


def test_a_program_that_follows_every_link_changes_nothing(shop, path):
    before = everything(), dict(shop._shelf.baskets)
    scanner = Browser(enforce_csrf_checks=True)

    with CaptureQueriesContext(connection) as queries:
        answers = [scanner.get(path, {"lang": "en"}), scanner.head(path), scanner.get(path)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert {query["sql"].split()[0] for query in queries} <= {"SELECT", "SAVEPOINT", "RELEASE"}
    assert not scanner.cookies
    assert (everything(), dict(shop._shelf.baskets)) == before
    assert press(scanner, path).status_code == 200
    assert everything() != before[0]


def test_nothing_of_the_page_is_kept_or_told_to_others(path):
    page = Browser().get(path)

    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in page.content.decode()


def test_what_was_in_it_and_what_has_changed_since(shop, tent, stove, path):
    lamp = shop.add_product("Lamp", price=euro("9.00"))
    path = path_to(left(shop, (tent, 1), (stove, 2), (lamp, 1)))
    shop.change_product(tent, price=euro("189.00"))
    shop.change_product(stove, stock=1)
    shop.remove_product(lamp)

    seen = words(Browser().get(path, {"lang": "en"}))

    assert "4 pieces" in seen
    assert "1 thing is no longer on sale." in seen
    assert "1 thing cannot be had in this quantity." in seen
    assert "1 price has changed." in seen
    assert "€189.00" in seen
    assert "€199.00" in seen
    assert f'href="{tent.url}"' in Browser().get(path).content.decode()


def test_where_nothing_has_changed_it_says_so(path):
    assert "Nothing has changed since" in words(Browser().get(path, {"lang": "en"}))


def test_no_person_is_shown(shop, tent):
    contact = ContactFactory(user=UserFactory(email="olena@example.test"))
    path = path_to(left(shop, (tent, 1), contact=contact, user_id_text=str(contact.user.pk), email_hash="deadbeef" * 8))

    shown = [Browser().get(path), press(Browser(), path)]

    for page in shown:
        assert "Tent" in page.content.decode()
        assert not re.search("olena|koval|example.test|deadbeef", page.content.decode(), re.IGNORECASE)


def test_a_press_puts_the_lines_into_the_basket_at_hand(shop, watch, path):
    browser, ref = with_basket(shop)

    page = press(browser, path)

    assert in_basket(shop, ref) == {"Tent": 1, "Stove": 2}
    assert "Everything is in your basket" in words(page)
    assert 'href="/basket/"' in page.content.decode()
    watch.refresh_from_db()
    assert (watch.state, watch.restored_at is not None) == ("restored", True)


def test_a_second_press_adds_nothing(shop, watch, path):
    browser, ref = with_basket(shop)
    press(browser, path)
    before = everything()

    again = press(browser, path)

    assert in_basket(shop, ref) == {"Tent": 1, "Stove": 2}
    assert "Everything is in your basket" in words(again)
    assert everything() == before


def test_who_has_it_all_still_goes_to_the_basket_and_is_known_to_have_come_by_the_link(shop, tent):
    browser, ref = with_basket(shop, (tent, 1))
    watch = BasketWatchFactory(ref=ref, lines=[line.as_json() for line in snapshot(shop.baskets([ref])[ref])])
    path = path_to(watch)

    page = browser.get(path, {"lang": "en"}).content.decode()
    gone_on = press(browser, path, "go")

    assert "All of it is in your basket" in page
    assert 'name="mode" value="go"' in page
    assert (gone_on.status_code, gone_on["Location"]) == (302, "/basket/")
    assert in_basket(shop, ref) == {"Tent": 1}
    watch.refresh_from_db()
    assert (watch.state, watch.links.get().restored_into) == ("restored", ref)


def test_who_has_other_things_chooses_what_becomes_of_them(shop, stove, path):
    lamp = shop.add_product("Lamp", price=euro("9.00"))
    baskets = {mode: with_basket(shop, (lamp, 3), (stove, 1)) for mode in ("add", "replace", "keep")}

    page = baskets["add"][0].get(path, {"lang": "en"}).content.decode()
    for mode, (browser, _ref) in baskets.items():
        assert press(browser, path, mode).status_code == 200

    assert "There are 4 pieces in your basket now" in page
    assert re.findall(r'name="mode" value="(\w+)"( checked)?', page) == [
        ("add", " checked"),
        ("replace", ""),
        ("keep", ""),
    ]
    assert {mode: in_basket(shop, ref) for mode, (_browser, ref) in baskets.items()} == {
        "add": {"Lamp": 3, "Stove": 2, "Tent": 1},
        "replace": {"Tent": 1, "Stove": 2},
        "keep": {"Lamp": 3, "Stove": 1},
    }


def test_who_leaves_their_basket_as_it_is_has_come_back(shop, watch, path):
    browser, _ref = with_basket(shop)

    page = press(browser, path, "keep")

    assert "Your basket stays as it is" in words(page)
    watch.refresh_from_db()
    assert (watch.state, watch.restored_at) == ("returned", None)


def test_each_line_says_what_became_of_it(shop, tent, stove):
    lamp, rope = shop.add_product("Lamp", price=euro("9.00")), shop.add_product("Rope", price=euro("5.00"), stock=9)
    path = path_to(left(shop, (tent, 1), (stove, 3), (lamp, 1), (rope, 2)))
    shop.change_product(tent, price=euro("209.00"))
    shop.change_product(stove, stock=1)
    shop.remove_product(lamp)
    shop.change_product(rope, stock=0)

    seen = words(press(with_basket(shop)[0], path))

    assert "Not everything could be put into your basket" in seen
    assert "Tent In your basket: 1 Price then €199.00, today €209.00" in seen
    assert "Stove In your basket: 1 of 3." in seen
    assert re.search("Lamp No longer on sale|Lamp .*gone", seen)
    assert re.search("Rope (Out of stock|out of stock)", seen)


def test_where_nothing_can_be_had_there_is_no_button_and_no_recovery(shop, tent):
    watch = left(shop, (tent, 1))
    path = path_to(watch)
    shop.remove_product(tent)

    page = Browser().get(path, {"lang": "en"}).content.decode()

    assert "<form" not in page
    assert "Ask a question about this basket" in page
    assert "Nothing could be put into your basket" in words(press(Browser(), path))
    watch.refresh_from_db()
    assert (watch.state, watch.restored_at) == ("returned", None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"X-Nothing": "said"},
    ],
)
def test_no_other_site_can_press_the_button(shop, path, headers):
    browser, ref = with_basket(shop)
    before = everything()

    refused = press(browser, path, **headers)

    assert refused.status_code == 403
    assert "press it once more" in words(refused)
    assert '<meta name="referrer" content="strict-origin">' in refused.content.decode()
    assert (in_basket(shop, ref), everything()) == ({}, before)


@pytest.mark.parametrize("headers", [FROM_HERE, {"Origin": "http://testserver"}, {"Origin": "https://TESTSERVER"}])
def test_our_own_page_can(shop, path, headers):
    browser, ref = with_basket(shop)

    assert press(browser, path, **headers).status_code == 200
    assert in_basket(shop, ref) == {"Tent": 1, "Stove": 2}


def test_an_old_link_still_shows_the_products(shop, watch, tent, path):
    browser, ref = with_basket(shop)
    shop.change_product(tent, price=euro("179.00"))
    assert "<form" in browser.get(path).content.decode()
    before = everything()

    with time_machine.travel(timezone.now() + timedelta(days=14, seconds=1), tick=False):
        pages = [browser.get(path, {"lang": "en"}), press(browser, path)]

    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        assert "This link has expired" in html
        assert f'href="{tent.url}"' in html
        assert "€179.00" in words(page)
        assert 'href="/chat/?lang=en"' in html
        assert "<form" not in html
    assert (in_basket(shop, ref), everything()) == ({}, before)


def test_a_revoked_link_is_over_at_once(shop, watch, path):
    other = path_to(left(shop, (shop.add_product("Lamp", price=euro("9.00")), 1)))

    assert recovering.revoke(watch) == 1
    assert recovering.revoke(watch) == 0

    assert "This link has expired" in words(Browser().get(path, {"lang": "en"}))
    assert "This was in the basket" in words(Browser().get(other, {"lang": "en"}))


def test_a_basket_that_was_ordered_says_so_and_can_be_had_again(shop, watch, path):
    order = shop.add_order(basket=watch.ref, lines=[("Tent", 1)], email="olena@example.test")
    browser, ref = with_basket(shop)

    seen = words(browser.get(path, {"lang": "en"}))
    assert "This basket was ordered" in seen
    assert f" {order.number} " not in seen.partition("pieces")[0]
    press(browser, path)

    assert in_basket(shop, ref) == {"Tent": 1, "Stove": 2}


def test_it_follows_the_basket_into_an_account(shop, tent, watch, path):
    user = UserFactory()
    account = shop.add_basket([shop.line(tent, 1)], user_id=str(user.pk))
    winner = BasketWatchFactory(ref=account, user_id_text=str(user.pk), state="contacted")
    BasketWatch.objects.filter(pk=watch.pk).update(state="merged", merged_into=account)
    owner = Browser()
    owner.force_login(user)

    press(owner, path)

    assert in_basket(shop, account) == {"Tent": 1, "Stove": 2}
    assert [BasketWatch.objects.get(pk=pk).state for pk in (watch.pk, winner.pk)] == ["merged", "restored"]
    shop.add_order(basket=account, user_id=str(user.pk))
    assert "This basket was ordered" in words(Browser().get(path, {"lang": "en"}))


def test_a_ring_of_merged_baskets_comes_to_an_end(watch, path):
    other = BasketWatchFactory(state="merged", merged_into=watch.ref)
    BasketWatch.objects.filter(pk=watch.pk).update(state="merged", merged_into=other.ref)

    assert Browser().get(path).status_code == 200


def test_whoever_it_is_forwarded_to_gets_lines_and_leaves_the_owner_alone(shop, tent):
    owner, friend = UserFactory(), UserFactory()
    watch = left(shop, (tent, 1), user_id_text=str(owner.pk))
    path = path_to(watch)
    browser = Browser()
    browser.force_login(friend)
    session = browser.session.session_key

    press(browser, path)

    assert in_basket(shop, shop.basket_of(Person(str(friend.pk)))) == {"Tent": 1}
    assert (browser.session.session_key, browser.session["_auth_user_id"]) == (session, str(friend.pk))
    watch.refresh_from_db()
    assert (watch.state, watch.links.get().restored_at) == ("abandoned", None)


def test_the_source_is_copied_and_stays_as_it_is(shop, tent):
    watch = left(shop, (tent, 2))
    shop.pay(watch.ref)
    before = shop.baskets([watch.ref])[watch.ref]
    browser, ref = with_basket(shop)

    press(browser, path_to(watch), "replace")

    assert in_basket(shop, ref) == {"Tent": 2}
    assert shop.baskets([watch.ref])[watch.ref] == before


def test_guesses_learn_nothing_and_are_soon_refused(settings, watch, path, still_clock):
    settings.SHOPCHAT = {**IN_MEMORY, "RATE_LIMITS": {"basket_link_guesses": "3/hour"}}
    token = path.split("/")[3]
    guesser, costs = Browser(REMOTE_ADDR="192.0.2.7"), []

    for bad in (token[:-1], f"{token}x", "x" * 300):
        with CaptureQueriesContext(connection) as queries:
            page = guesser.get(f"/chat/basket/{bad}/", {"lang": "en"})
        costs.append(len(queries))
        assert page.status_code == 404
        assert "There is no basket behind this link" in words(page)
        assert "Tent" not in words(page)
    refused = guesser.get(path)

    assert len(set(costs)) == 1
    assert (refused.status_code, int(refused["Retry-After"]) > 0) == (429, True)
    assert "Tent" not in words(refused)
    assert press(guesser, path).status_code == 429
    assert Browser(REMOTE_ADDR="192.0.2.8").get(path).status_code == 200


def test_no_refusal_writes_the_link_into_the_log(path, caplog):
    with caplog.at_level(logging.DEBUG):
        answers = [Browser().get("/chat/no-such-page/"), press(Browser(), path, Origin="null"), Browser().put(path)]
        answers.append(Browser().get(f"{path[:-1]}x/"))

    assert [answer.status_code for answer in answers] == [404, 403, 405, 404]
    assert "/chat/no-such-page/" in caplog.text
    assert path[:-1] not in caplog.text


def test_good_links_are_opened_as_often_as_anybody_likes(settings, path):
    settings.SHOPCHAT = {**IN_MEMORY, "RATE_LIMITS": {"basket_link_guesses": "1/hour"}}

    assert {Browser().get(path).status_code for _ in range(5)} == {200}


def test_a_shop_that_fails_shows_what_was_there_and_changes_nothing(shop, watch, path, monkeypatch, caplog):
    def broken(*_args, **_options):
        raise RuntimeError("olena@example.test")

    monkeypatch.setattr(MemoryStore, "lines_now", broken)
    monkeypatch.setattr(MemoryStore, "restore", broken)

    page, pressed = Browser().get(path, {"lang": "en"}), press(Browser(), path)

    assert "Tent" in words(page)
    assert (pressed.status_code, "Nothing has changed. Please try again." in words(pressed)) == (503, True)
    watch.refresh_from_db()
    assert (watch.state, watch.links.get().restored_at) == ("abandoned", None)
    assert "olena" not in caplog.text


def test_a_shop_that_cannot_restore_shows_the_products(settings, path):
    settings.SHOPCHAT = {}

    page = Browser().get(path, {"lang": "en"}).content.decode()

    assert "Tent" in page
    assert "<form" not in page


def test_in_the_launchers_frame_there_is_no_second_launcher(path):
    alone, framed = Browser().get(path), Browser().get(path, headers={"Sec-Fetch-Dest": "iframe"})

    assert "/chat/launcher/" in alone.content.decode()
    assert "/chat/launcher/" not in framed.content.decode()


def test_no_operator_learns_the_link_from_a_question(browser, watch, path):
    browser.open()
    pages = []

    for page in ("/products/memory:1/", path):
        browser.write("Does it fit?", page=page)
        pages.append(Conversation.objects.get().page)

    assert pages == ["/products/memory:1/", "/products/memory:1/"]
