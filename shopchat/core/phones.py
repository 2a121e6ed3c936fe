"""Phone numbers as people type them, and as they are stored: in E.164.

What a number is comes from the tables of ``phonenumbers``. A country's table is loaded when the first number of that
country is read, so that pages on which no number is read pay nothing for it.
"""

import unicodedata
from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

# Nobody needs more to type one number, and what is longer is not worth the library's time.
TEXT_MAX_LENGTH = 60
PUNCTUATION = frozenset("+-.()/~")
# Ordinary subscribers at an ordinary price. Not the callee-pays and the caller-pays ones, nor what no person answers:
# toll-free, premium, shared cost, personal numbers that follow somebody around at a price, pagers, UAN, voicemail.
KINDS = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
    }
)

_REFUSALS = {
    NumberParseException.INVALID_COUNTRY_CODE: "country",
    NumberParseException.NOT_A_NUMBER: "unreadable",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_LENGTHS = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
}

# By character, and by Unicode's category: dashes and spaces of every kind.
_PLAIN = {"\uff0b": "+", "\u2212": "-", "\t": " ", "Pd": "-", "Zs": " "}


class InvalidPhone(ValueError):
    """That is no number that can be called.

    ``code`` is one of ``empty``, ``unreadable``, ``extension``, ``too_short``, ``too_long``, ``country``, ``kind`` and
    ``impossible``; ``example`` a number as it should look, empty where the country is not known either.
    """

    def __init__(self, code: str, example: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.example = example


def parse(text: str, *, region: str, countries: Collection[str]) -> str:
    """The number in E.164. Without a country code it is one of ``region``; ``countries`` are those that are called.

    Raises :class:`InvalidPhone`.
    """
    try:
        number = _read(text, region)
        _admit(number, countries)
    except InvalidPhone as invalid:
        raise InvalidPhone(invalid.code, example(region)) from invalid
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def example(region: str) -> str:
    """A number of this country as people write it to each other, with the country code; empty for no country."""
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE) or phonenumbers.example_number(region)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else ""


def is_region(code: str) -> bool:
    """Whether these two letters are a country with numbers of its own."""
    return code in phonenumbers.SUPPORTED_REGIONS


def readable(e164: str, region: str) -> str:
    """In groups: as people of ``region`` write their own numbers, others with the country code.

    What is no number, an erased one for example, is returned as it is.
    """
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return e164
    own = number.country_code == phonenumbers.country_code_for_region(region)
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL if own else PhoneNumberFormat.INTERNATIONAL)


def tail(e164: str) -> str:
    """The last four digits: enough to find a number again, too few to call it."""
    return e164[-4:]


def masked(e164: str) -> str:
    """``••• 4821``, for those who may not see the whole; empty for an erased one."""
    return f"••• {tail(e164)}" if e164 else ""


def _read(text: str, region: str) -> PhoneNumber:
    plain = _plain(text)
    if not plain:
        raise InvalidPhone("empty")
    if len(plain) > TEXT_MAX_LENGTH:
        raise InvalidPhone("too_long")
    try:
        number = phonenumbers.parse(plain, region)
    except NumberParseException as error:
        raise InvalidPhone(_REFUSALS[error.error_type] if _is_written_as_one(plain) else "unreadable") from error
    if number.extension:
        raise InvalidPhone("extension")
    if not _is_written_as_one(plain):  # letters on a keypad, or words around the number that the library passes over
        raise InvalidPhone("unreadable")
    return number


def _plain(text: str) -> str:
    """ASCII digits and plain separators, without what nobody sees: phones copy numbers with marks of direction."""
    return "".join(_plain_character(character) for character in text.strip()).strip()


def _plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Cf":
        return ""
    return _PLAIN.get(character) or _PLAIN.get(category, character)


def _is_written_as_one(plain: str) -> bool:
    return all(character.isdecimal() or character == " " or character in PUNCTUATION for character in plain)


def _admit(number: PhoneNumber, countries: Collection[str]) -> None:
    # Several countries share a code: Canada's is that of islands to which a call costs a fortune.
    sharing = set(phonenumbers.region_codes_for_country_code(number.country_code or 0)) & set(countries)
    if not sharing:
        raise InvalidPhone("country")
    if (reason := phonenumbers.is_possible_number_with_reason(number)) != ValidationResult.IS_POSSIBLE:
        raise InvalidPhone(_LENGTHS.get(reason, "impossible"))
    if not phonenumbers.is_valid_number(number):
        raise InvalidPhone("impossible")
    if not any(phonenumbers.is_valid_number_for_region(number, region) for region in sharing):
        raise InvalidPhone("country")
    if phonenumbers.number_type(number) not in KINDS:
        raise InvalidPhone("kind")
