"""Amounts of money that know their currency, and how people write them."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce

from django.utils.formats import number_format
from django.utils.translation import get_language, override

SYMBOLS = {
    "BYN": "Br",
    "CHF": "CHF",
    "CZK": "Kč",
    "EUR": "€",
    "GBP": "£",
    "ILS": "₪",
    "JPY": "¥",
    "KZT": "₸",
    "PLN": "zł",
    "RUB": "₽",
    "TRY": "₺",
    "UAH": "₴",
    "USD": "$",
}
# ISO 4217; everything that is not here has two digits.
DECIMALS = {"CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}
SYMBOL_FIRST = {"en", "ga", "ja", "ko", "th", "zh"}  # languages; the others write it behind
STUCK_TO_THE_NUMBER = "€£$¥₪₺"  # where it stands first: "€5.00", but "PLN 5.00"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


class CurrencyMismatch(ValueError):
    """Amounts of different currencies were added."""


@dataclass(frozen=True)
class Money:
    """An amount in a currency (an ISO 4217 code such as ``"EUR"``, kept in upper case).

    Raises ``TypeError`` for an amount that is not a ``Decimal``, ``ValueError`` for one that is not
    a finite number and for an empty currency.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money needs a Decimal, not {type(self.amount).__name__}.")
        if not self.amount.is_finite():
            raise ValueError("Money needs a finite amount.")
        if not self.currency.strip():
            raise ValueError("Money needs a currency.")
        object.__setattr__(self, "currency", self.currency.strip().upper())

    def __add__(self, other: "Money") -> "Money":
        """Raises :class:`CurrencyMismatch` when the currencies differ."""
        if not isinstance(other, Money):
            return NotImplemented
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} cannot be added to {other.currency}.")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)


def total(amounts: Iterable[Money | None]) -> Money | None:
    """The sum, or ``None`` where none can be told: nothing there, a gap, or mixed currencies."""
    known = list(amounts)
    if not known or None in known:
        return None
    try:
        return reduce(operator.add, known)
    except CurrencyMismatch:
        return None


def format_money(money: Money, language: str | None = None) -> str:
    """``money`` as ``language`` writes it (default: the active one), rounded to its currency's digits.

    The spaces inside do not break. In a right-to-left page put the text into ``<bdi>``.
    """
    language = language or get_language() or "en"
    digits = DECIMALS.get(money.currency, 2)
    amount = money.amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    with override(language):
        number = number_format(abs(amount), decimal_pos=digits, use_l10n=True, force_grouping=True)
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(money.currency, money.currency)
    if language.partition("-")[0].lower() not in SYMBOL_FIRST:
        return f"{sign}{number}{NO_BREAK_SPACE}{symbol}"
    if symbol in STUCK_TO_THE_NUMBER:
        return f"{sign}{symbol}{number}"
    return f"{sign}{money.currency}{NO_BREAK_SPACE}{number}"
