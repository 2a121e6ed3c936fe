"""The host's page stays the host's: the tag adds a few static bytes, and nothing else, for nobody in particular."""

import pytest
from django.core.signing import Signer
from django.db import connection
from django.template.library import SimpleNode
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from wagtail.models import Page, Site

from tests.factories import UserFactory

pytest.importorskip("oscar")

from tests.stores.oscar_shop import make_basket, make_product

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.host_pages.urls")]
VISITORS = ("anonymous", "anonymous with basket", "signed in")


@pytest.fixture
def pages():
    """An address for each kind of page."""
    home = Site.objects.get(is_default_site=True).root_page
    home.add_child(instance=Page(title="About us", slug="about"))
    product = make_product("Tent")
    return {
        "product": product.get_absolute_url(),
        "basket": "/basket/",
        "wagtail": "/pages/about/",
        "bare": "/bare/",
    }


@pytest.fixture
def visitor(request):
    client = Client()
    basket_lines = (make_product("Boots"), 2)
    if request.param == "anonymous with basket":
        client.cookies["oscar_open_basket"] = Signer().sign(make_basket(basket_lines).pk)
    if request.param == "signed in":
        user = UserFactory()
        make_basket(basket_lines, owner=user)
        client.force_login(user)
    return client


def look(client, path):
    """The number of queries, the headers that concern caches and cookies, and the body."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
        count = len(queries)
    assert response.status_code == 200
    headers = {name: response.get(name) for name in ("Vary", "Cache-Control", "Expires", "ETag")}
    return count, headers, sorted(response.cookies), response.content.decode()


@pytest.mark.parametrize("page", ["product", "basket", "wagtail", "bare"])
@pytest.mark.parametrize("visitor", VISITORS, indirect=True)
def test_the_tag_costs_no_query_no_cookie_no_header(visitor, page, pages, monkeypatch):
    look(visitor, pages[page])  # caches, a session, a basket of one's own: whatever the first visit makes
    queries, headers, cookies, body = look(visitor, pages[page])

    monkeypatch.setattr("django.template.library.SimpleNode.render", _without_the_tag)
    bare_queries, bare_headers, bare_cookies, bare_body = look(visitor, pages[page])

    assert "/chat/launcher/en.js" in body
    assert "/chat/launcher/" not in bare_body
    assert ("/chat/callback/" in body, "/chat/callback/" in bare_body) == (page == "bare", False)
    assert (queries, headers, cookies) == (bare_queries, bare_headers, bare_cookies)


def _without_the_tag(node, context, original=SimpleNode.render):
    return "" if node.func.__name__ in ("shopchat_widget", "shopchat_callback") else original(node, context)


@pytest.mark.parametrize("page", ["product", "basket", "wagtail", "bare"])
def test_everybody_gets_the_same_bytes_of_the_tag(page, pages):
    def tag_for(client):
        _, _, _, body = look(client, pages[page])
        begin = body.index('<script type="module" async src="/chat/')
        return body[begin : body.index("</noscript>", begin)]

    somebody = Client()
    somebody.force_login(UserFactory())
    shopper = Client()
    shopper.cookies["oscar_open_basket"] = Signer().sign(make_basket((make_product("Boots"), 1)).pk)

    assert tag_for(Client()) == tag_for(somebody) == tag_for(shopper)


@override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
def test_on_a_site_without_sessions_the_page_stays_cacheable_for_everybody(pages):
    response = Client().get("/bare/")

    assert "/chat/launcher/en.js" in response.content.decode()
    assert not response.cookies
    assert "Vary" not in response
