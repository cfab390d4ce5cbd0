"""Identity numbers as text: what people write between the digits, and the arithmetic of the check digits.

Belongs here: what light commands, readers and fixtures need of one number at a time, in plain Python. Does not belong
here: judging (`schemas.identity`, which needs numpy and pandas). Source of the arithmetic: Skatteetaten's
documentation of fødselsnummer and its reform of 2032.
"""

import unicodedata
from typing import Final

WEIGHTS_1: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2)
WEIGHTS_2: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)

SEPARATORS: Final = frozenset(
    "-.\u2010\u2011\u2012\u2013\u2014\u2212"  # hyphens, the dashes that word processors make of them, and the dot
    "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # invisible, and brought along by copying
)
"""Removed wherever they stand, and so is white space of every kind, the no-break spaces included."""

SEPARATOR: Final = 10
OTHER: Final = 11


def classify_character(character: str) -> int:
    """0 to 9 for a decimal digit of any script, else `SEPARATOR` or `OTHER`."""
    if character in SEPARATORS or character.isspace():
        return SEPARATOR
    return unicodedata.decimal(character, OTHER)


def clean(text: str) -> str:
    """`text` without separators and with every Unicode digit as ASCII; anything else stays, to be found wanting."""
    classes = ((character, classify_character(character)) for character in text)
    return "".join(c if cls == OTHER else str(cls) for c, cls in classes if cls != SEPARATOR)


def was_folded(text: str) -> bool:
    """Whether `clean` turned full-width or other non-ASCII digits into ASCII ones: worth a look by a person."""
    return any(character > "\x7f" and classify_character(character) < SEPARATOR for character in text)


def check_digits(first_nine: str) -> str | None:
    """The two check digits (rule of 1964) that complete nine ASCII digits; None where no number has them.

    Any offset (day + 40, month + 40, 65 or 80) is part of the nine. Raises ValueError for anything but nine digits.
    """
    if len(first_nine) != 9 or not (first_nine.isascii() and first_nine.isdigit()):
        raise ValueError("nine digits are needed")
    digits = [int(d) for d in first_nine]
    for weights in (WEIGHTS_1, WEIGHTS_2):
        check = -sum(w * d for w, d in zip(weights, digits, strict=True)) % 11
        if check == 10:
            return None
        digits.append(check)
    return f"{digits[9]}{digits[10]}"
