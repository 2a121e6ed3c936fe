"""A visitor's browser as the tests drive it."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.factories import InboxFactory, client_id

FORM = "application/x-www-form-urlencoded"


class Browser(Client):
    """A browser that has the chat open: knows the page's start and sends forms as the page does."""

    def open(self, **query):
        """The chat's page; remembers its start."""
        response = self.get("/chat/", query)
        found = re.search(r'name="start" value="([^"]*)"', response.content.decode())
        self.start = found[1] if found else ""
        return response

    def form(self, url, body=None, **fields):
        """POST a form, or ``body`` as it is."""
        return self.post(url, urlencode(fields) if body is None else body, content_type=FORM)

    def write(self, text="Is it waterproof?", **fields):
        """Send a message as the script does."""
        fields = {"text": text, "client_id": client_id(), "start": getattr(self, "start", ""), **fields}
        return self.form("/chat/messages/", **fields)


@pytest.fixture
def browser(db):
    InboxFactory()
    return Browser()


@pytest.fixture
def writer(browser):
    """A browser that has written once."""
    browser.open()
    assert browser.write("The first message").status_code == 201
    return browser


@pytest.fixture
def stranger(db):
    return Browser()
