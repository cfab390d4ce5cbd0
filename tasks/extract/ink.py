"""Whether the ink of a printed cell is what its letters explain, and nothing was written over or beside it.

Belongs here: parting a number's ink into its digits, and what stands where no letter of the typeface has ink, or lacks
where it has. Does not belong here: the typefaces (`typefaces`), laying words (`lines`), whether it is print at all
(`hand`), what follows (`policy`). A typeface unlike those known goes to a person.
"""

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.lines import Laid, lines
from tasks.extract.typefaces import DIGITS, HEIGHT, LETTERS, ink_at, laid, resized

Grey = NDArray[np.uint8]
Shades = NDArray[np.float32]

MOST_OVER: Final = 0.11
"""How dark, as a share of the ink, it may be where the typeface has none. Clean print, worn, stays below 0.10."""
MOST_LACKING: Final = 0.15
"""How far from dark it may be where the typeface has ink."""
MOST_PALE: Final = 0.075
"""How dark, over a pen's breadth, it may be farther from the typeface than an edge is soft: a page's grain is less."""
MOST_HEAVY: Final = 0.21
"""How much darker than the typeface over a gap's breadth: ink in a gap that two outlines leave is beside both."""
MOST_HEAVY_FLAT: Final = 0.32
"""The same where the paper is one shade, as one bit a pixel makes it: there all digits thicken, and nothing is pale."""
_FLAT: Final = 0.6
_BESIDE: Final = 1.1
"""How far an outline may be from the typeface's. These distances are pixels of a digit `HEIGHT` high."""
_AWAY: Final = 2.6
_GRAIN: Final = 0.7
_PEN: Final = 1.0
_GAP: Final = 1.6
_MOST_PAIRS: Final = 2
_WIDE_PAIR: Final = 1.6
_DUST_MM: Final = 0.45
_DUSTY: Final = 0.2
"""Share of the ink from which a dot is measured: a pale letter has darker dots in it."""
_DOTS_MM: Final = 1.5
_RING_MM: Final = 2.0
"""How far over its small letters a line may have a ring."""
_INKED: Final = 0.4
_LEVELS: Final = (0.3, 0.4, 0.5, 0.6)
"""Shares of the darkest ink, at one of which the digits must part. What joins them darker is a stroke."""
_FINE: Final = 14.0
"""Pixels of a millimetre at which digits are parted."""
_EDGE_MM: Final = 0.8
_LEAST_MM: Final = 1.1
_SPECK_MM: Final = 0.75
_SKIRT_MM: Final = 0.2
_SIGN: Final = 0.45
"""A mark of this share of a digit's height is one: a digit or a plus."""


def explained(crop: Grey, millimetre: float, text: str) -> bool:
    """Whether a number's cell holds the ink of `text` (digits, and a plus) in print of one typeface, and no other."""
    shade = _inside(crop, millimetre) if text and {*text} <= {*DIGITS} else None
    if shade is None:
        return False
    heavy = _most_heavy(crop)
    return any(_drawn(cleared, boxes, text, heavy) for cleared, boxes in _parted(shade, len(text)))


def explained_line(crop: Grey, millimetre: float, text: str) -> bool:
    """The same of a cell of words: `text` is a line of letters, its words one blank apart."""
    shade = _inside(crop, millimetre) if text and {*text} <= {*LETTERS} else None
    if shade is None:
        return False
    dark: Any = cv2.connectedComponentsWithStats((shade > _INKED).astype(np.uint8), connectivity=8)
    tall = dark[2][1:][dark[2][1:, 3] > _LEAST_MM * _FINE]
    if not len(tall):
        return False
    left, top = (int(tall[:, side].min()) for side in (0, 1))
    right, bottom = (int((tall[:, side] + tall[:, side + 2]).max()) for side in (0, 1))
    heavy = _most_heavy(crop)
    return any(_same(_dusted(one), one.distance, heavy) for one in lines(shade, text, (left, top, right, bottom)))


def _inside(crop: Grey, millimetre: float) -> Shades | None:
    """A cell's ink without its rules; None where nothing is left."""
    edge = round(_EDGE_MM * millimetre)
    inner = crop[edge:-edge, edge:-edge]
    return shaded(inner, _FINE / millimetre) if min(inner.shape, default=0) >= 8 else None


def _most_heavy(crop: Grey) -> float:
    return MOST_HEAVY_FLAT if float(np.mean(crop == crop.max())) > _FLAT else MOST_HEAVY


def shaded(inner: Grey, scale: float) -> Shades:
    """How dark each pixel is, 0 (paper, whose shade may fall along the cell) to 1 (ink), enlarged by `scale`."""
    sized = resized(inner, scale).astype(np.float32)
    along = np.median(sized[::2, ::4], axis=0)
    places = np.arange(len(along)) * 4
    paper = np.polyval(np.polyfit(places, along, 1), np.arange(sized.shape[1])).astype(np.float32)
    dark = paper - sized
    ink = max(float(np.percentile(dark[::2, ::2], 99.5)), 1.0)
    return np.asarray(np.clip(dark / ink, 0, 1), np.float32)


def _drawn(shade: Shades, boxes: NDArray[np.int64], text: str, heavy: float) -> bool:
    scale = HEIGHT / float(np.median(boxes[:, 3]))
    sized = np.asarray(resized(shade, scale), np.float32)
    return any(_same(sized, distance, heavy) for distance in laid(sized, boxes.astype(np.float64) * scale, text))


def _without_specks(shade: Shades, found: Any, boxes: NDArray[np.int64]) -> Shades:
    """The same without dots that no pen makes, and that stand in no box of print. `found`: OpenCV's components."""
    marks, stats = found[1], found[2]
    small = np.flatnonzero(stats[:, 2:4].max(axis=1) <= _SPECK_MM * _FINE)
    lefts, tops, wide, high = (stats[small, None, side] for side in range(4))
    apart = (lefts >= boxes[:, 0] + boxes[:, 2]) | (lefts + wide <= boxes[:, 0])
    apart |= (tops >= boxes[:, 1] + boxes[:, 3]) | (tops + high <= boxes[:, 1])
    specks = small[apart.all(axis=1)]
    if not len(specks):
        return shade
    own = np.isin(marks, specks)
    side = 2 * round(_SKIRT_MM * _FINE) + 1
    spread = cv2.dilate(own.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return np.where(spread & (own | (marks == 0)), np.float32(0), shade)


def _dusted(laid: Laid) -> Shades:
    """The print without dust: a dot alone, smaller than a pen's, away from the line or under it, or smaller still over
    its small letters. Between them, on the line, it may be a full stop; two are a diaeresis."""
    found: Any = cv2.connectedComponentsWithStats((laid.shade > _DUSTY).astype(np.uint8), connectivity=8)
    stats, unit = found[2][1:], _FINE / laid.scale
    dots = stats[stats[:, 2:4].max(axis=1) <= _SPECK_MM * unit]
    heads, feet = dots[:, 1], dots[:, 1] + dots[:, 3]
    apart = (feet <= laid.over - _RING_MM * unit) | (heads > laid.foot) | (dots[:, 0] > laid.end)
    small = dots[:, 2:4].max(axis=1) <= _DUST_MM * unit
    shade, skirt = laid.shade, round(_SKIRT_MM * unit)
    for dot in dots[apart | (small & (feet <= laid.over))]:
        left, top, wide, high, _ = dot
        alone = (np.abs(dots[:, :2] - dot[:2]) <= _DOTS_MM * unit).all(axis=1).sum() == 1
        around = np.s_[max(0, top - skirt) : top + high + skirt, max(0, left - skirt) : left + wide + skirt]
        if alone and float(laid.distance[top : top + high, left : left + wide].max()) < -_BESIDE:
            shade = shade.copy() if shade is laid.shade else shade
            shade[around] = np.where(laid.distance[around] < -_BESIDE, np.float32(0), shade[around])
    return shade


def _same(shade: Shades, distance: Shades, heavy: float) -> bool:
    """Whether ink stands where the typeface has it, and nowhere else."""
    over = np.maximum(shade - ink_at(distance, _BESIDE), -MOST_OVER)
    if _darkest(over, _GRAIN) > MOST_OVER:
        return False
    if _darkest(shade - ink_at(distance), _GAP) > heavy:
        return False
    lacking = np.maximum(ink_at(distance, -_BESIDE) - shade, -MOST_LACKING)
    away = np.where(distance > -_AWAY, np.float32(0), shade)
    return _darkest(lacking, _GRAIN) <= MOST_LACKING and _darkest(away, _PEN) <= MOST_PALE


def _darkest(shade: Shades, grain: float) -> float:
    return float(cv2.GaussianBlur(shade, (0, 0), grain).max())


def _parted(shade: Shades, wanted: int) -> Iterator[tuple[Shades, NDArray[np.int64]]]:
    """(shade without specks, left, top, width and height of so many marks as tall as a digit or a sign, from left to
    right), at each level that has them."""
    for level in _LEVELS:
        dark = shade > level
        found: Any = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
        stats = found[2][1:].astype(np.int64)
        tall = stats[stats[:, 3] > _LEAST_MM * _FINE]
        if not len(tall):
            continue
        parts = _touching(stats[stats[:, 3] > _SIGN * np.median(tall[:, 3])], wanted, dark)
        if len(parts) == wanted:
            boxes = parts[parts[:, 0].argsort(), :4]
            yield _without_specks(shade, found, boxes), boxes


def _touching(stats: NDArray[np.int64], wanted: int, dark: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The marks, the widest parted at their thinnest column where at most two pairs of digits touch."""
    missing = wanted - len(stats)
    if not 0 < missing <= _MOST_PAIRS or missing >= len(stats):
        return stats
    order = stats[:, 2].argsort()
    pairs, single = stats[order[-missing:]], stats[order[:-missing]]
    if pairs[0, 2] < _WIDE_PAIR * np.median(single[:, 2]) or pairs[-1, 2] > 2.6 * np.median(single[:, 2]):
        return stats
    first, second = pairs.copy(), pairs.copy()
    for one, other in zip(first, second, strict=True):
        left, top, wide, high, _ = one
        columns = dark[top : top + high, left + wide // 3 : left + wide - wide // 3].sum(axis=0)
        one[2] = wide // 3 + int(columns.argmin())
        other[0], other[2] = left + one[2], wide - one[2]
    return np.concatenate((single, first, second))
