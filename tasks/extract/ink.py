"""Whether the ink of a printed cell is what its letters explain, and nothing was written over or beside it.

Belongs here: the cell's ink, and what stands where no letter of the typeface has ink, or lacks where it has. Does not
belong here: the typefaces (`typefaces`), laying digits and words (`digits`, `lines`), dust (`dust`), whether it is
print at all (`hand`), what follows (`policy`). A typeface unlike those known goes to a person.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.digits import digits
from tasks.extract.dust import boxes, dusted, marks
from tasks.extract.lines import lines
from tasks.extract.typefaces import BESIDE, DIGITS, LETTERS, ink_at, resized

Grey = NDArray[np.uint8]
Shades = NDArray[np.float32]

MOST_OVER: Final = 0.095
"""How dark, as a share of the ink, it may be where the typeface has none. Clean print, worn, stays below 0.07."""
MOST_LACKING: Final = 0.15
"""How far from dark it may be where the typeface has ink."""
MOST_PALE: Final = 0.065
"""How dark, over a pen's breadth, it may be farther from the typeface than an edge is soft: a page's grain is less."""
MOST_BESIDE: Final = 0.085
"""How much darker, over a stroke's breadth, it may be beside an outline than the typeface, softened as the print is:
ink in a gap that two outlines leave is near to both."""
MOST_BESIDE_FLAT: Final = 0.15
"""The same where the paper is one shade, as one bit a pixel makes it: outlines are rough there, and nothing is pale."""
MOST_FAINT: Final = 0.21
"""How much lighter than the typeface, softened as the print is, over a gap's breadth."""
MOST_FAINT_FLAT: Final = 0.32
_FLAT: Final = 0.6
_AWAY: Final = 2.6
"""Distances and breadths are pixels of a digit `HEIGHT` high."""
_GRAIN: Final = 0.7
_PEN: Final = 1.0
_GAP: Final = 1.6
_STROKE: Final = 1.4
_MOVED: Final = 7
"""Over how many pixels, all ways, a piece of a letter may stand a little elsewhere, or slant."""
_STILL: Final = 0.003
_BLUR: Final = 0.8
_SOFTEST: Final = 1.6
_SHARPEST: Final = 0.35
"""By how much print may be blurred; pixels, as all breadths here."""
_INKED: Final = 0.4
_DARKEST: Final = 0.995
_FINE: Final = 14.0
"""Pixels of a millimetre at which cells are looked at."""
_EDGE_MM: Final = 0.8
_LEAST_MM: Final = 1.1


def explained(crop: Grey, millimetre: float, text: str) -> bool:
    """Whether a number's cell holds the ink of `text` (digits, and a plus) in print of one typeface, and no other."""
    shade = _inside(crop, millimetre) if text and {*text} <= {*DIGITS} else None
    if shade is None:
        return False
    flat = _flat(crop)
    return any(_same(*laid, flat=flat) for laid in digits(shade, text, _FINE))


def explained_line(crop: Grey, millimetre: float, text: str) -> bool:
    """The same of a cell of words: `text` is a line of letters, its words one blank apart."""
    shade = _inside(crop, millimetre) if text and {*text} <= {*LETTERS} else None
    if shade is None:
        return False
    found = boxes(marks(shade > _INKED))
    tall = found[found[:, 3] > _LEAST_MM * _FINE]
    if not len(tall):
        return False
    left, top = tall[:, :2].min(axis=0).tolist()
    right, bottom = (tall[:, :2] + tall[:, 2:]).max(axis=0).tolist()
    flat = _flat(crop)
    return any(
        _same(dusted(one, _FINE), one.distance, flat=flat) for one in lines(shade, text, (left, top, right, bottom))
    )


def _inside(crop: Grey, millimetre: float) -> Shades | None:
    """A cell's ink without its rules; None where nothing is left."""
    edge = round(_EDGE_MM * millimetre)
    inner = crop[edge:-edge, edge:-edge]
    return shaded(inner, _FINE / millimetre) if min(inner.shape, default=0) >= 8 else None


def _flat(crop: Grey) -> bool:
    return float(np.mean(crop == crop.max())) > _FLAT


def shaded(inner: Grey, scale: float) -> Shades:
    """How dark each pixel is, 0 (paper, whose shade may fall along the cell) to 1 (ink), enlarged by `scale`."""
    along = np.median(inner[::2, ::4], axis=0)
    slope, first = _straight(along, 4)
    seen = (first + slope * np.arange(0, inner.shape[1], 2)).astype(np.float32) - inner[::2, ::2]
    darkest = round(_DARKEST * (seen.size - 1))
    ink = max(float(np.partition(seen, darkest, axis=None)[darkest]), 1.0)
    shade = np.asarray(resized(inner, scale), np.float32)
    places = (np.arange(shade.shape[1]) + 0.5) / scale - 0.5
    np.subtract((first + slope * places).astype(np.float32), shade, out=shade)
    shade *= np.float32(1 / ink)
    return np.asarray(np.clip(shade, 0, 1, out=shade))


def _straight(along: NDArray[np.float64], step: int) -> tuple[float, float]:
    """The slope and the start of the straight line nearest to these, `step` pixels apart."""
    at = (np.arange(len(along)) - (len(along) - 1) / 2) * step
    slope = float(at @ along) / max(float(at @ at), 1.0)
    return slope, float(along.mean() + slope * at[0])


def _same(shade: Shades, distance: Shades, *, flat: bool) -> bool:
    """Whether ink stands where the typeface has it, and nowhere else. `flat`: the paper is one shade."""
    over = np.maximum(shade - ink_at(distance, BESIDE), -MOST_OVER)
    if _darkest(over, _GRAIN) > MOST_OVER:
        return False
    lacking = np.maximum(ink_at(distance, -BESIDE) - shade, -MOST_LACKING)
    away = np.where(distance > -_AWAY, np.float32(0), shade)
    if _darkest(lacking, _GRAIN) > MOST_LACKING or _darkest(away, _PEN) > MOST_PALE:
        return False
    left, top, wide, high = cv2.boundingRect((distance > -_AWAY).astype(np.uint8))
    there = np.s_[max(0, top - _MOVED) : top + high + _MOVED, max(0, left - _MOVED) : left + wide + _MOVED]
    outlines = np.ascontiguousarray(distance[there])
    made = _softened(shade[there], outlines)
    apart = shade[there] - made
    if _darkest(-apart, _GAP) > (MOST_FAINT_FLAT if flat else MOST_FAINT):
        return False
    beside = np.where(outlines < 0, _unmoved(apart, made) * (1 - made), np.float32(0))
    return _darkest(beside, _STROKE) <= (MOST_BESIDE_FLAT if flat else MOST_BESIDE)


def _unmoved(apart: Shades, made: Shades) -> Shades:
    """How far the print is `apart` from the ink that was `made` of the typeface, beyond what letters that stand a
    little elsewhere would be: a shift darkens one side of a stroke only as much as it lightens the other."""
    right, down = (cv2.Sobel(made, cv2.CV_32F, *way, ksize=3, scale=1 / 8) for way in ((1, 0), (0, 1)))
    across, along, both = _near(right * right) + _STILL, _near(down * down) + _STILL, _near(right * down)
    by_right, by_down = _near(apart * right), _near(apart * down)
    moved = (along * by_right - both * by_down) * right + (across * by_down - both * by_right) * down
    return np.asarray(apart - moved / (across * along - both * both), np.float32)


def _softened(shade: Shades, distance: Shades) -> Shades:
    """The typeface's ink as heavy and as blurred as the print's, by least squares in two steps."""
    more, blur = 0.0, _BLUR
    for last in (False, True):
        edge = (np.abs(distance + np.float32(more)) < 0.5).astype(np.float32)
        sharp = np.clip(distance + np.float32(more + 0.5), 0, 1)
        made, heavier = (cv2.GaussianBlur(one, (0, 0), blur) for one in (sharp, edge))
        softer = cv2.Laplacian(made, cv2.CV_32F)  # how it changes as half the blur's square grows
        ways = np.stack((heavier.ravel(), softer.ravel()))
        by = np.linalg.lstsq(ways @ ways.T, ways @ (shade - made).ravel(), rcond=None)[0].astype(np.float32)
        if last:
            break
        more = float(np.clip(by[0], -1, 1))
        blur = float(np.sqrt(np.clip(blur**2 + 2 * by[1], _SHARPEST**2, _SOFTEST**2)))
    return np.asarray(made + by[0] * heavier + by[1] * softer, np.float32)


def _near(one: Shades) -> Shades:
    return np.asarray(cv2.blur(one, (_MOVED, _MOVED)), np.float32)


def _darkest(shade: Shades, grain: float) -> float:
    return float(cv2.GaussianBlur(shade, (0, 0), grain).max())
