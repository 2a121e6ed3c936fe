"""Guests whose payment came to nothing, by the pages of a real Oscar: they are offered help, and their basket stays frozen."""

from urllib.parse import urlencode

import pytest
from django.conf import settings as project
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

if not project.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from oscar.apps.payment.exceptions import RedirectRequired
from oscar.core.loading import get_class, get_model

from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.carts.people import contact_of
from shopchat.conversations.models import Conversation
from shopchat.touches.models import Touch
from tests.carts.passing import MINUTE
from tests.factories import InboxFactory
from tests.stores.oscar_shop import make_product, place_order, with_strategy
from tests.widget.asking import words
from tests.widget.conftest import FORM

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:(update|remove) is not implemented in this backend:UserWarning"),
]
Basket = get_model("basket", "Basket")
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
BANK = "https://bank.example/pay/1"
COOKIE = "oscar_open_basket"


class Guest(Client):
    """Fills a basket and goes to pay for it at the bank's."""

    def put(self, product):
        self.post(f"/basket/add/{product.pk}/", {"quantity": 1}, headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})

    def go_to_pay(self):
        self.post("/checkout/", {"username": "guest@example.test", "options": "anonymous"})
        self.get("/checkout/shipping-method/")  # which finds that nothing has to be shipped
        return self.post("/checkout/preview/", {"action": "place_order"})

    def act(self, url, **fields):
        return self.post(url, urlencode(fields), content_type=FORM, headers=FROM_HERE)


@pytest.fixture
def tent(db):
    CartRules.objects.create(inbox=InboxFactory(), onsite="bubble")
    tent = make_product("Tent", price="199.00", stock=9)
    tent.product_class.requires_shipping = False
    tent.product_class.save()
    return tent


@pytest.fixture
def guest(tent, monkeypatch, django_capture_on_commit_callbacks):
    """Somebody without an account has come back from the bank's page without having paid, and looks about."""

    def redirect(*args, **kwargs):
        raise RedirectRequired(BANK)

    monkeypatch.setattr(get_class("checkout.views", "PaymentDetailsView"), "handle_payment", redirect)
    browser = Guest()
    with django_capture_on_commit_callbacks(execute=True):
        browser.put(tent)
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.go_to_pay().url == BANK
    browser.get("/basket/")
    assert not browser.cookies[COOKIE].value
    return browser


def time_runs_out():
    sweep(timezone.now() + 31 * MINUTE)


def stored():
    baskets, lines = Basket.objects.order_by("pk"), get_model("basket", "Line").objects.order_by("pk")
    return list(baskets.values()), list(lines.values()), Session.objects.count()


def test_the_payment_is_a_task_that_shows_what_was_to_be_paid_for(guest):
    assert guest.get("/chat/offer/").status_code == 204

    time_runs_out()

    watch = BasketWatch.objects.get()
    assert watch.needs_a_person()
    assert ([line["title"] for line in watch.lines], watch.total) == (["Tent"], 199)


def test_help_is_offered_and_nothing_is_made_or_thawed_for_it(guest):
    time_runs_out()
    before, cookies = stored(), dict(guest.cookies)

    with CaptureQueriesContext(connection) as captured:
        asked = guest.get("/chat/offer/")
    told = guest.act("/chat/offer/show/?lang=en", do="show")
    page = guest.get("/chat/offer/page/", {"lang": "en"})

    assert asked.status_code == 200
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) <= 3
    assert told.json()["words"] == "Your payment was not completed. Shall we help?"
    assert "Tent" in words(page)
    assert "To the basket" not in words(page)
    assert not any(response.cookies for response in (asked, told, page))
    assert "Cookie" not in asked.headers.get("Vary", "")
    assert (stored(), dict(guest.cookies)) == (before, cookies)
    assert Basket.objects.get().status == "Frozen"
    assert list(Touch.objects.values_list("kind", "touch_class", "state")) == [("cart_payment", "help", "handed")]


def test_it_is_offered_once_and_to_nobody_else(guest):
    time_runs_out()
    stranger = Client()
    assert stranger.get("/chat/offer/").status_code == 204

    guest.act("/chat/offer/show/?lang=en", do="show")

    assert guest.get("/chat/offer/").status_code == 204


def test_whoever_takes_it_up_is_found_by_the_operator(guest):
    time_runs_out()

    guest.act("/chat/offer/answer/?lang=en", do="help")

    contact = Conversation.objects.get().contact
    assert contact_of(BasketWatch.objects.get()) == contact
    assert contact.basket_ref == BasketWatch.objects.get().ref
    assert Basket.objects.get().status == "Frozen"


def test_a_payment_that_arrives_late_leaves_nothing_to_offer(guest):
    time_runs_out()
    assert guest.get("/chat/offer/").status_code == 200

    place_order(with_strategy(Basket.objects.get()), email="guest@example.test")

    assert guest.get("/chat/offer/").status_code == 204
    assert not BasketWatch.objects.get().needs_a_person()


def test_whoever_fills_another_basket_is_not_spoken_to_of_the_payment(guest, tent, django_capture_on_commit_callbacks):
    time_runs_out()
    assert guest.get("/chat/offer/").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        guest.put(tent)

    assert guest.get("/chat/offer/").status_code == 204
    assert BasketWatch.objects.needing_a_person().count() == 1
