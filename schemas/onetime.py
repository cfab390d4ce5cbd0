"""The one-time reference in a letter to one guardian: how it is made, written and found again in a text.

Belongs here: its letters and its check letter. Does not belong here: whose it is, and whether it is spent
(`store.onetime`); what it proves (`tasks.reconcile.evidence`).
"""

import re
import secrets
from collections.abc import Iterable
from typing import Final

ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which are taken for digits. 23 is a prime: the check letter finds every single wrong letter and
every two that changed places. No digits: nothing in it can look like an identity number."""
LENGTH: Final = 16
"""Fifteen random letters are 67 bits; the sixteenth is the check."""
GROUP: Final = 4

_LABELLED: Final = re.compile(
    r"(?im)^[\s>|*_\-]*(?:din\s+|deres\s+|your\s+)?(?:engangs-?|one-time\s+)?(?:referanse|reference)(?:n?nummer|\s+number)?"
    rf"[\s*_]*[:.=]?[\s*_]*((?:[{ALPHABET}][ \-\u2010-\u2015]?){{{LENGTH}}})(?!\w)"
)


def new_code() -> str:
    """A fresh code of sixteen letters."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + _check(body)


def written(code: str) -> str:
    """As people see it: four groups of four, hyphens between."""
    return "-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def read_code(text: str) -> str:
    """The code in `text`, whatever its case, blanks and hyphens; "" where it is none, or a letter is wrong. Nothing is
    ever mended."""
    code = re.sub(r"[\s\-\u2010-\u2015]", "", text).upper()
    if len(code) != LENGTH or set(code) - set(ALPHABET) or _check(code[:-1]) != code[-1]:
        return ""
    return code


def find_code(lines: str | Iterable[str]) -> str:
    """The one code that stands behind its label at the start of a line; "" for none, or for several."""
    text = lines if isinstance(lines, str) else "\n".join(lines)
    found = {code for match in _LABELLED.finditer(text) if (code := read_code(match[1]))}
    return found.pop() if len(found) == 1 else ""


def _check(body: str) -> str:
    return ALPHABET[sum(at * ALPHABET.index(letter) for at, letter in enumerate(body, 1)) % len(ALPHABET)]
