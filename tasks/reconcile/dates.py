"""The ways in which a list writes dates: one way a column, found out from the whole column and never for one cell.

A cut "18.06.20" is a date of its own in another form, and 40110 is both an Excel day and 4 January 2010 without its
zero: so a cell that differs from its column is a fault, and a column that can be read in two ways is asked about.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

Read = Callable[[str, date], date | None]
_EXCEL: Final = date(1899, 12, 30)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _parts(pattern: str, order: str) -> Read:
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str, latest: date) -> date | None:
        found = compiled.fullmatch(text)
        if found is None:
            return None
        told = dict(zip(order, map(int, found.groups()), strict=True))
        year = told["y"]
        if "Y" not in pattern and year < 100:
            year = _century(year, latest)
        return _date(year, told["m"], told["d"])

    return read


def _century(year: int, latest: date) -> int:
    """Two digits: the newest year that is not after `latest`."""
    full = latest.year - latest.year % 100 + year
    return full if full <= latest.year else full - 100


def _serial(text: str, latest: date) -> date | None:
    """Days since 30 December 1899, as Excel keeps dates; five digits, so 1927 to 2173."""
    return _EXCEL + timedelta(days=int(text)) if re.fullmatch("[1-9][0-9]{4}", text) else None


FORMS: Final[dict[str, Read]] = {
    "YYYY-MM-DD": _parts(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?(?:[.]0+)?Z?)?", "ymd"),
    "DD.MM.YYYY": _parts(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})(?: 00:00(?::00)?)?", "dmy"),
    "DD.MM.YY": _parts(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{2})", "dmy"),
    "DDMMYY": _parts(r"([0-9]{2})([0-9]{2})([0-9]{2})", "dmy"),
    "DDMMYYYY": _parts(r"([0-9]{2})([0-9]{2})((?:19|20)[0-9]{2})", "dmy"),
    "YYYYMMDD": _parts(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})", "ymd"),
    "Excel": _serial,
}
"""Name -> how a cell of that form is read; two-digit years are the newest that is not after a given day."""
_LOST_ZERO: Final = "DDMMYY without its zero"
_SHORT: Final = re.compile("[1-9](?:0[1-9]|1[0-2])[0-9]{2}")


def form_of(cells: Sequence[str], latest: date) -> list[str]:
    """The forms that read the most of these filled cells; empty where none reads any. One is the column's form, several
    are for a person to choose from."""
    distinct = Counter(cells)
    counts = {
        name: sum(times for cell, times in distinct.items() if read(cell, latest) is not None)
        for name, read in FORMS.items()
    }
    most = max(counts.values(), default=0)
    best = [name for name, count in counts.items() if count == most and most]
    if best == ["Excel"] and most == len(cells) and all(_SHORT.fullmatch(cell) for cell in distinct):
        best.append(_LOST_ZERO)
    if "Excel" in best and counts["DDMMYY"]:  # the five digits are the odd ones out
        best = ["DDMMYY"]
    return best


def read_date(cell: str, form: str, latest: date) -> date | None:
    """The date in a cell of a column of this form; None where it is none."""
    return FORMS[form](cell, latest)
