"""What a page of the shop asks by itself, and what is offered to somebody who comes back with a basket."""

import json
from datetime import timedelta

import brotli
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat.carts.models import BasketWatch, CartRules, DecisionTime
from shopchat.carts.people import note_writer
from shopchat.conversations.models import Conversation, Message
from shopchat.inboxes.models import Inbox
from shopchat.stores.memory import MemoryStore
from shopchat.touches.models import Suppression, Touch, TouchRules
from tests.carts.left import MEMORY, euros
from tests.factories import BasketWatchFactory, ContactFactory, InboxFactory, UserFactory
from tests.widget.asking import words
from tests.widget.conftest import Browser

BEFORE_OPENING = 3_072
State = BasketWatch.State


class Shop:
    """A shop in memory where a tent and two stoves were left in a basket, on-site offers switched on."""

    def __init__(self):
        self.store = MemoryStore()
        self.store.clear()
        self.inbox = InboxFactory()
        self.rules = CartRules.objects.create(inbox=self.inbox, onsite="bubble")
        TouchRules.objects.create(inbox=self.inbox, holdout_percent=0)
        self.tent = self.store.add_product("Tent", price=euros("199.00"))
        self.stove = self.store.add_product("Stove", price=euros("40.00"))
        self.watch = self.leave()

    def leave(self, user=None, **fields):
        lines = [self.store.line(self.tent), self.store.line(self.stove, 2)]
        self.ref = self.store.add_basket(
            lines, user_id=str(user.pk) if user else None, last_activity=timezone.now() - timedelta(hours=2)
        )
        return BasketWatchFactory(ref=self.ref, inbox=self.inbox, user_id_text=str(user.pk) if user else "", **fields)


class Customer(Browser):
    """A browser on the shop's pages: what it posts says where it comes from."""

    def carrying(self, shop, ref=None):
        for name, value in shop.store.cookies_for(ref or shop.ref).items():
            self.cookies[name] = value
        return self

    def ask(self):
        return self.get("/chat/offer/")

    def here(self, url="/chat/offer/show/?lang=en", **fields):
        fields = fields or {"do": "show"}
        return self.form(url, headers={"Sec-Fetch-Site": "same-origin"}, **fields)

    def answer(self, do, **fields):
        return self.here("/chat/offer/answer/?lang=en", do=do, **fields)

    def form(self, url, body=None, headers=None, **fields):
        self.sent = headers or {}
        return super().form(url, body, **fields)

    def post(self, *args, **kwargs):
        return super().post(*args, headers=getattr(self, "sent", {}), **kwargs)


@pytest.fixture
def shop(db, settings):
    settings.SHOPCHAT = MEMORY
    shop = Shop()
    yield shop
    shop.store.clear()


@pytest.fixture
def customer(shop):
    return Customer().carrying(shop)


def script():
    return Browser().get("/chat/launcher/en.js").content.decode()


# The launcher


def test_the_launcher_asks_only_while_the_shop_offers_something(shop):
    assert "/chat/offer/" in script()

    CartRules.objects.update(onsite="off")

    assert "/chat/offer/" not in script()
    assert "requestIdleCallback" not in script()


@pytest.mark.parametrize("language", ["en", "ru", "uk"])
def test_a_launcher_that_asks_is_within_the_budget(shop, language):
    response = Browser().get(f"/chat/launcher/{language}.js")

    assert b"/chat/offer/" in response.content
    assert len(brotli.compress(response.content)) <= BEFORE_OPENING


def test_what_is_loaded_to_show_an_offer_is_small(shop):
    response = Browser().get("/chat/offer/en.js")

    assert response.headers["Content-Type"].startswith("text/javascript")
    assert not response.cookies
    assert len(brotli.compress(response.content)) <= BEFORE_OPENING


def test_quiet_paths_are_the_projects(shop, settings):
    assert r"/\/checkout\//.test(location.pathname)" in script()

    settings.SHOPCHAT = {**MEMORY, "QUIET_PATHS": ["/pay/", "/k.sse</script>"]}
    assert r"/\/pay\/|\/k\.sse\<\/script\>/.test(" in script()

    settings.SHOPCHAT = {**MEMORY, "QUIET_PATHS": []}
    assert "/(?!)/.test(" in script()


# The question of each page


def asked(browser):
    with CaptureQueriesContext(connection) as captured:
        response = browser.ask()
    # Savepoints are those of the test's own transaction.
    return response, [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def test_nobody_costs_no_query(shop):
    response, queries = asked(Customer())

    assert (response.status_code, queries) == (204, [])


def test_a_basket_that_was_left_is_found_by_at_most_three_queries(customer):
    response, queries = asked(customer)

    assert response.status_code == 200
    assert len(queries) <= 3


@pytest.mark.parametrize("left", [True, False])
def test_so_is_that_of_an_account(shop, left):
    user = UserFactory()
    if left:
        shop.leave(user)
    browser = Customer()
    browser.force_login(user)

    response, queries = asked(browser)

    assert response.status_code == (200 if left else 204)
    assert len(queries) <= 3, queries


def test_the_question_leaves_nothing_in_the_browser_and_nothing_in_the_database(customer):
    response, queries = asked(customer)

    assert not response.cookies
    assert response.headers["Cache-Control"] == "no-store"
    assert "Cookie" not in response.headers.get("Vary", "")
    assert not any(sql.startswith(("INSERT", "UPDATE", "DELETE")) for sql in queries)
    assert not Touch.objects.exists()


def test_that_of_an_account_neither(shop):
    user = UserFactory()
    shop.leave(user)
    browser = Customer()
    browser.force_login(user)

    response = browser.ask()

    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


def test_a_store_that_fails_offers_nothing(customer, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(MemoryStore, "current_basket", broken)

    assert customer.ask().status_code == 204


# The bubble


def test_the_bubble_speaks_of_what_is_in_the_basket_now(shop, customer):
    shop.store.change_product(shop.tent, title="Heron tent")

    told = json.loads(customer.here().content)

    assert told["words"] == "“Heron tent” and 1 more product are still in your basket. Can we help you decide?"
    assert (told["window"], told["page"]) == (False, "/chat/offer/page/?lang=en")
    assert Touch.objects.get().state == "handed"
    assert customer.ask().status_code == 204


def test_the_shop_may_have_chosen_a_window(shop, customer):
    CartRules.objects.update(onsite="popup")

    assert json.loads(customer.here().content)["window"] is True


def test_a_payment_that_was_not_completed_is_an_offer_of_help_and_never_a_window(shop, customer):
    CartRules.objects.update(onsite="popup")
    BasketWatch.objects.update(state=State.PAYMENT_INTERRUPTED)

    told = json.loads(customer.here().content)

    assert (told["words"], told["window"]) == ("Your payment was not completed. Shall we help?", False)


def test_nothing_is_shown_where_everything_is_gone(shop, customer):
    shop.store.change(shop.ref, [])

    assert customer.here().status_code == 204
    assert not Touch.objects.exists()


def test_nothing_is_shown_during_payment(shop, customer):
    BasketWatch.objects.update(state=State.PAYING)

    assert customer.ask().status_code == 204
    assert customer.here().status_code == 204


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
@pytest.mark.parametrize("url", ["/chat/offer/show/", "/chat/offer/answer/"])
def test_another_site_cannot_post(shop, url, headers):
    browser = Customer(enforce_csrf_checks=True).carrying(shop)

    assert browser.form(url, headers=headers, do="never").status_code == 403
    assert not Touch.objects.exists()
    assert not Suppression.objects.exists()


def test_a_page_over_plain_http_names_its_origin(shop):
    browser = Customer(enforce_csrf_checks=True).carrying(shop)

    response = browser.form("/chat/offer/show/", headers={"Origin": "http://testserver"}, do="show")

    assert response.status_code == 200
    assert not response.cookies


def interrupted(shop):
    """Somebody without an account comes back from a payment: the basket is no longer in their hands."""
    shop.store.pay(shop.ref)
    BasketWatch.objects.update(state=State.PAYMENT_INTERRUPTED)
    return Customer().carrying(shop)


def test_somebody_without_an_account_is_offered_help_with_their_payment(shop):
    customer = interrupted(shop)

    response, queries = asked(customer)

    assert response.status_code == 200
    assert len(queries) <= 3
    assert not response.cookies
    assert json.loads(customer.here().content)["words"] == "Your payment was not completed. Shall we help?"
    assert asked(customer)[0].status_code == 204


def test_nobody_else_is_offered_it(shop):
    interrupted(shop)
    stranger = Customer()

    assert (stranger.ask().status_code, stranger.here().status_code) == (204, 204)


def test_whoever_fills_another_basket_is_not_spoken_to_of_the_payment(shop):
    customer = interrupted(shop)
    shop.leave(state=State.ACTIVE)
    customer.carrying(shop)

    assert customer.ask().status_code == 204


def test_while_the_payment_may_still_arrive_nothing_is_offered(shop):
    customer = interrupted(shop)
    BasketWatch.objects.update(state=State.PAYING)

    assert customer.ask().status_code == 204


# Those who hesitate


@pytest.fixture
def filling(shop, customer, time_machine):
    """A customer who changed their basket five minutes ago, on a site where nine of ten have ordered after eight."""
    time_machine.move_to(timezone.now(), tick=False)
    CartRules.objects.update(onsite="popup", hesitation=True)
    BasketWatch.objects.update(state=State.ACTIVE, last_activity=timezone.now() - timedelta(minutes=5))
    DecisionTime.objects.create(inbox=shop.inbox, seconds=480, orders=100, measured_at=timezone.now())
    return customer


def test_a_page_learns_when_somebody_will_have_taken_long(filling):
    response, queries = asked(filling)

    assert (response.status_code, response.content) == (200, b"180")
    assert len(queries) <= 3
    assert not response.cookies


def test_somebody_who_comes_back_does_not_have_to_wait(customer):
    assert customer.ask().content == b""


def test_nothing_is_shown_before(filling, time_machine):
    assert filling.here().status_code == 204

    time_machine.shift(timedelta(minutes=3))

    assert json.loads(filling.here().content)["words"].endswith("Can we help you decide?")
    assert filling.ask().status_code == 204


def test_those_who_hesitate_see_a_bubble_and_never_a_window(filling, time_machine):
    time_machine.shift(timedelta(minutes=3))

    assert json.loads(filling.here().content)["window"] is False
    assert "You have taken longer to decide" in words(filling.get("/chat/offer/page/"))


def test_a_change_begins_the_time_anew(filling, time_machine):
    time_machine.shift(timedelta(minutes=3))
    BasketWatch.objects.update(last_activity=timezone.now())

    assert filling.here().status_code == 204
    assert filling.ask().content == b"480"


def test_nobody_waits_on_one_page_for_hours(filling):
    CartRules.objects.update(idle_minutes=600)
    DecisionTime.objects.update(seconds=36_000)

    assert filling.ask().status_code == 204


def test_without_the_rule_nobody_is_spoken_to_while_they_fill_their_basket(filling):
    assert filling.ask().status_code == 200

    CartRules.objects.update(hesitation=False)

    assert filling.ask().status_code == 204


# The page in the frame


def test_the_page_has_the_lines_at_the_price_and_stock_of_now(shop, customer):
    shop.store.change_product(shop.tent, price=euros("149.00"))
    shop.store.change_product(shop.stove, stock=0)

    page = customer.get("/chat/offer/page/", {"lang": "en"})

    said = words(page)
    assert "€149.00" in said
    assert "out of stock" in said.lower()
    assert [label in said for label in ("Ask a question", "To the basket", "Not now", "Do not show again")] == [
        True,
        False,
        True,
        True,
    ]
    assert "Why am I seeing this?" in said
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not page.cookies


def test_somebody_else_sees_nothing_of_it(shop):
    stranger = Customer()
    other = Customer().carrying(shop, shop.store.add_basket([shop.store.line(shop.tent)]))

    for browser in (stranger, other):
        page = browser.get("/chat/offer/page/", {"lang": "en"})
        assert page.status_code == 404
        assert "Stove" not in words(page)
        assert browser.answer("never").status_code == 404
    assert not Suppression.objects.exists()


def test_the_reason_is_asked_only_where_the_shop_wants_it(shop, customer):
    assert "What is missing?" in words(customer.get("/chat/offer/page/"))

    CartRules.objects.update(asks_why=False)

    assert "What is missing?" not in words(customer.get("/chat/offer/page/"))


def test_after_a_payment_there_is_help_and_nothing_else(shop, customer):
    BasketWatch.objects.update(state=State.PAYMENT_INTERRUPTED)

    said = words(customer.get("/chat/offer/page/"))

    assert "Yes, please help" in said
    assert "What is missing?" not in said


# What the customer answers


def test_a_question_goes_on_in_the_chat_with_the_basket_in_sight(shop, customer):
    customer.here()

    answer = customer.answer("ask")

    assert (answer.status_code, answer.url) == (302, "/chat/?lang=en&about=basket")
    assert Touch.objects.get().clicked_at
    assert "We see what is in your basket: Tent, Stove × 2" in words(customer.get(answer.url))


def test_the_basket_is_opened(shop):
    user = UserFactory()
    shop.leave(user)
    browser = Customer()
    browser.force_login(user)
    browser.here()

    answer = browser.answer("basket")

    assert answer.url == "/basket/"
    assert Touch.objects.get().clicked_at


@pytest.mark.parametrize(("do", "for_good"), [("later", False), ("never", True)])
def test_a_dismissal_is_remembered(shop, customer, do, for_good):
    customer.here()

    assert customer.answer(do).status_code == 204

    assert Touch.objects.get().dismissed_at
    assert Suppression.objects.exists() == for_good


def test_advice_begins_a_conversation_that_says_what_was_tapped(shop, customer):
    customer.here()

    answer = customer.answer("why", why="advice")

    conversation = Conversation.objects.get()
    assert answer.url == f"/chat/?lang=en&c={conversation.number}"
    assert Message.objects.get().text == "I would like advice about what is in my basket.\nTent, Stove × 2"
    assert conversation.waiting_since
    assert BasketWatch.objects.get().needs_a_person()
    assert "I would like advice" in words(customer.get(answer.url))


def test_the_same_tap_twice_is_one_message(shop, customer):
    customer.answer("why", why="payment")
    customer.answer("why", why="payment")

    assert Message.objects.count() == 1


def test_help_after_a_payment_is_a_task_and_a_conversation(shop, customer):
    BasketWatch.objects.update(state=State.PAYMENT_INTERRUPTED)
    customer.here()

    customer.answer("help")

    assert BasketWatch.objects.get().needs_a_person()
    assert Message.objects.get().text.startswith("My payment was not completed. Please help me.")


def test_help_after_a_payment_names_whose_basket_it_is(shop):
    """Also where they hold another by now, so that whoever takes the task finds the conversation."""
    customer, unpaid = interrupted(shop), shop.watch
    before = shop.store.baskets([shop.ref])
    shop.leave(state=State.EMPTIED)
    customer.carrying(shop)
    BasketWatch.objects.filter(ref=shop.ref).update(last_activity=timezone.now() - timedelta(days=1))

    answer = customer.answer("help")

    contact = Conversation.objects.get().contact
    assert answer.status_code == 302
    assert BasketWatch.objects.get(pk=unpaid.pk).contact == contact
    assert contact.basket_ref == shop.ref
    assert shop.store.baskets([unpaid.ref]) == before


def test_the_basket_of_an_account_is_given_to_no_browser(shop):
    watch = BasketWatchFactory(user_id_text="7")

    assert not note_writer(watch, ContactFactory())
    assert note_writer(shop.watch, ContactFactory())


@pytest.mark.parametrize(
    ("text", "shown"), [("Two days, €5.", "Two days, €5."), ("/delivery/", "How we deliver and what it costs")]
)
def test_delivery_is_answered_by_what_the_shop_says(shop, customer, text, shown):
    Inbox.objects.update(texts={"en": {"delivery": text}})

    assert shown in words(customer.answer("why", why="delivery"))


def test_without_such_a_text_the_chat_opens(shop, customer):
    assert customer.answer("why", why="delivery").url == "/chat/?lang=en&about=basket"


def test_a_voucher_is_shown_to_somebody_known(shop):
    CartRules.objects.update(price_answer="voucher", voucher_percent=10)
    user = UserFactory()
    shop.leave(user)
    browser = Customer()
    browser.force_login(user)

    answer = browser.answer("why", why="price")

    assert BasketWatch.objects.get(user_id_text=str(user.pk)).vouchers.get().code in words(answer)


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_only_who_is_not_signed_in_is_told_to_sign_in_for_the_voucher(shop, is_signed_in):
    CartRules.objects.update(price_answer="voucher", voucher_percent=10)
    contact = ContactFactory(signed_in=True)
    shop.leave(contact.user if is_signed_in else None, contact=contact)
    browser = Customer().carrying(shop)
    if is_signed_in:
        browser.force_login(contact.user)

    answer = words(browser.answer("why", why="price"))

    assert "A voucher for you" in answer
    assert ("sign in to your account" in answer) is not is_signed_in


def test_whoever_is_just_looking_is_left_in_peace(shop, customer):
    answer = customer.answer("why", why="looking")

    assert "We will not remind you" in words(answer)
    assert customer.ask().status_code == 204


@pytest.mark.parametrize("fields", [{"do": "dance"}, {"do": "why", "why": "weather"}, {}])
def test_an_answer_that_is_none_is_refused(customer, fields):
    assert customer.here("/chat/offer/answer/", **fields).status_code == 400
