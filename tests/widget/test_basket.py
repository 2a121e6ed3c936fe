"""The basket in the visitor's hands is noted beside the contact; a shop that fails changes nothing."""

import logging

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shopchat.contacts.models import Contact
from shopchat.stores.base import BasketRef, NoStore
from tests.widget.conftest import Browser

HERE = "tests.widget.test_basket"


class Shop(NoStore):
    """A shop whose visitors carry their basket's number in a cookie."""

    key = "shop"

    def current_basket(self, request):
        number = request.COOKIES.get("basket")
        return BasketRef(f"shop:{number}") if number else None


class BrokenShop(NoStore):
    key = "broken"

    def current_basket(self, request):
        raise RuntimeError("olena@example.test has a broken basket")


@pytest.fixture
def shop(settings):
    settings.SHOPCHAT = {"STORE": {"BACKEND": f"{HERE}.Shop"}}


def carrying(number, browser=None):
    browser = browser or Browser()
    browser.cookies["basket"] = str(number)
    return browser


def test_the_basket_is_noted_with_the_message(shop, db):
    carrying(7).write()

    assert Contact.objects.get().basket_ref == "shop:7"


def test_another_basket_is_noted_when_the_chat_is_opened(shop, writer):
    assert Contact.objects.get().basket_ref == ""

    carrying(8, writer).open()

    assert Contact.objects.get().basket_ref == "shop:8"


def test_a_basket_that_is_gone_leaves_the_last_one_known(shop, writer):
    carrying(7, writer).write()
    del writer.cookies["basket"]

    writer.write("Where did it go?")

    assert Contact.objects.get().basket_ref == "shop:7"


def test_the_basket_of_somebody_who_only_looks_is_not_noted(shop, db):
    carrying(7).open()

    assert not Contact.objects.exists()


def test_a_shop_that_fails_changes_nothing_and_tells_the_log_no_names(settings, db, caplog):
    settings.SHOPCHAT = {"STORE": {"BACKEND": f"{HERE}.BrokenShop"}}

    with caplog.at_level(logging.DEBUG):
        response = Browser().write()

    assert response.status_code == 201
    assert Contact.objects.get().basket_ref == ""
    assert "RuntimeError" in caplog.text
    assert "olena" not in caplog.text


def test_a_store_that_is_set_up_wrongly_loses_no_message(settings, db):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "no.such.Store"}}

    assert Browser().write().status_code == 201


def test_the_same_basket_is_not_written_twice(shop, writer):
    carrying(7, writer).write()

    with CaptureQueriesContext(connection) as captured:
        writer.open()
        queries = [query["sql"] for query in captured]

    assert not any(sql.startswith("UPDATE") and "basket_ref" in sql for sql in queries)
