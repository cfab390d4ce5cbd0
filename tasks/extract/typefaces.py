"""The letters of the usual typefaces, and laying digits over a printed number.

Belongs here: the picture of the letters, which typeface's are of a number's sizes, where each digit of it would stand.
Does not belong here: what it means that ink stands elsewhere (`ink`). The picture is drawn by `tools/typefaces.py`
from fonts that may be given on; it holds no font.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Shades = NDArray[np.float32]

PICTURE: Final = Path(__file__).with_name("typefaces.png")
DIGITS: Final = "0123456789+"
LETTERS: Final = f"{DIGITS}{string.ascii_letters}æøåÆØÅ-.'@_ "
HEIGHT: Final = 24
"""Pixels of a digit's height (the median of the ten)."""
SIDE: Final = 44
"""Pixels of a letter's square in the picture, the letter in its middle."""
REACH: Final = 6.0
"""How far from an outline distances are kept, pixels."""
SOFT: Final = 1.6
"""Over how many pixels an edge goes from ink to paper."""
MOST_TRIED: Final = 6
_SEARCH: Final = 2
_WEIGHTS: Final = np.arange(-1.2, 1.61, 0.35)


_FIGURES: Final = 5
_ZERO: Final = 64.0


@dataclass(frozen=True, slots=True)
class Typeface:
    """A typeface's letters, each in a square of the picture. `sizes` (letters x 2): their widths and heights, pixels;
    `middles` (letters x 2): where the middle lies from the pen's place on the line, right and down; `advances`: how far
    the pen goes on."""

    squares: NDArray[np.uint8]
    sizes: NDArray[np.float64]
    middles: NDArray[np.float64]
    advances: NDArray[np.float64]

    def distance(self, letter: int) -> Shades:
        """SIDE x SIDE: how far inside the letter's ink a pixel lies, negative outside."""
        return np.asarray((self.squares[letter].astype(np.float32) - 127.5) * (REACH / 127.5), np.float32)


@cache
def typefaces() -> tuple[Typeface, ...]:
    """All that are known, loaded once in a process."""
    picture = cv2.imread(str(PICTURE), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise FileNotFoundError(PICTURE.name)
    rows = np.asarray(picture, np.uint8).reshape(-1, SIDE + 1, len(LETTERS), SIDE).transpose(0, 2, 1, 3)
    told = rows[:, :, SIDE, : 2 * _FIGURES].astype(np.float64).reshape(*rows.shape[:2], _FIGURES, 2)
    figures = told[..., 0] + told[..., 1] / 256 - _ZERO
    squares = np.ascontiguousarray(rows[:, :, :SIDE])
    return tuple(
        Typeface(own, told[:, :2], told[:, 2:4], told[:, 4]) for own, told in zip(squares, figures, strict=True)
    )


def figures_row(figures: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A row of a square for a letter's width, height, middle (right, down) and advance, two bytes each."""
    fixed = np.round((figures + _ZERO) * 256).astype(int)
    row = np.zeros((1, SIDE), np.uint8)
    row[0, : 2 * _FIGURES] = np.stack((fixed // 256, fixed % 256), axis=1).ravel()
    return row


def ink_at(distance: Shades, more: float = 0.0) -> Shades:
    """How dark, 0 to 1, a pixel is at a distance from the outline, strokes being `more` pixels thicker on each side."""
    return np.asarray(np.clip((distance + more) / SOFT + 0.5, 0, 1), np.float32)


def resized(picture: Any, scale: float) -> Any:
    """The same enlarged by `scale`."""
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)


def laid(shade: Shades, boxes: NDArray[np.float64], text: str) -> Iterator[Shades]:
    """The letters of `text` in each typeface of about these sizes, the likeliest first, each letter where it fits best:
    distances (as `shade` in shape), with the print's own weight.

    `shade`: ink from 0 to 1, its digits `HEIGHT` pixels high; `boxes` (letters x 4): left, top, width, height.
    """
    kinds = np.array([LETTERS.index(letter) for letter in text])
    rim = 2 * _SEARCH + 4
    wider = np.asarray(cv2.copyMakeBorder(shade, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(0,)), np.float32)
    faces = typefaces()
    ratio = boxes[:, 2:4] / np.array([face.sizes[kinds] for face in faces])
    scales = np.median(ratio, axis=1)
    off = np.median(np.abs(ratio / scales[:, None] - 1), axis=1).sum(axis=1)
    off = off + 0.5 * np.abs(np.log(scales[:, 0] / scales[:, 1]))
    for best in off.argsort()[:MOST_TRIED]:
        distance = _laid(wider, boxes + np.array((rim, rim, 0, 0)), kinds, faces[best], scales[best])
        yield distance[rim:-rim, rim:-rim]


def _laid(
    shade: Shades, boxes: NDArray[np.float64], kinds: NDArray[np.int64], face: Typeface, scale: NDArray[np.float64]
) -> Shades:
    distance = np.full(shade.shape, -REACH, np.float32)
    for (left, top, wide, high), kind in zip(boxes, kinds, strict=True):
        middle = np.array((left + (wide - 1) / 2, top + (high - 1) / 2))
        letter = face.distance(kind)
        middle = middle + shift(shade, middle, letter, face.sizes[kind] * scale, scale)
        put(distance, middle, letter, scale)
    return weighed(distance, shade)


def weighed(distance: Shades, shade: Shades) -> Shades:
    """Distances from outlines as heavy as the print is."""
    near = distance > -4
    known, seen = distance[near], shade[near]
    weight = min(_WEIGHTS, key=lambda more: float(np.abs(ink_at(known, more) - seen).mean()))
    return distance + np.float32(weight)


def _warped(letter: Shades, scale: NDArray[np.float64], middle: NDArray[np.float64], size: tuple[int, int]) -> Shades:
    """A letter enlarged by `scale` on a piece of `size` (width, height), its middle at `middle`."""
    centre = (SIDE - 1) / 2
    turn = np.array([[scale[0], 0, middle[0] - scale[0] * centre], [0, scale[1], middle[1] - scale[1] * centre]])
    made = cv2.warpAffine(letter, turn, size, flags=cv2.INTER_LINEAR, borderValue=(-REACH,))
    return np.asarray(made, np.float32)


def shift(
    shade: Shades,
    middle: NDArray[np.float64],
    letter: Shades,
    size: NDArray[np.float64],
    scale: NDArray[np.float64],
    search: int = _SEARCH,
) -> NDArray[np.float64]:
    """How far from `middle` a letter fits best, pixels, at most `search` either way."""
    half = np.ceil(size / 2).astype(int) + 1
    first = np.floor(middle).astype(int) - half
    wide, high = (int(side) for side in 2 * half + 2)
    left, top = (int(side) for side in first - search)
    around = shade[top : top + high + 2 * search, left : left + wide + 2 * search]
    own = ink_at(_warped(letter, scale, middle - first, (wide, high)))
    off = np.asarray(cv2.matchTemplate(around, own, cv2.TM_SQDIFF), np.float32)
    y, x = np.unravel_index(int(off.argmin()), off.shape)
    return np.array((x + _between(off[y], x), y + _between(off[:, x], y))) - search


def _between(off: NDArray[np.float32], at: Any) -> float:
    """Where between the pixels the least lies: the foot of the parabola through it and its neighbours."""
    if not 0 < at < len(off) - 1:
        return 0.0
    before, here, after = (float(one) for one in off[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if bend > 0 else 0.0


def put(distance: Shades, middle: NDArray[np.float64], letter: Shades, scale: NDArray[np.float64]) -> None:
    """Lay a letter over what is there already."""
    half = np.ceil(SIDE * scale / 2).astype(int)
    first = np.floor(middle).astype(int) - half
    wide, high = (int(2 * side + 1) for side in half)
    piece = _warped(letter, scale, middle - first, (wide, high))
    left, top = max(0, int(first[0])), max(0, int(first[1]))
    own = distance[top : max(0, int(first[1]) + high), left : max(0, int(first[0]) + wide)]
    piece = piece[top - first[1] :, left - first[0] :][: own.shape[0], : own.shape[1]]
    np.maximum(own, piece, out=own)
