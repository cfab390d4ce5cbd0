"""One cell of a picture, read by both readers.

Belongs here: a crop to what was seen in it. Does not belong here: where the crop comes from (`layout`, `marks`), how
far to believe it (`policy`), the engines (`ocr`, `rapid`).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.documents import FieldName
from tasks.extract import hand, ink, ocr, rapid
from tasks.extract.policy import NUMBERS, POLICY, Seen, agreed, suggestion, tidy

Grey = NDArray[np.uint8]

_CROSSING_MM: Final = 1.5
"""How far ink must reach in from the edge: what is left of a rule does not."""
_SHORT: Final = 0.1
"""Share of the cell's width from which ink along its edge is what is left of a rule."""
_SPECK_MM: Final = 0.25
_OVER_MM: Final = 0.8
_STROKE_MM: Final = 7.0
_LEVEL_MM: Final = 3.0
"""A level stroke of this length is no letter's; of that length all in all it is a pen's, or a fold."""
_PALE: Final = 0.78
"""Share of the paper's shade below which a stroke is looked for; a pale pen is darker, text blurred together is not."""
_FEWEST_LETTERS: Final = 3
_FEWEST_DIGITS: Final = {"fnr": 8, "mobile": 4}
"""Of fewer digits than these a cell may hold words instead."""


def look(name: FieldName, crop: Grey, millimetre: float, tessdata: Path, *, boxes: int | None = None) -> Seen | None:
    """What stands in the inside of a cell; None where it is blank. `millimetre` in pixels.

    Raises OutsideFault where an engine's files are missing.
    """
    piece = ocr.cleaned(crop, millimetre)
    if piece is None:
        return None
    rule, lines = POLICY[name], ocr.lines_in(piece)
    first = ocr.read(piece, tessdata, rule.language, only=rule.only, lines=lines > 1)
    text = " ".join(first.text.split())
    second = rapid.read(tight(piece), rule.letters, text)
    printed = _printed(name, piece, second.text)
    odd, words = second.strange, ""
    if name in NUMBERS:
        value = tidy(name, second.text)
        typed = tidy(name, text) == value and ink.explained(crop, millimetre, value)
        printed, odd = printed or typed, odd or not typed
        digits = digits_in(second.text)
        words = _words(piece, tessdata, lines, digits) if digits < _FEWEST_DIGITS[name] else ""
    seen = Seen(
        name,
        text,
        second.text,
        second.confidence,
        first.confidence,
        second.other,
        printed,
        lines,
        odd,
        crosses(crop, millimetre) or struck(crop, millimetre),
        boxes,
        words,
    )
    if name in NUMBERS or odd or seen.crossing or lines > 1 or not agreed(seen):
        return seen
    typed = ink.explained_line(crop, millimetre, suggestion(replace(seen, printed=True)))
    return replace(seen, printed=printed or typed, strange=not typed)


def digits_in(text: str) -> int:
    """How many digits a reading holds."""
    return sum(map(str.isdecimal, text))


def _printed(name: FieldName, piece: Grey, text: str) -> bool:
    if name in NUMBERS:
        return hand.printed_digits(piece, digits_in(text), text.count("+"))
    return hand.printed_words(piece)


def _words(piece: Grey, tessdata: Path, lines: int, digits: int) -> str:
    """What stands in a number's cell where it is no number: a no in words, a name, that it stands on the back. Beside
    `digits`, or seen by the second reader alone, a letter or two are none."""
    told = " ".join(ocr.read(piece, tessdata, "nor", lines=lines > 1).text.split())
    other = rapid.read(tight(piece), POLICY["name"].letters).text
    letters = [sum(map(str.isalpha, text)) for text in (told, other)]
    if max(letters) < _FEWEST_LETTERS and (digits or not letters[0]):
        return ""
    return told if letters[0] >= letters[1] else other


def tight(piece: Grey) -> Grey:
    """A cleaned piece without its white border: the second reader wants the line alone."""
    return piece[ocr.BORDER - 2 : 2 - ocr.BORDER, ocr.BORDER - 2 : 2 - ocr.BORDER]


def crosses(crop: Grey, millimetre: float) -> bool:
    """Whether ink runs over the crop's edge: a pen over the rules, a value that goes on in the next cell, or a letter's
    ring that the edge cut."""
    paper = ocr.shade_at(crop, 80)
    ink = (crop < 0.6 * paper).astype(np.uint8)
    count, marks, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if any(_cut(side, stats, millimetre) for side in (marks, marks[::-1])):
        return True
    reach = round(_CROSSING_MM * millimetre)
    at_edge = np.zeros(count, bool)
    for edge in (marks[:2], marks[-2:], marks[:, :2], marks[:, -2:]):
        at_edge[edge] = True
    at_edge[0] = False
    return bool(at_edge[marks[reach:-reach, reach:-reach]].any())


def _cut(marks: Any, stats: Any, millimetre: float) -> bool:
    """Whether a short piece of ink at the top edge stands close over other ink, as a ring over its letter does."""
    for one in np.unique(marks[0][marks[0] > 0]):
        left, _, wide, high, area = (int(figure) for figure in stats[one])
        under = marks[: high + round(_OVER_MM * millimetre), left : left + wide]
        short = wide < _SHORT * marks.shape[1] and area >= (_SPECK_MM * millimetre) ** 2
        if short and ((under > 0) & (under != one)).any():
            return True
    return False


def struck(crop: Grey, millimetre: float) -> bool:
    """Whether a level stroke runs through the cell, however pale: a pen through the value, a fold, an underline."""
    paper = ocr.shade_at(crop, 80)
    edge = round(millimetre)
    inner = (crop[edge:-edge] < _PALE * paper).astype(np.uint8)
    if min(inner.shape) < 3:
        return False
    level = cv2.morphologyEx(inner, cv2.MORPH_OPEN, np.ones((1, max(3, round(_LEVEL_MM * millimetre))), np.uint8))
    stats = cv2.connectedComponentsWithStats(cv2.dilate(level, np.ones((3, 3), np.uint8)), connectivity=8)[2]
    return bool((stats[1:, 2] >= _STROKE_MM * millimetre).any())
