from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from django.utils import translation

from shopchat.core.money import CurrencyMismatch, Money, format_money, total


def euros(amount):
    return Money(Decimal(amount), "EUR")


def test_amounts_of_one_currency_can_be_added_and_multiplied():
    assert euros("19.90") + euros("0.10") * 3 == euros("20.20")


def test_amounts_of_two_currencies_cannot():
    with pytest.raises(CurrencyMismatch, match="EUR cannot be added to UAH"):
        euros(1) + Money(Decimal(1), "UAH")
    with pytest.raises(TypeError):
        euros(1) + 1


def test_money_is_frozen_and_keeps_its_currency_in_upper_case():
    money = Money(Decimal(1), " eur ")

    assert money == euros(1)
    with pytest.raises(FrozenInstanceError):
        money.amount = Decimal(2)


@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [
        (1.5, "EUR", TypeError),
        (1, "EUR", TypeError),
        ("1", "EUR", TypeError),
        (Decimal("NaN"), "EUR", ValueError),
        (Decimal("Infinity"), "EUR", ValueError),
        (Decimal(1), "", ValueError),
        (Decimal(1), "  ", ValueError),
    ],
)
def test_what_is_no_money_is_refused(amount, currency, error):
    with pytest.raises(error):
        Money(amount, currency)


def test_a_total_is_told_only_where_there_is_one():
    assert total([euros(1), euros(2), euros(3)]) == euros(6)
    assert total(iter([euros(1)])) == euros(1)
    assert total([]) is None
    assert total([euros(1), None]) is None
    assert total([euros(1), Money(Decimal(1), "UAH")]) is None


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("1234.5", "EUR", "en", "€1,234.50"),
        ("1234.5", "EUR", "ru", "1\xa0234,50\xa0€"),
        ("1234.5", "EUR", "uk", "1\xa0234,50\xa0€"),
        ("1234.5", "EUR", "de", "1.234,50\xa0€"),
        ("0.005", "GBP", "en-gb", "£0.01"),
        ("-5", "USD", "en", "-$5.00"),
        ("-5", "UAH", "uk", "-5,00\xa0₴"),
        ("5", "PLN", "en", "PLN\xa05.00"),
        ("5", "RUB", "ru", "5,00\xa0₽"),
        ("1500", "JPY", "en", "¥1,500"),
        ("1.5", "KWD", "ru", "1,500\xa0KWD"),
        ("-0.001", "EUR", "en", "€0.00"),
    ],
)
def test_money_is_written_as_its_reader_writes_it(amount, currency, language, text):
    assert format_money(Money(Decimal(amount), currency), language) == text


def test_the_active_language_is_the_default():
    with translation.override("uk"):
        assert format_money(euros("1.5")) == "1,50\xa0€"
    with translation.override(None):
        assert format_money(euros("1.5")) == "€1.50"
