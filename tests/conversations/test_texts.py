import pytest

from shopchat.conversations.texts import InvalidMessage, clean_client_id, clean_text


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("Hello", "Hello"),
        ("  two\r\nlines\rthree ", "two\nlines\nthree"),
        ("bell\x07 and \x1b[31m escape\x85", "bell and [31m escape"),
        ("\u202egnp.exe \u202dx", "gnp.exe x"),
        ("\u200fعربي\u200f \u2067x\u2069", "\u200fعربي\u200f \u2067x\u2069"),
        ("👩‍👩‍👧 🇺🇦", "👩‍👩‍👧 🇺🇦"),
        ("<b>{{ 7|add:7 }}</b>", "<b>{{ 7|add:7 }}</b>"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("x" * 4000, "x" * 4000),
    ],
)
def test_what_is_stored(raw, stored):
    assert clean_text(raw) == stored


@pytest.mark.parametrize("raw", ["", "   ", "\n\t\r\n", "\x07\u202e", "a\x00b", "x" * 4001])
def test_what_is_refused(raw):
    with pytest.raises(InvalidMessage) as refused:
        clean_text(raw)

    assert str(refused.value)


def test_the_refusal_counts_the_excess():
    with pytest.raises(InvalidMessage, match="too long by 1 character\\."):
        clean_text("x" * 4001)
    with pytest.raises(InvalidMessage, match="too long by 21 characters"):
        clean_text("x" * 4021)


@pytest.mark.parametrize("raw", ["", "short", "x" * 65, "a b c d e f", "../../../etc", "ключключ"])
def test_a_wrong_client_id_is_refused(raw):
    with pytest.raises(InvalidMessage):
        clean_client_id(raw)


def test_a_uuid_is_a_client_id():
    assert clean_client_id("0b0c9f2e-1111-4222-8333-abcdefabcdef") == "0b0c9f2e-1111-4222-8333-abcdefabcdef"
