"""The launcher's script and the tag that asks for it."""

import gzip
import json
import re

import pytest
from django.core.cache import caches
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from shopchat.inboxes.models import Inbox
from tests.factories import InboxFactory, UserFactory
from tests.widget.conftest import Browser

TAG = Template("{% load shopchat_widget %}{% shopchat_widget %}")
WITH_NONCE = Template("{% load shopchat_widget %}{% shopchat_widget nonce=nonce %}")


def settings_in(response):
    """What the script is told."""
    return json.loads(re.search(r"^launch\((.*)\);$", response.content.decode(), re.MULTILINE)[1])


def test_the_tag_prints_a_script_and_a_link():
    assert TAG.render(Context()) == (
        '<script type="module" async src="/chat/launcher/en.js"></script>'
        '<noscript><a href="/chat/?lang=en">Chat with us</a></noscript>'
    )


@pytest.mark.parametrize(
    ("active", "printed"), [("uk", "uk"), ("ru", "ru"), ("en-gb", "en"), ("de", "en"), ("RU", "ru")]
)
def test_the_tag_speaks_the_pages_language_if_the_shop_offers_it(active, printed):
    with translation.override(active):
        assert f'src="/chat/launcher/{printed}.js"' in TAG.render(Context())


def test_the_tag_works_where_translation_is_off():
    with translation.override(None):
        assert 'src="/chat/launcher/en.js"' in TAG.render(Context())


@pytest.mark.parametrize("mark", ["is_preview", "in_preview_panel"])
def test_nothing_is_printed_in_a_preview(mark):
    request = RequestFactory().get("/")
    assert TAG.render(Context({"request": request}))

    setattr(request, mark, True)

    assert TAG.render(Context({"request": request})) == ""


def test_a_nonce_is_printed_and_escaped():
    assert ' nonce="a&quot;b"></script>' in WITH_NONCE.render(Context({"nonce": 'a"b'}))


@pytest.mark.django_db
def test_the_tag_costs_no_query_and_touches_nothing_of_the_request():
    class Untouchable:
        is_preview = False

        def __getattr__(self, name):
            raise AssertionError(f"the tag looked at request.{name}") if name != "in_preview_panel" else AttributeError

    with CaptureQueriesContext(connection) as captured:
        TAG.render(Context({"request": Untouchable()}))
        queries = len(captured)

    assert queries == 0


def test_the_script_is_public_and_the_same_for_everybody(db):
    InboxFactory()
    signed_in = Browser()
    signed_in.force_login(UserFactory())
    signed_in.write()

    anonymous, known = Browser().get("/chat/launcher/en.js"), signed_in.get("/chat/launcher/en.js")

    assert anonymous.content == known.content
    assert anonymous.headers["Cache-Control"] == "public, max-age=300"
    assert anonymous.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert not anonymous.cookies
    assert not known.cookies
    assert "Cookie" not in anonymous.headers.get("Vary", "")
    assert "Cookie" not in known.headers.get("Vary", "")


def test_the_script_is_small(db):
    InboxFactory(texts={"uk": {"launcher": "Напишіть нам у чат", "title": "Крамниця «Стежка»"}})

    script = Browser().get("/chat/launcher/uk.js").content

    assert len(gzip.compress(script)) <= 4096


def test_the_script_costs_two_queries(db):
    """The widget, and whether it offers anything by itself."""
    InboxFactory()

    with CaptureQueriesContext(connection) as captured:
        Browser().get("/chat/launcher/en.js")
        queries = [query["sql"] for query in captured]

    assert len(queries) == 2, queries


def test_a_script_that_has_not_changed_is_not_sent_again(db):
    InboxFactory()
    first = Browser().get("/chat/launcher/en.js")

    again = Browser().get("/chat/launcher/en.js", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    Inbox.objects.update(accent="#123456")
    assert Browser().get("/chat/launcher/en.js", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_the_look_and_the_texts_are_the_inboxs(db):
    InboxFactory(
        accent="#ffcc00", side="start", launcher="circle", texts={"en": {"launcher": "Ask us", "title": "Trail & Co."}}
    )

    told = settings_in(Browser().get("/chat/launcher/en.js"))

    assert "#ffcc00" in told["css"]
    assert "#17191c" in told["css"]  # dark text on yellow
    assert ":host,dialog{inset-inline:var(--shopchat-side,16px) auto" in told["css"]
    assert (told["pill"], told["label"], told["title"]) == (False, "Ask us", "Trail & Co.")
    assert told["name"] == "Ask us (Chat)"
    assert (told["frame"], told["state"], told["poll"]) == ("/chat/?lang=en", "/chat/state/", "/chat/live/poll/")


def test_each_host_has_its_own_look(db):
    InboxFactory(accent="#111111")
    InboxFactory(hostname="other.example", accent="#222222")

    ours = settings_in(Browser().get("/chat/launcher/en.js"))
    port = settings_in(Browser().get("/chat/launcher/en.js", headers={"host": "localhost:8000"}))

    assert "#111111" in ours["css"]
    assert "#111111" in port["css"]


def test_a_text_cannot_leave_its_place(db):
    InboxFactory(texts={"en": {"launcher": '</script><b>"\u2028Chat'}})

    response = Browser().get("/chat/launcher/en.js")

    assert b"</script>" not in response.content
    assert settings_in(response)["label"] == '</script><b>"\u2028Chat'


def test_a_colour_that_is_none_cannot_leave_its_place(db):
    InboxFactory(accent="red;}*{")

    assert "red;}" not in settings_in(Browser().get("/chat/launcher/en.js"))["css"]


def test_a_switched_off_widget_is_a_script_that_does_nothing(db):
    InboxFactory(is_active=False)

    script = Browser().get("/chat/launcher/en.js").content.decode()

    assert "launch(" not in script
    assert "Launcher" not in script


def test_without_an_inbox_a_default_one_is_made(db):
    assert not Inbox.objects.exists()

    assert Browser().get("/chat/launcher/en.js").status_code == 200

    assert Inbox.objects.get().hostname == ""


@pytest.mark.parametrize("language", ["de", "en-us", "xx", "..", "EN"])
def test_a_language_that_the_shop_does_not_offer_is_not_found(db, language):
    assert Browser().get(f"/chat/launcher/{language}.js").status_code == 404


def test_the_script_is_in_its_language(db):
    InboxFactory()
    caches["default"].clear()

    english, ukrainian = (settings_in(Browser().get(f"/chat/launcher/{code}.js")) for code in ("en", "uk"))

    assert english["name"] == "Chat with us"
    assert ukrainian["frame"] == "/chat/?lang=uk"
    assert ukrainian["close"] != english["close"]
