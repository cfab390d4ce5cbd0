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
from tasks.extract.typefaces import DIGITS, LETTERS, ink_at, resized

Grey = NDArray[np.uint8]
Shades = NDArray[np.float32]

MOST_OVER: Final = 0.095
"""How dark, as a share of the ink, it may be where the typeface has none. Clean print, worn, stays below 0.07."""
MOST_LACKING: Final = 0.15
"""How far from dark it may be where the typeface has ink."""
MOST_PALE: Final = 0.065
"""How dark, over a pen's breadth, it may be farther from the typeface than an edge is soft: a page's grain is less."""
MOST_HEAVY: Final = 0.21
"""How much darker or lighter than the typeface, blurred as the print is, over a gap's breadth: ink in a gap that two
outlines leave is beside both."""
MOST_HEAVY_FLAT: Final = 0.32
"""The same where the paper is one shade, as one bit a pixel makes it: there all digits thicken, and nothing is pale."""
_FLAT: Final = 0.6
_BESIDE: Final = 1.1
"""How far an outline may be from the typeface's. These distances are pixels of a digit `HEIGHT` high."""
_AWAY: Final = 2.6
_GRAIN: Final = 0.7
_PEN: Final = 1.0
_GAP: Final = 1.6
_BLURS: Final = (0.7, 1.0, 1.3, 1.7, 2.1)
"""By how much print is blurred, beside not at all; pixels, as all breadths here."""
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
    heavy = _most_heavy(crop)
    return any(_same(*laid, heavy) for laid in digits(shade, text, _FINE))


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
    heavy = _most_heavy(crop)
    return any(_same(dusted(one, _FINE), one.distance, heavy) for one in lines(shade, text, (left, top, right, bottom)))


def _inside(crop: Grey, millimetre: float) -> Shades | None:
    """A cell's ink without its rules; None where nothing is left."""
    edge = round(_EDGE_MM * millimetre)
    inner = crop[edge:-edge, edge:-edge]
    return shaded(inner, _FINE / millimetre) if min(inner.shape, default=0) >= 8 else None


def _most_heavy(crop: Grey) -> float:
    return MOST_HEAVY_FLAT if float(np.mean(crop == crop.max())) > _FLAT else MOST_HEAVY


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


def _same(shade: Shades, distance: Shades, heavy: float) -> bool:
    """Whether ink stands where the typeface has it, and nowhere else."""
    over = np.maximum(shade - ink_at(distance, _BESIDE), -MOST_OVER)
    if _darkest(over, _GRAIN) > MOST_OVER:
        return False
    lacking = np.maximum(ink_at(distance, -_BESIDE) - shade, -MOST_LACKING)
    away = np.where(distance > -_AWAY, np.float32(0), shade)
    if _darkest(lacking, _GRAIN) > MOST_LACKING or _darkest(away, _PEN) > MOST_PALE:
        return False
    apart = shade - _blurred(shade, distance)
    return max(_darkest(apart, _GAP), _darkest(-apart, _GAP)) <= heavy


def _blurred(shade: Shades, distance: Shades) -> Shades:
    """The typeface's ink as blurred as the print: blur fills corners and narrow gaps, a pen fills one of them."""
    sharp = ink_at(distance)
    made = [sharp, *(np.asarray(cv2.GaussianBlur(sharp, (0, 0), blur), np.float32) for blur in _BLURS)]
    return min(made, key=lambda one: float(cv2.norm(one, shade, cv2.NORM_L1)))


def _darkest(shade: Shades, grain: float) -> float:
    return float(cv2.GaussianBlur(shade, (0, 0), grain).max())
