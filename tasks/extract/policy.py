"""How far each field of a picture is believed: the policy as data, and the one function that applies it.

Belongs here: which letters a field may hold, which reader leads, what must hold for `accepted`, `ready` and `review`.
Does not belong here: reading (`cell`, `ocr`, `rapid`), telling hand from print (`hand`). Source of the figures: the
trial of both readers on typed, hand-drawn and real handwritten digits; decision 17 has them in short.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from schemas.documents import Decision, FieldName
from tasks.extract import values
from tasks.extract.addresses import unclear
from tasks.extract.numbers import strictly_valid

_LATIN: Final = string.ascii_letters + "æøåÆØÅéèêëüöäáàóòôíçñčđŋšŧžÉÈÊËÜÖÄÁÀÓÒÔÍÇÑČĐŊŠŦŽ"
_FOREIGN: Final = re.compile(r"[^\x20-\x7eæøåÆØÅ]")
"""Letters outside the Norwegian data's own come back as a neighbour (ë as é), so any such letter is a doubt."""
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_MOBILE: Final = re.compile(r"(?:\+47|0047)?[49]\d{7}")
_NAME: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|['’.-])*(?: [^\W\d_](?:[^\W\d_]|['’.-])*)+")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field needs. `leads`: whose reading is the value; `language`: Tesseract's data (Norwegian has no @);
    `sound`: what the value must be; `least`: the second reader's probability of its least sure letter."""

    letters: str
    leads: Literal["first", "second"]
    language: Literal["nor", "eng"]
    sound: Callable[[str], bool]
    least: float
    only: str = ""
    """Letters that Tesseract is limited to; none: unlimited."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one cell. `least`: the second reader's probability of its least sure letter; `sure`: the first
    reader's own figure for its least sure word; `other`: how likely the second reader holds the first's reading for, as
    a share of its own. `strange`: ink that is no letter of the field, or another script's; `crossing`: ink that runs
    over the cell's rules; `boxes`: how many digit boxes hold ink, where the cell has boxes."""

    name: FieldName
    first: str = field(repr=False)
    second: str = field(repr=False)
    least: float
    sure: float
    other: float
    printed: bool
    lines: int = 1
    strange: bool = False
    crossing: bool = False
    boxes: int | None = None
    words: str = field(default="", repr=False)
    """What stands in a number's cell where it is words."""


def _name(value: str) -> bool:
    return bool(_NAME.fullmatch(value)) and not _FOREIGN.search(value) and values.plausible("name", value)


_DIGITS: Final = string.digits
_MAIL: Final = f"{string.ascii_letters}{string.digits}@._+-"

POLICY: Final[Mapping[FieldName, Rule]] = {
    "pupil": Rule(f"{_LATIN}'.-", "first", "nor", _name, 0.30),
    "fnr": Rule(_DIGITS, "second", "eng", strictly_valid, 0.50, _DIGITS),
    "name": Rule(f"{_LATIN}'.-", "first", "nor", _name, 0.30),
    "mobile": Rule(f"{_DIGITS}+", "second", "eng", lambda value: bool(_MOBILE.fullmatch(value)), 0.50, f"{_DIGITS}+"),
    "email": Rule(_MAIL, "second", "eng", lambda value: bool(_ADDRESS.fullmatch(value)), 0.50, _MAIL),
}

NUMBERS: Final[tuple[FieldName, ...]] = ("fnr", "mobile")
WORDS: Final[tuple[FieldName, ...]] = ("pupil", "name", "email")


MOST_WORDS: Final = 0.8
MOST_ALIKE: Final = 0.65
LIKELY: Final = 0.005
LIKELY_SIZE: Final = 0.1
"""From which share of its own reading's likelihood the second reader holds a ring, or a capital, for possible."""
SURE: Final = 0.85
_EDGES: Final = " .,'’`|_-:;"
"""What is left of a rule beside a name is read as one of these."""
_RINGS: Final = str.maketrans("ÅåØø", "AaOo")


def agreed(seen: Seen) -> bool:
    """Whether both readers read the same, and something at all.

    The second reader drops rings and strokes ("Asheim" for "Åsheim"), writes "AE" for "Æ" and is unsure of the size of
    a first letter. In a name these are no disagreement where the first is sure and the second holds the first's reading
    for possible; a ring that only the second saw is one.
    """
    first, second = tidy(seen.name, seen.first), tidy(seen.name, seen.second)
    if first == second or seen.name not in ("pupil", "name") or seen.sure < SURE:
        return bool(second) and first == second
    if "Æ" in first:
        second = second.replace("AE", "Æ")
    if len(first) != len(second):
        return False
    apart = [n for n, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]]
    return all(_same_letter(first, n, second[n], seen.other) for n in apart)


def _same_letter(first: str, place: int, second: str, likely: float) -> bool:
    """Whether the second reader's letter is the first's without its ring, or in the other size at a word's start."""
    starts = place == 0 or first[place - 1] in " -"
    if starts and first[place].isupper() and first[place].lower() == second:
        return likely >= LIKELY_SIZE
    bare = unicodedata.normalize("NFD", second.translate(_RINGS))[0]
    return likely >= LIKELY and first[place] in "ÅåØø" and bare == first[place].translate(_RINGS)


def tidy(name: FieldName, text: str) -> str:
    """A reading for comparing: numbers and addresses without blanks, names with single ones."""
    return " ".join(text.split()).strip(_EDGES) if name in ("pupil", "name") else "".join(text.split())


def page_printed(seen: Iterable[Seen]) -> bool:
    """Whether a whole page is print: its numbers (of three or four, one may look uneven, and is then itself for
    review), nearly all its words, and most cells read the same by both readers (of a hand few are). A column in a hand
    makes the page a person's."""
    cells = list(seen)
    numbers = [cell.printed for cell in cells if cell.name in NUMBERS]
    words = [cell for cell in cells if cell.name in WORDS]
    even = sum(cell.printed for cell in words) >= MOST_WORDS * len(words)
    uneven = len(numbers) - sum(numbers)
    alike = sum(agreed(cell) for cell in cells) >= MOST_ALIKE * len(cells)
    return bool(words) and uneven <= (len(numbers) > 2) and even and alike


def suggestion(seen: Seen) -> str:
    """The reading to show. The leading reader's; in handwriting the second's, which reads it better; and a number of
    which only the other reading can be one, that one. Never a repaired or a mixed one."""
    rule = POLICY[seen.name]
    first, second = tidy(seen.name, seen.first), tidy(seen.name, seen.second)
    lead, other = (second, first) if rule.leads == "second" or not seen.printed else (first, second)
    if seen.name in NUMBERS and lead != other and rule.sound(other) and not rule.sound(lead):
        return other
    return lead or other


def judged(seen: Seen, *, page_printed: bool, names: str = "") -> tuple[str, float, Decision]:
    """(value, confidence, decision). `accepted`: print on a page of print, both readers the same, sound, sure, and
    nothing odd in the cell. `ready`: the same without being sure. Everything else is for `review`, handwriting always.
    `names`: those that stand in the same column.
    """
    rule, value = POLICY[seen.name], suggestion(seen)
    odd = seen.strange or seen.crossing or seen.lines > 1
    whole = seen.boxes is None or seen.boxes == len(value)
    odd = odd or (seen.name == "email" and unclear(value, names))
    same = whole and not odd and agreed(seen) and rule.sound(value)
    if same and seen.printed and page_printed:
        sure = seen.least >= rule.least
        return value, max(seen.least, 0.9) if sure else seen.least, "accepted" if sure else "ready"
    return value, min(seen.least, 0.6 if agreed(seen) else 0.5), "review"
