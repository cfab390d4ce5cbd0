"""Laying a number's digits over its print in each of the typefaces.

Belongs here: parting a number's ink into its digits, which typeface's are most like them, where each would stand. Does
not belong here: the typefaces themselves (`typefaces`), what it means that ink stands elsewhere (`ink`).
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.dust import boxes, marks, without_specks
from tasks.extract.typefaces import (
    DIGITS,
    REACH,
    SIDE,
    bordered,
    fitted,
    ink_at,
    letter,
    outlines,
    put,
    resized,
    typefaces,
    weighed,
)

Shades = NDArray[np.float32]

MOST_TRIED: Final = 3
MOST_NARROW: Final = 0.35
"""How far the digits' widths may be from the typeface's when their heights are alike, as a logarithm."""
_LEVELS: Final = (0.4, 0.5, 0.3, 0.6)
"""Shares of the darkest ink, at one of which the digits must part; the likeliest first. What joins them darker is a
stroke."""
_LEAST_MM: Final = 1.1
_SIGN: Final = 0.45
"""A mark of this share of a digit's height is one: a digit or a plus."""
_MOST_PAIRS: Final = 2
_WIDE_PAIR: Final = 1.6
_SEARCH: Final = 2
_GIST: Final = (8, 12)
_SIZES: Final = 0.3
"""How much the digits' sizes count beside their shapes."""


def digits(shade: Shades, text: str, millimetre: float) -> Iterator[tuple[Shades, Shades]]:
    """The digits of `text` laid over their print, each where it fits best, in each typeface that it may be set in, the
    likeliest first: the print in the typeface's size, without specks, and how far each of its pixels is from the
    typeface's outlines.

    `shade`: ink from 0 to 1 (float32, height x width); `millimetre` in pixels.
    """
    kinds = np.array([DIGITS.index(digit) for digit in text])
    for level in _LEVELS:
        found = _parted(shade > level, len(text), millimetre)
        if len(found) == len(text):
            cleared = without_specks(shade, found, millimetre)
            for place, scale in _ranked(shade, found, kinds)[:MOST_TRIED]:
                yield _laid(cleared, found[:, :2] + found[:, 2:] / 2, kinds, place, scale)


def _parted(dark: NDArray[np.bool_], wanted: int, millimetre: float) -> NDArray[np.int64]:
    """Left, top, width and height (digits x 4) of the marks as tall as a digit or a sign, from left to right."""
    found = boxes(marks(dark))
    tall = found[found[:, 3] > _LEAST_MM * millimetre]
    if not len(tall):
        return tall
    parts = _touching(found[found[:, 3] > _SIGN * np.median(tall[:, 3])], wanted, dark)
    return parts[parts[:, 0].argsort()]


def _touching(found: NDArray[np.int64], wanted: int, dark: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The marks, the widest parted at their thinnest column where at most two pairs of digits touch."""
    missing = wanted - len(found)
    if not 0 < missing <= _MOST_PAIRS or missing >= len(found):
        return found
    order = found[:, 2].argsort()
    pairs, single = found[order[-missing:]], found[order[:-missing]]
    if pairs[0, 2] < _WIDE_PAIR * np.median(single[:, 2]) or pairs[-1, 2] > 2.6 * np.median(single[:, 2]):
        return found
    first, second = pairs.copy(), pairs.copy()
    for one, other in zip(first, second, strict=True):
        left, top, wide, high = one
        columns = dark[top : top + high, left + wide // 3 : left + wide - wide // 3].sum(axis=0)
        one[2] = wide // 3 + int(columns.argmin())
        other[0], other[2] = left + one[2], wide - one[2]
    return np.concatenate((single, first, second))


def _ranked(shade: Shades, found: NDArray[np.int64], kinds: NDArray[np.int64]) -> list[tuple[int, NDArray[np.float64]]]:
    """Typefaces whose digits are most like these, the likeliest first: place, and how much larger the print is (right,
    down)."""
    ratio = found[:, 2:] / np.array([face.sizes[kinds] for face in typefaces()])
    scales = np.median(ratio, axis=1)
    narrow = np.abs(np.log(scales[:, 0] / scales[:, 1]))
    sizes = np.median(np.abs(ratio / scales[:, None] - 1), axis=1).sum(axis=1) + 0.5 * narrow
    seen = np.array([_gist(shade[top : top + high, left : left + wide]) for left, top, wide, high in found.tolist()])
    off = np.abs(_gists()[:, kinds] - seen).mean(axis=(1, 2)) + _SIZES * sizes
    return [(place, scales[place]) for place in off.argsort().tolist() if narrow[place] <= MOST_NARROW]


def _gist(ink: Any) -> Shades:
    """A digit's picture, however large, in a few shades."""
    return np.asarray(cv2.resize(ink, _GIST, interpolation=cv2.INTER_AREA), np.float32).ravel()


@cache
def _gists() -> Shades:
    """Of all digits (typefaces x digits x shades)."""
    middle = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    return np.array(
        [
            [
                _gist(cv2.getRectSubPix(ink_at(outlines(square)), size, middle))
                for square, size in zip(
                    face.squares[: len(DIGITS)], np.round(face.sizes).astype(int).tolist(), strict=False
                )
            ]
            for face in typefaces()
        ]
    )


def _laid(
    shade: Shades, middles: NDArray[np.float64], kinds: NDArray[np.int64], place: int, scale: NDArray[np.float64]
) -> tuple[Shades, Shades]:
    sized = np.asarray(resized(shade, 1 / scale), np.float32)
    wider = bordered(sized)
    distance = np.full(wider.shape, -REACH, np.float32)
    for (right, down), kind in zip((middles / scale - 0.5 + SIDE).tolist(), kinds.tolist(), strict=True):
        own = letter(place, kind)
        put(distance, *fitted(wider, right, down, own, _SEARCH), own)
    return sized, weighed(distance[SIDE:-SIDE, SIDE:-SIDE], sized)
