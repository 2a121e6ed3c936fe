"""Numbers as people type them. The tables are the library's; what is tested is what we make of them."""

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from shopchat.core import phones
from shopchat.core.phones import InvalidPhone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
# Zeros of ASCII, Arabic, Persian, Devanagari, Bengali and full-width digits; the other nine follow each.
ZEROS = "0\u0660\u06f0\u0966\u09e6\uff10"
SEPARATORS = [" ", "-", ".", "\u00a0", "\u2009", "\u2011", "\u2013", "\u2212", "/", "  ", "\t", ""]


def parse(text, region="UA", countries=("UA",)):
    return phones.parse(text, region=region, countries=countries)


def refusal(text, **kwargs):
    with pytest.raises(InvalidPhone) as refused:
        parse(text, **kwargs)
    return refused.value


def examples(kind):
    found = [(region, phonenumbers.example_number_for_type(region, kind)) for region in REGIONS]
    return [(region, number) for region, number in found if number is not None]


CALLED = examples(PhoneNumberType.MOBILE) + examples(PhoneNumberType.FIXED_LINE)


@pytest.mark.parametrize(
    "text",
    [
        "0501234567",
        "050 123 45 67",
        "(050) 123-45-67",
        "050.123.45.67",
        "+380501234567",
        "+380 (50) 123-45-67",
        "+380 (0) 50 123 45 67",
        "00 380 50 123 45 67",
        "380501234567",
        "\uff0b380501234567",
        "٠٥٠ ١٢٣ ٤٥ ٦٧",
        "०५० १२३ ४५ ६७",
        "\u202d+380\u00a050\u2011123\u201345\u201467\u202c",
        "  0501234567\t",
    ],
)
def test_one_number_written_in_many_ways(text):
    assert parse(text) == "+380501234567"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \u200b\u202e\t", "empty"),
        ("abc", "unreadable"),
        ("call me", "unreadable"),
        ("1-800-FLOWERS", "unreadable"),
        ("050123456o", "unreadable"),
        ("call 0501234567 now", "unreadable"),
        ("tel:+380501234567", "unreadable"),
        ("😀", "unreadable"),
        ("0501234567 😀", "unreadable"),
        ("+", "unreadable"),
        ("0501234567\x00", "unreadable"),
        ("0501234567\r\nBcc: everybody@example.test", "unreadable"),
        ("0501234567; DROP TABLE x", "unreadable"),
        ("+380501234567 ext 12", "extension"),
        ("+380501234567;ext=12", "extension"),
        ("0501234567 доб. 12", "extension"),
        ("0501234567#12", "extension"),
        ("12", "too_short"),
        ("112", "too_short"),
        ("1234567", "too_short"),
        ("050123456789012", "too_long"),
        ("0501234", "too_short"),
        ("05012345678", "impossible"),
        ("0501234567 / 0671234567", "too_long"),
        ("1" * 10_000, "too_long"),
        ("😀" * 10_000, "too_long"),
        ("+48 512 345 678", "country"),
        ("+999 123456789", "country"),
        ("0 900 301 234", "kind"),
        ("0800 500 500", "kind"),
        ("+870 773 111 632", "country"),
        ("0123456789", "impossible"),
    ],
)
def test_what_is_no_number_that_can_be_called(text, code):
    refused = refusal(text)

    assert refused.code == code
    assert refused.example == "+380 50 123 4567"
    assert parse(refused.example) == "+380501234567"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+44 844 123 4567", "GB"),  # shared cost
        ("+44 909 879 0123", "GB"),  # premium
        ("+44 70 1234 5678", "GB"),  # personal
        ("+44 55 1234 5678", "GB"),  # UAN
        ("+44 7640 123456", "GB"),  # pager
        ("+7 809 123 45 67", "RU"),
        ("+7 800 123 45 67", "RU"),
        ("+1 900 234 5678", "US"),
    ],
)
def test_numbers_that_cost_whoever_calls_or_reach_nobody_are_refused(text, region):
    assert refusal(text, region=region, countries=[region]).code == "kind"


def test_voip_is_a_phone():
    assert parse("+44 56 1234 5678", "GB", ["GB"]) == "+445612345678"


def test_satellites_are_in_no_country_even_if_somebody_lists_all():
    assert refusal("+870 773 111 632", countries=REGIONS).code == "country"
    assert refusal("+881 612 345 678", countries=REGIONS).code == "country"


def test_countries_that_share_a_code_are_told_apart():
    assert parse("+1 876 210 1234", countries=["JM"]) == "+18762101234"
    assert refusal("+1 876 210 1234", countries=["US", "CA"]).code == "country"
    assert parse("+7 771 000 9998", countries=["KZ"]) == "+77710009998"
    assert refusal("+7 771 000 9998", countries=["RU"]).code == "country"


def test_a_country_that_is_none_explains_nothing():
    assert refusal("0501234567", region="XX").code == "country"
    assert refusal("0501234567", region="XX").example == ""
    assert phones.is_region("UA")
    assert not phones.is_region("XX")


def test_every_kind_is_decided_on():
    names = {name for name in vars(PhoneNumberType) if name.isupper()}
    called = {name for name in names if getattr(PhoneNumberType, name) in phones.KINDS}

    assert called == {"FIXED_LINE", "MOBILE", "FIXED_LINE_OR_MOBILE", "VOIP"}
    assert names - called == {
        "TOLL_FREE",
        "PREMIUM_RATE",
        "SHARED_COST",
        "PERSONAL_NUMBER",
        "PAGER",
        "UAN",
        "VOICEMAIL",
        "UNKNOWN",
    }


def test_how_numbers_are_shown():
    assert phones.readable("+380501234567", "UA") == "050 123 4567"
    assert phones.readable("+380501234567", "PL") == "+380 50 123 4567"
    assert phones.readable("", "UA") == ""
    assert phones.tail("+380501234821") == "4821"
    assert phones.masked("+380501234821") == "••• 4821"
    assert phones.masked("") == ""


@given(st.sampled_from(CALLED), st.sampled_from(ZEROS), st.lists(st.sampled_from(SEPARATORS), min_size=15, max_size=15))
def test_every_countrys_numbers_survive_any_script_and_separators(which, zero, separators):
    region, number = which
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    digits = [chr(ord(zero) + int(digit)) for digit in e164[1:]]
    # Not between the last digits: a dash there is part of no number.
    text = "+" + "".join(digit + between for digit, between in zip(digits, [*separators, ""], strict=False))

    assert phones.parse(text, region="UA", countries=[region]) == e164


@given(st.sampled_from(CALLED))
def test_every_countrys_numbers_can_be_typed_as_at_home(which):
    region, number = which
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)

    assert phones.parse(at_home, region=region, countries=[region]) == e164
    assert phones.parse(phones.readable(e164, "UA"), region="UA", countries=[region]) == e164


@given(st.text(max_size=80) | st.text(alphabet="0123456789+-() .٠١٢", max_size=30), st.sampled_from(REGIONS))
def test_nothing_that_is_typed_breaks_it(text, region):
    try:
        e164 = phones.parse(text, region=region, countries=[region])
    except InvalidPhone:
        return
    assert len(e164) <= 16
    assert phones.parse(e164, region=region, countries=[region]) == e164


def test_no_countrys_table_is_read_before_the_first_number():
    script = (
        "import sys, django; django.setup(); import shopchat.core.phones, shopchat_widget.urls; "
        "print(sorted(name for name in sys.modules if name.startswith('phonenumbers.data.region_'))); "
        "shopchat.core.phones.parse('0501234567', region='UA', countries=['UA']); "
        "print('phonenumbers.data.region_UA' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**_environment()}
    )

    assert told.stdout.split("\n")[:2] == ["[]", "True"]


def _environment():
    import os

    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
