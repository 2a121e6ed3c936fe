"""A request that still carries the key which its session had a moment ago."""

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import OperatorFactory

COOKIE = settings.SESSION_COOKIE_NAME
OURS = ["/cms/chat/badge/", "/cms/chat/list/", "/cms/chat/ticket/", "/chat/state/", "/chat/"]


@pytest.fixture
def overtaken(db):
    """A browser whose request is answered after its session has got a new key, as when Wagtail's account is saved."""
    client = Client(headers={"X-Requested-With": "XMLHttpRequest"})
    client.force_login(OperatorFactory().user)
    client.session.cycle_key()
    return client


def test_django_takes_the_cookie_from_it(overtaken):
    assert overtaken.get("/cms/pages/").cookies[COOKIE]["max-age"] == 0


@pytest.mark.parametrize("address", OURS)
def test_our_answers_leave_it_the_cookie(overtaken, address):
    answer = overtaken.get(address)

    assert answer.status_code == (403 if "/cms/" in address else 200)
    assert COOKIE not in answer.cookies
    assert "Cookie" in answer.headers["Vary"]


def test_who_signs_out_loses_the_cookie(db):
    client = Client()
    client.force_login(OperatorFactory().user)
    assert client.get("/cms/chat/badge/").status_code == 200

    answer = client.post("/cms/logout/")

    assert answer.cookies[COOKIE]["max-age"] == 0
