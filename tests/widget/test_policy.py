"""The headers of every answer, whatever the shop's own policy is."""

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import get_resolver

from shopchat.conversations.models import Conversation
from shopchat_widget import urls
from shopchat_widget.policy import content_security_policy, protect
from tests.factories import client_id
from tests.widget.asking import shop_that_calls
from tests.widget.conftest import FORM, Browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def from_here(browser, url):
    """A form that says which site it comes from."""
    return browser.post(url, "do=later", content_type=FORM, headers={"Origin": "http://testserver"})


ANSWERS = {
    "page": (200, lambda b, n: b.get("/chat/")),
    "page of a stranger's conversation": (404, lambda b, n: b.get("/chat/", {"c": "12345678"})),
    "form": (302, lambda b, n: b.form("/chat/", text="Hi", client_id=client_id())),
    "form with an error": (400, lambda b, n: b.form("/chat/", text="", client_id=client_id())),
    "message": (201, lambda b, n: b.write()),
    "message that is refused": (400, lambda b, n: b.write("")),
    "message that is too large": (413, lambda b, n: b.form("/chat/messages/", body=b"x" * 70_000)),
    "message of another type": (415, lambda b, n: b.post("/chat/messages/", {}, content_type="application/json")),
    "message by GET": (405, lambda b, n: b.get("/chat/messages/")),
    "message into nowhere": (404, lambda b, n: b.write(conversation="12345678")),
    "updates": (200, lambda b, n: b.get(f"/chat/c/{n}/updates/", {"after": 0})),
    "no updates": (204, lambda b, n: b.get(f"/chat/c/{n}/updates/", {"after": 1})),
    "updates of a wrong cursor": (400, lambda b, n: b.get(f"/chat/c/{n}/updates/")),
    "older": (200, lambda b, n: b.get(f"/chat/c/{n}/older/", {"before": 9})),
    "seen": (204, lambda b, n: b.form(f"/chat/c/{n}/seen/", up_to=1)),
    "typing": (204, lambda b, n: b.form(f"/chat/c/{n}/typing/", on=1)),
    "answering": (200, lambda b, n: b.get("/chat/answering/")),
    "conversations": (200, lambda b, n: b.get("/chat/conversations/")),
    "state": (200, lambda b, n: b.get("/chat/state/")),
    "ticket": (200, lambda b, n: b.get("/chat/ticket/")),
    "address": (302, lambda b, n: b.form("/chat/address/", do="stop")),
    "address that is refused": (422, lambda b, n: b.form("/chat/address/", do="leave", email="x")),
    "address in its box": (200, lambda b, n: b.form("/chat/address/box/", do="stop")),
    "box of the address": (200, lambda b, n: b.get("/chat/address/box/")),
    "form for a call": (200, lambda b, n: shop_that_calls() and b.get("/chat/callback/")),
    "form for a call with errors": (422, lambda b, n: shop_that_calls() and b.form("/chat/callback/", phone="x")),
    "form where nobody calls": (404, lambda b, n: b.get("/chat/callback/")),
    "slots": (200, lambda b, n: shop_that_calls() and b.get("/chat/callback/slots/")),
    "slots where nobody calls": (204, lambda b, n: b.get("/chat/callback/slots/")),
    "nothing to offer": (204, lambda b, n: b.get("/chat/offer/")),
    "nothing to show": (204, lambda b, n: from_here(b, "/chat/offer/show/")),
    "no basket": (404, lambda b, n: b.get("/chat/offer/page/")),
    "an answer about no basket": (404, lambda b, n: from_here(b, "/chat/offer/answer/")),
    "an answer from elsewhere": (403, lambda b, n: b.form("/chat/offer/answer/", do="later")),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_has_them(writer, answer):
    status, ask = ANSWERS[answer]

    response = ask(writer, Conversation.objects.get().number)

    assert response.status_code == status
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Shopchat"] == "1"


def test_every_address_is_in_the_list():
    """A new address asks for its line above; the launcher is public, what signed links open has tests of its own."""
    apart = {"launcher", "offer_script", "confirm", "stop", "basket", "callback_request", "callback_slots_by_link"}
    names = {pattern.name for pattern in urls.urlpatterns[0].url_patterns} - apart

    assert names == {
        "page", "messages", "updates", "older", "seen", "typing", "answering", "conversations", "state", "ticket",
        "address", "address_box", "callback", "callback_slots", "reminders",
        "offer", "offer_show", "offer_page", "offer_answer",
    }  # fmt: skip
    assert len(get_resolver().reverse_dict) > 0


def test_the_poll_is_marked_and_kept_out_of_caches(db):
    response = Browser().get("/chat/live/poll/", {"ticket": "forged"})

    assert (response.status_code, response.headers["X-Shopchat"]) == (403, "1")
    assert response.headers["Cache-Control"] == "no-store"


@override_settings(STATIC_URL="https://static.example.com/s/", MEDIA_URL="//media.example.com/")
def test_files_may_come_from_where_the_shop_keeps_them():
    policy = content_security_policy()

    assert "script-src 'self' https://static.example.com;" in policy
    assert "style-src 'self' https://static.example.com;" in policy
    assert "img-src 'self' https://media.example.com https://static.example.com data:;" in policy
    assert "connect-src 'self';" in policy


def test_the_shops_trial_policies_stay_away():
    response = protect(HttpResponse())

    assert response._csp_ro_config == {}
    assert response._csp_exempt_ro is True


def test_the_shops_frame_options_do_not_win(db, settings):
    assert settings.X_FRAME_OPTIONS == "DENY" if hasattr(settings, "X_FRAME_OPTIONS") else True

    assert Browser().get("/chat/").headers["X-Frame-Options"] == "SAMEORIGIN"
