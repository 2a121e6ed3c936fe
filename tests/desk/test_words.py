"""Short times, names, days."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone, translation

from shopchat.templatetags.shopchat_desk import (
    customer_name,
    day_label,
    initial,
    is_own_path,
    language_name,
    money,
    short_since,
    times,
)
from tests.factories import ContactFactory, ConversationFactory


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1 m"),
        (timedelta(minutes=59, seconds=59), "59 m"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=6), "6 d"),
        (timedelta(days=7), "11/14/2026"),
    ],
)
@time_machine.travel("2026-11-21 12:00+00:00", tick=False)
def test_how_long_ago(age, words):
    assert short_since(timezone.now() - age) == words


@time_machine.travel("2026-11-21 12:00+00:00", tick=False)
def test_days():
    today = timezone.localdate()

    assert day_label(today) == "Today"
    assert day_label(today - timedelta(days=1)) == "Yesterday"
    assert day_label(today - timedelta(days=2)) == "Nov. 19, 2026"


def test_names(db):
    stranger = ConversationFactory(number="48217730")
    customer = ConversationFactory(contact=ContactFactory(signed_in=True))

    assert customer_name(stranger) == "Visitor 4821-7730"
    assert customer_name(customer) == "Olena Koval"
    assert (initial("«olena»"), initial("!"), initial("Анна")) == ("O", "", "А")


@pytest.mark.parametrize(("code", "name"), [("uk", "Ukrainian"), ("en-gb", "British english"), ("xx", "xx")])
def test_languages(code, name):
    with translation.override("en"):
        assert language_name(code) == name


@pytest.mark.parametrize(
    ("address", "is_path"),
    [("/catalogue/", True), ("//evil.test", False), ("/\\evil.test", False), ("https://x.test/", False), ("", False)],
)
def test_paths(address, is_path):
    assert is_own_path(address) is is_path


def test_prices_that_cannot_be_told():
    assert (money(None), times(None, 3)) == ("", None)
