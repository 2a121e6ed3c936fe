"""What a call is about: signed by the page that asks for it, and nobody's invention."""

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from shopchat.core import proof_of_work
from shopchat.stores.reading import configured_store
from shopchat_widget import subjects
from shopchat_widget.blocks import CallbackBlock
from tests.factories import InboxFactory, UserFactory
from tests.widget.asking import MONDAY, Caller, hidden, only_request, shop_that_calls, ticked, words


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False):
        caches["default"].clear()
        yield


@pytest.fixture
def caller(db):
    shop_that_calls()
    return Caller()


def draw(source, **context):
    return Template("{% load shopchat_widget %}" + source).render(Context(context))


def test_the_tag_is_a_link_that_costs_nothing(db):
    user = UserFactory()
    with CaptureQueriesContext(connection) as queries:
        drawn = [
            draw('{% shopchat_callback label product=product css_class="btn" %}', product=user, label="Call <me>")
            for _ in range(2)
        ]

    assert len(queries) == 0
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith('<a class="btn" href="/chat/callback/?lang=en&amp;about=')
    assert drawn[0].endswith(">Call &lt;me&gt;</a>")


def test_the_bare_tag_speaks_the_readers_language(db):
    with translation.override("uk"):
        assert draw("{% shopchat_callback %}").startswith('<a href="/chat/callback/?lang=uk">')


def test_a_product_is_filled_in_and_stored(caller):
    user = UserFactory()  # a row like any other
    page = caller.look(about=subjects.product_token(user))
    token = hidden(page)["offered"]
    assert str(user) in words(page)
    assert token in ticked(page)

    caller.ask(look=False, subject=token)

    request = only_request()
    assert (request.subject, request.subject_label) == ("product", str(user))
    assert request.subject_ref == f"{configured_store().key}:{user.pk}"


def test_a_subject_that_was_unticked_is_not_stored_and_can_be_ticked_again(caller):
    caller.look(about=subjects.order_token("100042"))

    answer = caller.ask(look=False, phone="")
    assert "Order 100042" in words(answer)
    assert hidden(answer)["offered"] not in ticked(answer)
    caller.ask(look=False)

    assert only_request().subject == ""


def test_an_order_is_believed_only_from_our_own_link(caller):
    good = subjects.order_token("100042")
    assert "Order 100042" in words(caller.look(about=good))

    for forged in ("100042", good[:-1], good.replace(":", "", 1), "basket2", "\udcff", "WyJvcmRlciJd:x"):
        page = caller.get("/chat/callback/", {"about": forged.encode("utf-8", "replace")})
        assert 'name="offered"' not in page.content.decode()


def test_a_basket_is_the_askers_own(caller, monkeypatch):
    monkeypatch.setattr(type(configured_store()), "current_basket", lambda self, request: "oscar:7:1")
    monkeypatch.setattr(type(configured_store()), "baskets_at_hand", lambda self, request: ["oscar:7:1"])

    page = caller.look(about="basket")
    assert "My basket" in words(page)
    caller.ask(look=False, subject="basket")

    request = only_request()
    assert (request.subject, request.subject_ref) == ("basket", "oscar:7:1")
    assert request.contact.basket_ref == "oscar:7:1"


def test_somebody_without_a_basket_is_asked_about_none(caller, monkeypatch):
    monkeypatch.setattr(type(configured_store()), "current_basket", lambda self, request: None)

    assert 'name="offered"' not in caller.look(about="basket").content.decode()


def test_a_long_label_is_cut(caller):
    assert "x" * 120 in words(caller.look(about=subjects.product_token("x" * 500)))
    assert "x" * 121 not in words(caller.look(about=subjects.product_token("x" * 500)))


def test_the_link_of_who_waits_carries_the_subject_on(caller):
    caller.ask()

    box = caller.look(about=subjects.product_token("Tent"))

    assert f"new=1&amp;about={subjects.product_token('Tent').replace(':', '%3A')}" in box.content.decode()


def test_the_block_draws_the_link_with_its_words(db):
    InboxFactory()
    block = CallbackBlock()
    value = block.to_python({"heading": "Rather <talk>?", "text": "One\nTwo", "button": "", "subject": "Tents"})

    html = block.render(value)

    assert "Rather &lt;talk&gt;?" in html
    assert "One<br>Two" in html
    assert "about=" in html
    assert ">Call me back</a>" in html


def test_the_blocks_preview_and_an_empty_block_draw_something(db):
    block = CallbackBlock()

    assert "Rather talk?" in block.render(block.get_preview_value())
    assert "<h2>" not in block.render(block.to_python({}))


def test_after_many_requests_the_browser_gets_work_to_do(caller, settings):
    settings.SHOPCHAT = {**settings.SHOPCHAT, "RATE_LIMITS": {"callback_captcha_after": "1/hour"}}
    caller.ask()
    before = caller.look(new="1")
    assert 'name="captcha"' not in before.content.decode()

    answer = caller.ask(phone="044 765 43 21", about="Kept")

    html = answer.content.decode()
    assert answer.status_code == 429
    assert "Your browser has to prove that it is not a program" in words(answer)
    assert '"algorithm": "PBKDF2/SHA-256"' in html
    assert 'name="captcha" value=""' in html
    assert "Kept</textarea>" in html


def test_with_the_work_done_the_request_is_taken(caller, settings, monkeypatch):
    settings.SHOPCHAT = {**settings.SHOPCHAT, "RATE_LIMITS": {"callback_captcha_after": "1/hour"}}
    caller.ask()
    monkeypatch.setattr(proof_of_work, "verify", lambda solution: solution == "done")

    assert caller.ask(phone="044 765 43 21", captcha="wrong").status_code == 429
    assert caller.ask(phone="044 765 43 21", captcha="done").status_code == 302
