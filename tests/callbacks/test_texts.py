"""What people may write into a request."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from shopchat.callbacks.texts import Unfit, clean_line, clean_path, clean_text, cut_line


@given(st.text())
def test_a_line_is_one_and_fits(raw):
    try:
        line = clean_line(raw, most=20)
    except Unfit:
        return
    assert len(line) <= 20
    assert len(line.splitlines()) <= 1
    assert clean_line(line, most=20) == line


@given(st.text())
def test_a_text_holds_nothing_that_nobody_sees(raw):
    try:
        text = clean_text(raw, most=1000)
    except Unfit:
        return
    assert not [char for char in text if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cs"}]
    assert clean_text(text, most=1000) == text
    text.encode()


@given(st.text())
def test_what_is_cut_is_never_refused(raw):
    assert len(cut_line(raw, most=10)) <= 10


@given(st.text())
def test_a_path_leads_nowhere_else(raw):
    path = clean_path(raw, most=50)

    assert path == "" or (path[0] == "/" and path[1:2] not in {"/", "\\"})
