"""E-mail addresses that print cannot tell apart: 1 and l, 0 and O, and a name that is nearly the guardian's own.

Belongs here: whether an address that both readers read alike may still be another. Does not belong here: whether it is
one at all (`schemas.contact`). Both readers take the 1 of many typefaces for an l, so that they agree proves nothing
there; that the letters are the guardian's own name does.
"""

import re
from typing import Final

from rapidfuzz import fuzz

from schemas.contact import KNOWN_DOMAINS

_RUNS: Final = re.compile(r"[^\W\d_]+|\d+")
_TWIN_IN_WORD: Final = re.compile(r"[lI]$|^[lI][^aeiouyæøå]|(?<=.)I|(?<=[a-z])O")
"""A letter that has a twin, and nothing round it that tells which."""
_TWIN_BESIDE_DIGIT: Final = re.compile(r"[lIoO]$|^[lIoO]")
_TWIN_IN_NUMBER: Final = re.compile(r"^[10]|[10]$")
_FOLDS: Final = str.maketrans("æøåéèêëüöäáàóòôíçñčđŋšŧž", "aoaeeeeuoaaaoooicncdnstz")
_NEAR: Final = 65
"""From which likeness, of 100, letters are the guardian's own name misread rather than another word."""


def unclear(address: str, names: str) -> bool:
    """Whether an address may be another that looks the same. `names`: those that stand in the same column."""
    local, _, domain = address.partition("@")
    own = {_folded(word) for word in re.split(r"[\s\-]+", names) if len(word) > 1}
    return _may_differ(local, own) or (domain.lower() not in KNOWN_DOMAINS and _may_differ(domain, set()))


def _may_differ(text: str, own: set[str]) -> bool:
    runs = list(_RUNS.finditer(text))
    for number, run in enumerate(runs):
        beside = [
            other[0]
            for other in (*runs[max(0, number - 1) : number], *runs[number + 1 : number + 2])
            if other.start() == run.end() or other.end() == run.start()
        ]
        if run[0].isdecimal():
            if _TWIN_IN_NUMBER.search(run[0]) and any(not _own(word, own) for word in beside):
                return True
        elif not _own(run[0], own):
            near = any(fuzz.ratio(_folded(run[0]), name) >= _NEAR for name in own)
            if near or _TWIN_IN_WORD.search(run[0]) or (beside and _TWIN_BESIDE_DIGIT.search(run[0])):
                return True
    return False


def _own(letters: str, own: set[str]) -> bool:
    """Whether letters are own names and nothing else, one or several."""
    left = _folded(letters)
    for name in sorted(own, key=len, reverse=True):
        left = left.replace(name, " ")
    return not left.strip()


def _folded(word: str) -> str:
    """A name as it is written in addresses: without rings and accents, aa, ae and oe as one letter."""
    return re.sub(r"a[ae]|oe", lambda pair: pair[0][0], word.casefold().translate(_FOLDS))
