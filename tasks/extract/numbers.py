"""Whether a text holds an identity number, however it was spaced.

Belongs here: finding runs of digits that could be one. Does not belong here: the arithmetic (`schemas.identity`), and
which field it fills (`tasks.extract.table`).
"""

import re
from typing import Final

from schemas.numbers import check_digits, clean

_RUN: Final = re.compile(r"\d+(?:[ \t\u00a0\u2009\u202f.\-\u2010-\u2015:/*_]{1,3}\d+)*")
_GROUP: Final = re.compile(r"\d+")
_LENGTH: Final = 11
_MOST: Final = 10_000


def candidates(text: str) -> list[str]:
    """Every 11 digits in `text` that stand as one run or as whole neighbouring groups (6+5, 2 2 2 5, one by one).

    Groups are kept whole, so a telephone number beside an identity number hides neither; a longer run of digits has
    none. At most 10 000 are returned.
    """
    found: list[str] = []
    for run in _RUN.finditer(text):
        groups = _GROUP.findall(run[0])
        for first in range(len(groups)):
            digits = ""
            for group in groups[first : first + _LENGTH]:
                digits += group
                if len(digits) >= _LENGTH:
                    break
            if len(digits) == _LENGTH:
                found.append(clean(digits))
                if len(found) == _MOST:
                    return found
    return found


def valid_numbers(text: str) -> list[str]:
    """The candidates whose check digits hold, in the order of the text."""
    found = candidates(text)
    if not found:
        return []
    import pandas as pd

    from schemas.identity import classify

    valid = classify(pd.Series(found, dtype="str"), environment="production")["valid"]
    return [number for number, holds in zip(found, valid, strict=True) if holds]


def holds_number(text: str) -> bool:
    """Whether any 11 digits in `text` are an identity number by their check digits, of whichever kind."""
    return bool(valid_numbers(text))


def strictly_valid(number: str) -> bool:
    """Whether 11 digits are an identity number by both check digits of the old rule and by their date.

    The rule of 2032 alone lets ten times more misreadings through, so it is never proof of a machine's reading.
    """
    if len(number) != _LENGTH or not number.isdecimal() or check_digits(number[:9]) != number[9:]:
        return False
    return holds_number(number)
