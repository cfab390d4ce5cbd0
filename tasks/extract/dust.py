"""Marks in a picture of ink, and those of them that are dust: dots that no pen makes.

Belongs here: the boxes of marks, taking dust away from a number and from a line of words. Does not belong here: which
mark is which digit (`digits`), laying words (`lines`).
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.lines import Laid
from tasks.extract.typefaces import BESIDE

Shades = NDArray[np.float32]

_SPECK_MM: Final = 0.75
_DUST_MM: Final = 0.45
_DUSTY: Final = 0.2
"""Share of the ink from which a dot is measured: a pale letter has darker dots in it."""
_DARK: Final = 0.35
_DOTS_MM: Final = 1.5
_RING_MM: Final = 2.0
"""How far over its small letters a line may have a ring."""
_SKIRT_MM: Final = 0.2


def marks(dark: NDArray[np.bool_]) -> list[Any]:
    """The outline (OpenCV's) of every mark that touches no other, also of one within another's ring."""
    found, kin = cv2.findContours(dark.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [one for one, (_, _, _, ring) in zip(found, kin[0], strict=True) if ring < 0] if found else []


def boxes(found: list[Any]) -> NDArray[np.int64]:
    """Left, top, width and height of marks (marks x 4), pixels."""
    return np.array([cv2.boundingRect(one) for one in found], np.int64).reshape(-1, 4)


def without_specks(shade: Shades, digits: NDArray[np.int64], millimetre: float) -> Shades:
    """A number without dust: dots that stand in no digit's box (`digits`, digits x 4). `millimetre` in pixels."""
    found = marks(shade > _DUSTY)
    around = boxes(found)
    lefts, tops, wide, high = (around[:, None, side] for side in range(4))
    apart = (lefts >= digits[:, 0] + digits[:, 2]) | (lefts + wide <= digits[:, 0])
    apart |= (tops >= digits[:, 1] + digits[:, 3]) | (tops + high <= digits[:, 1])
    small = np.maximum(wide, high)[:, 0] <= _SPECK_MM * millimetre
    specks = [found[one] for one in np.flatnonzero(small & apart.all(axis=1)) if _dark(shade, *around[one])]
    if not specks:
        return shade
    own = cv2.drawContours(np.zeros(shade.shape, np.uint8), specks, -1, (1,), cv2.FILLED)
    side = 2 * round(_SKIRT_MM * millimetre) + 1
    spread = cv2.dilate(own, np.ones((side, side), np.uint8)) > 0
    return np.where(spread & ((own > 0) | (shade <= _DUSTY)), np.float32(0), shade)


def _dark(shade: Shades, left: int, top: int, wide: int, high: int) -> bool:
    """Whether a dot is as dark as dust: of a pale pen's mark only the darkest is seen."""
    return float(shade[top : top + high, left : left + wide].max()) >= _DARK


def dusted(laid: Laid, millimetre: float) -> Shades:
    """A line without dust: a dot alone, smaller than a pen's, away from the line or under it, or smaller still over its
    small letters. Between them, on the line, it may be a full stop; two are a diaeresis. `millimetre` in pixels."""
    unit = millimetre / laid.scale
    dots = boxes(marks(laid.shade > _DUSTY))
    dots = dots[dots[:, 2:].max(axis=1) <= _SPECK_MM * unit]
    heads, feet = dots[:, 1], dots[:, 1] + dots[:, 3]
    apart = (feet <= laid.over - _RING_MM * unit) | (heads > laid.foot) | (dots[:, 0] > laid.end)
    small = dots[:, 2:].max(axis=1) <= _DUST_MM * unit
    shade, skirt = laid.shade, round(_SKIRT_MM * unit)
    for dot in dots[apart | (small & (feet <= laid.over))]:
        left, top, wide, high = dot
        alone = (np.abs(dots[:, :2] - dot[:2]) <= _DOTS_MM * unit).all(axis=1).sum() == 1
        around = np.s_[max(0, top - skirt) : top + high + skirt, max(0, left - skirt) : left + wide + skirt]
        if (
            alone
            and _dark(laid.shade, *dot)
            and float(laid.distance[top : top + high, left : left + wide].max()) < -BESIDE
        ):
            shade = shade.copy() if shade is laid.shade else shade
            shade[around] = np.where(laid.distance[around] < -BESIDE, np.float32(0), shade[around])
    return shade
