"""Telling print from handwriting, in doubt handwriting.

Belongs here: how evenly ink stands on its line. Does not belong here: what follows from it (`policy`). Measured on six
typefaces and eleven handwriting-like fonts with and without jitter, and on real digits: print stands on its line
within 0.07 of a digit's height, hands leave it by more. A neat font drawn without any jitter passes as print at times;
that both readers must agree on most of the page keeps it out.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

MOST_UNEVEN: Final = 0.05
"""How far a digit's foot may be from the line of the others', as a share of its height."""
MOST_UNEVEN_HEADS: Final = 0.11
"""The same of its head: in some typefaces 6 and 8 are taller."""
MOST_SLANTED: Final = 0.015
MOST_THICK: Final = 1.45
MOST_THICK_JOINED: Final = 1.25
MOST_WIDE: Final = 1.2
MOST_WIDE_SIGN: Final = 1.3
MOST_TALL: Final = 1.13
"""How much thicker in its stroke, wider (a plus is) or taller than the others one digit may be."""
LEAST_DIGITS: Final = 0.85
LEAST_ON_LINE: Final = 0.75
"""Share of a word's letters that stand on its line (some hang below)."""
_FEWEST_DIGITS: Final = 4
_MOST_JOINED: Final = 3
_OFF: Final = 1.3
_LETTER: Final = 32  # pixels of a cleaned piece's letters


def _marks(piece: Grey, least: int) -> NDArray[np.int64]:
    _, ink = cv2.threshold(piece, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    stats: Any = cv2.connectedComponentsWithStats(ink, connectivity=8)[2]
    found: NDArray[np.int64] = stats[1:].astype(np.int64)
    return found[found[:, 3] > least]


def printed_digits(piece: Grey, digits: int, signs: int = 0) -> bool:
    """Whether a cleaned piece, read as so many `digits`, is print: a mark for each (and for `signs`), of equal heights,
    widths and strokes, feet and heads on straight, level lines. One that is thicker or larger was written over. Print
    that touches is as wide as its digits together, and in nothing else uneven.
    """
    marks = _digits(piece)
    if not len(marks):
        return False
    typical = np.median(marks[:, 2:4], axis=0)
    small = _marks(piece, round(0.3 * typical[1]))
    if int((small[:, 2] > 0.2 * typical[1]).sum()) > len(marks):
        return False  # something is written between them
    each = np.clip(np.round(marks[:, 2] / typical[0]), 1, _MOST_JOINED)
    wide = float((marks[:, 2] / each).max() / typical[0])
    joined = bool((each > 1).any())
    return (
        digits <= int(each.sum()) <= digits + signs
        and wide <= (MOST_WIDE_SIGN if signs else MOST_WIDE)
        and float(marks[:, 3].max()) <= MOST_TALL * typical[1]
        and _thickest(piece, marks) <= (MOST_THICK_JOINED if joined else MOST_THICK)
        and _even(marks, 1.0 if joined else LEAST_DIGITS)
    )


def _digits(piece: Grey) -> NDArray[np.int64]:
    """The marks as tall as digits; none where one runs through several, as a crossing-out or a hand does."""
    marks = _marks(piece, 0)
    if len(marks) < _FEWEST_DIGITS:
        return marks[:0]
    height = float(np.median(np.sort(marks[:, 3])[len(marks) // 2 :]))
    marks = marks[marks[:, 3] > 0.6 * height]
    return marks[:0] if len(marks) < _FEWEST_DIGITS or marks[:, 2].max() > 2.8 * height else marks


def _even(marks: NDArray[np.int64], least: float) -> bool:
    """Whether the feet and the heads of at least that share of the marks stand on a line each."""
    height = float(np.median(marks[:, 3]))
    middle = marks[:, 0] + marks[:, 2] / 2
    feet, heads = (marks[:, 1] + marks[:, 3]).astype(np.float64), marks[:, 1].astype(np.float64)
    on_feet = _on_line(middle, feet, MOST_UNEVEN * height) >= least
    return on_feet and _on_line(middle, heads, MOST_UNEVEN_HEADS * height) >= least


def _thickest(piece: Grey, marks: NDArray[np.int64]) -> float:
    """How much thicker than the others' the stroke of one mark is."""
    _, ink = cv2.threshold(piece, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    deep = np.asarray(cv2.distanceTransform(ink, cv2.DIST_L2, 5))
    most = [float(deep[top : top + high, left : left + wide].max()) for left, top, wide, high, _ in marks]
    return max(most) / max(float(np.median(most)), 0.1)


def printed_words(piece: Grey) -> bool:
    """Whether a cleaned piece of words is print: most letters stand on one straight, nearly level line."""
    marks = _marks(piece, _LETTER // 3)
    if len(marks) < 4:
        return False
    feet = (marks[:, 1] + marks[:, 3]).astype(np.float64)
    return _on_line(marks[:, 0] + marks[:, 2] / 2, feet, _OFF) >= LEAST_ON_LINE


def _on_line(middle: NDArray[np.float64], feet: NDArray[np.float64], off: float) -> float:
    """The largest share of the marks that stand on one nearly level line."""
    best = 0.0
    for i in range(len(middle)):
        apart, over = middle - middle[i], feet - feet[i]
        far = apart > 40
        slants = np.append(over[far] / apart[far], 0.0)
        slants = slants[np.abs(slants) <= MOST_SLANTED]
        best = max(best, float((np.abs(over - slants[:, None] * apart) <= off).mean(axis=1).max()))
    return best
