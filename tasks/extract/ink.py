"""Whether the ink of a printed number is what its digits explain, and nothing was written over or beside it.

Belongs here: how much ink each digit has, its holes, what is pale. Does not belong here: whether it is print at all
(`hand`), what follows (`policy`). The figures were measured on drawn numbers in fourteen typefaces, not each at every
resolution; a typeface unlike them goes to a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Shades = NDArray[np.float32]

_FACES: Final = (
    (0.5, (1.03, 0.57, 0.96, 0.97, 0.92, 1.04, 1.16, 0.73, 1.18, 1.12)),  # Helvetica
    (0.5, (1.13, 0.55, 0.92, 0.98, 1.01, 0.99, 1.10, 0.72, 1.27, 1.10)),  # the boxed edition's own
    (0.5, (1.05, 0.75, 0.91, 0.98, 0.91, 1.02, 1.09, 0.66, 1.17, 1.11)),  # Arial and its like
    (0.5, (1.05, 0.78, 0.96, 0.97, 0.93, 1.03, 1.08, 0.70, 1.15, 1.10)),  # the same, bold
    (0.5, (1.17, 0.80, 1.01, 1.00, 0.99, 0.97, 1.13, 0.79, 1.37, 1.00)),  # Calibri's like
    (0.5, (1.12, 0.78, 0.93, 0.96, 1.00, 1.00, 1.17, 0.72, 1.26, 1.17)),  # Verdana's like
    (0.5, (1.23, 0.80, 0.92, 0.96, 0.99, 1.01, 1.16, 0.73, 1.26, 1.16)),  # the same, one width
    (0.4, (1.25, 0.72, 0.97, 0.91, 1.01, 0.99, 1.15, 0.76, 1.25, 1.12)),  # Times
    (0.4, (1.19, 0.71, 0.93, 0.95, 1.05, 0.95, 1.16, 0.69, 1.29, 1.18)),  # Times New Roman's like
    (0.4, (1.14, 0.74, 1.04, 0.99, 0.90, 0.98, 1.02, 0.82, 1.29, 1.01)),  # Cambria's like
    (0.5, (1.12, 0.72, 0.93, 0.93, 1.06, 0.94, 1.15, 0.68, 1.23, 1.15)),  # a serif of even strokes
    (0.5, (1.00, 0.71, 0.98, 0.88, 1.07, 1.00, 1.08, 0.70, 1.17, 1.07)),  # Courier
    (0.5, (1.15, 0.79, 0.92, 0.98, 0.90, 1.02, 1.09, 0.65, 1.15, 1.11)),  # Courier New's like
    (0.5, (1.06, 0.66, 0.97, 0.96, 1.04, 0.97, 1.05, 0.68, 1.15, 1.03)),  # a typewriter
)
"""For each typeface measured: the share of the darkest ink from which it is a stroke (hairlines are paler), and how
much ink each digit has, 0 to 9, as a share of the middle one's."""
MOST_OFF: Final = 0.075
"""How far from those of one typeface every digit's ink may be."""
MOST_OFF_TOUCHING: Final = 0.045
"""The same where digits touch: the stroke that joins them may be a pen's."""
_MOST_PAIRS: Final = 2
_WIDE_PAIR: Final = 1.6
_HOLES: Final = ((1,), (0,), (0,), (0,), (0, 1), (0,), (1,), (0,), (2,), (1,))
_LEVELS: Final = (0.3, 0.4, 0.5, 0.6)
"""Shares of the darkest ink, at one of which the digits must part. What joins them darker is a stroke."""
_LINES: Final = (0.2, 0.3, 0.4, 0.5)
"""The shares at which holes are counted."""
MOST_PALE: Final = 0.085
"""How dark, as a share of the ink, it may be beside the digits: a worn page's grain is less."""
_ALIKE: Final = 1.6
"""How much larger than another the mark inside a nought may be."""
_EDGE_MM: Final = 0.8
_NEAR_MM: Final = 0.2
_PEN_MM: Final = 0.08
_LEAST_MM: Final = 1.1
_SIGN: Final = 0.45
"""A mark of this share of a digit's height is one: a digit or a plus."""
_LEAST_HOLE: Final = 0.004


@dataclass(frozen=True, slots=True)
class _Marks:
    """The digits' marks from left to right and all others, a row of OpenCV's figures each."""

    stats: NDArray[np.int64]
    rest: NDArray[np.int64]
    touching: bool


def explained(crop: Grey, millimetre: float, text: str) -> bool:
    """Whether a number's cell holds the ink of `text` (digits, and a plus) in print, and no other: each digit parted
    from the next, with its own holes, about as much ink as its kind has, and no pale stroke.
    """
    edge = round(_EDGE_MM * millimetre)
    inner = crop[edge:-edge, edge:-edge]
    if min(inner.shape, default=0) < 8 or not text:
        return False
    dark = _darkness(cv2.resize(inner, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).astype(np.float32))
    ink, unit = float(np.percentile(dark, 99.5)), 2 * millimetre
    return any(_explained(dark, ink, unit, marks, text) for marks in _parted(dark, ink, unit, len(text)))


def _explained(dark: Shades, ink: float, unit: float, marks: _Marks, text: str) -> bool:
    if _islands(marks, text) or not _holes_right(dark, ink, marks, text):
        return False
    stroke = _face(dark, marks, text)
    return stroke is not None and _palest(dark, ink, unit, stroke) <= MOST_PALE


def _darkness(large: Shades) -> Shades:
    """How much darker than the paper, whose shade may fall along the cell."""
    shades = np.median(large, axis=0)
    places = np.arange(len(shades))
    paper = np.polyval(np.polyfit(places, shades, 1), places).astype(np.float32)
    return np.asarray(paper - large, np.float32)


def _parted(dark: Shades, ink: float, unit: float, wanted: int) -> Iterator[_Marks]:
    """So many marks as tall as a digit or a sign, at each level that has them."""
    for level in _LEVELS:
        found: Any = cv2.connectedComponentsWithStats((dark > level * ink).astype(np.uint8), connectivity=8)
        stats = found[2].astype(np.int64)
        tall = [n for n in range(1, len(stats)) if stats[n, 3] > _LEAST_MM * unit]
        height = float(np.median(stats[tall, 3])) if tall else 0.0
        kept = [n for n in range(1, len(stats)) if height and stats[n, 3] > _SIGN * height]
        parts = _touching(stats[kept], wanted) if kept else stats[:0]
        if len(parts) == wanted:
            others = [n for n in range(1, len(stats)) if n not in kept]
            yield _Marks(parts[parts[:, 0].argsort()], stats[others], len(kept) < wanted)


def _touching(stats: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """The marks, the widest halved where at most two pairs of digits touch."""
    missing = wanted - len(stats)
    if not 0 < missing <= _MOST_PAIRS or missing >= len(stats):
        return stats
    order = stats[:, 2].argsort()
    pairs, single = stats[order[-missing:]], stats[order[:-missing]]
    if pairs[0, 2] < _WIDE_PAIR * np.median(single[:, 2]) or pairs[-1, 2] > 2.6 * np.median(single[:, 2]):
        return stats
    first, second = pairs.copy(), pairs.copy()
    first[:, 2] //= 2
    second[:, 0] += first[:, 2]
    second[:, 2] -= first[:, 2]
    return np.concatenate((single, first, second))


def _holes_right(dark: Shades, ink: float, marks: _Marks, text: str) -> bool:
    """Whether every digit has its own holes, at one level or another: small ones close, thin strokes open."""
    least = max(4, _LEAST_HOLE * float(np.median(marks.stats[:, 3])) ** 2)
    for (left, top, wide, high, _), letter in zip(marks.stats, text, strict=True):
        own = dark[max(0, top - 2) : top + high + 2, max(0, left - 2) : left + wide + 2]
        if letter.isdecimal() and not {_holes(own > level * ink, least) for level in _LINES} & {*_HOLES[int(letter)]}:
            return False
    return True


def _holes(mark: NDArray[np.bool_], least: float) -> int:
    outside = (~np.pad(mark, 1)).astype(np.uint8)
    stats: Any = cv2.connectedComponentsWithStats(outside, connectivity=4)[2]
    return int((stats[1:, 4] >= least).sum()) - 1


def _islands(marks: _Marks, text: str) -> bool:
    """Whether something stands inside a digit's own space; a typeface's dotted noughts have it all alike."""
    held = []
    for left, top, wide, high, _ in marks.stats:
        middle = marks.rest[:, :2] + marks.rest[:, 2:4] / 2
        inside = (middle > (left, top)).all(axis=1) & (middle < (left + wide, top + high)).all(axis=1)
        area = int(marks.rest[inside, 4].sum())
        held.append(area if area > _LEAST_HOLE * high * high else 0)
    noughts = [area for area, letter in zip(held, text, strict=True) if letter == "0"]
    dotted = len(noughts) > 1 and min(noughts) > 0 and max(noughts) <= _ALIKE * min(noughts)
    return sum(held) > (sum(noughts) if dotted else 0)


def _face(dark: Shades, marks: _Marks, text: str) -> float | None:
    """The stroke's level of a typeface whose digits have this ink, each about its own; None where
    none has. What stands over a digit adds to it, however pale."""
    height = float(np.median(marks.stats[:, 3]))
    reach = 0.25 * height
    lefts, rights = marks.stats[:, 0], marks.stats[:, 0] + marks.stats[:, 2]
    gaps = np.minimum((lefts[1:] - rights[:-1]) / 2, reach)
    top = max(0, int(marks.stats[:, 1].min() - 0.35 * height))
    bottom = int((marks.stats[:, 1] + marks.stats[:, 3]).max() + 0.35 * height)
    places = [n for n, letter in enumerate(text) if letter.isdecimal()]
    kinds = np.array([int(text[n]) for n in places])
    before, after = np.concatenate(([reach], gaps)), np.concatenate((gaps, [reach]))
    amounts = np.array(
        [float(dark[top:bottom, max(0, int(lefts[n] - before[n])) : int(rights[n] + after[n])].sum()) for n in places]
    )
    fits: list[tuple[float, float]] = []
    for stroke, face in _FACES:
        fits.append((float(np.abs(_level(amounts / np.array(face)[kinds]) - 1).max()), stroke))
    off, stroke = min(fits)
    return stroke if off <= (MOST_OFF_TOUCHING if marks.touching else MOST_OFF) else None


def _level(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of ink around 1, without what print and light fade along the line (the median of all slopes)."""
    share = share / max(float(np.median(share)), 1e-6)
    first, second = np.triu_indices(len(share), 1)
    if len(first):
        share = share - float(np.median((share[second] - share[first]) / (second - first))) * np.arange(len(share))
    return share / max(float(np.median(share)), 1e-6)


def _palest(dark: Shades, ink: float, unit: float, stroke: float) -> float:
    """The darkest shade beside the strokes, smoothed over a pen's breadth, as a share of the ink's."""
    side = 2 * round(_NEAR_MM * unit) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = cv2.dilate((dark > stroke * ink).astype(np.uint8), around)
    beside = np.where(near > 0, np.float32(0), cv2.GaussianBlur(dark, (0, 0), 1))
    return float(np.percentile(cv2.GaussianBlur(beside, (0, 0), _PEN_MM * unit), 99.95)) / max(ink, 1e-6)
