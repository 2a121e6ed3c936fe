"""Cells of CSV files that spreadsheets open: what somebody typed must not become a formula there."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

# Excel takes a file for UTF-8 only if it begins with this.
BOM = "\ufeff"

# What no spreadsheet shows: it may stand before a formula without being one.
_UNSEEN = r"\s\x00-\x20\ufeff\u200b-\u200f\u2060"
# A formula begins like this; the wide forms are what Japanese input makes of the same keys.
_FORMULA = r"=+\-@＝＋－＠"
_OPENS = re.compile(rf"""(^|[,;|"'\t\r\n])(?=[{_UNSEEN}"']*[{_FORMULA}])|^(?=[\t\r\n])""")
_APOSTROPHE = "'"


def safe(value: Any) -> Any:
    """The value for a cell. Text that a spreadsheet could take for a formula gets an apostrophe before it.

    Also where a separator or a quote stands before the formula: a spreadsheet that was told another separator than ours
    begins a cell there. Whole numbers and fractions are ours and stay as they are; ``None`` is an empty cell.
    """
    if value is None or isinstance(value, int | float):
        return value
    return _OPENS.sub(rf"\g<0>{_APOSTROPHE}", str(value))


def lines(rows: Iterable[Iterable[Any]], *, separator: str = ",") -> Iterator[str]:
    """The rows as the lines of a file, one after the other; the mark of UTF-8 comes first."""
    writer = csv.writer(_Passing(), delimiter=separator)
    yield BOM
    for row in rows:
        yield writer.writerow([safe(value) for value in row])


class _Passing:
    """Hands back what it is given, so that :mod:`csv` needs no file."""

    def write(self, line: str) -> str:
        return line
