"""Ids of our own: a letter, a hyphen and 26 letters, never a digit.

They can never look like an identity number, so they may stand in logs, artifacts and command lines.
"""

import re
import secrets
import string
from itertools import product
from typing import Final

KINDS: Final = {
    "S": "submission",
    "I": "sighting",
    "E": "entry",
    "P": "pupil",
    "K": "known guardians of a pupil",
    "G": "guardian",
    "R": "refusal",
    "C": "consent",
    "L": "work-list line",
    "O": "outbox message",
    "N": "roster run",
    "H": "hold",
    "D": "dispatch of school information on paper",
    "F": "finding",
}
_SYLLABLES: Final = tuple("".join(three) for three in product(string.ascii_uppercase, repeat=3))
_MANY: Final = len(_SYLLABLES) ** 9
PATTERN: Final = re.compile(r"^[A-Z]-[A-Z]{26}$")


def new_id(kind: str) -> str:
    """A fresh random id of `kind` (one letter of `KINDS`); 26 letters are 122 bits."""
    if kind not in KINDS:
        raise ValueError("unknown kind of id")
    number, syllables = secrets.randbelow(_MANY), []
    for _ in range(9):
        number, syllable = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[syllable])
    return f"{kind}-{''.join(syllables)[:26]}"


def is_id(text: str, kind: str | None = None) -> bool:
    """Whether `text` is one of our ids, of `kind` where given."""
    return bool(PATTERN.match(text)) and (kind is None or text.startswith(f"{kind}-"))
