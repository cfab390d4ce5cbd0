"""The letters of the usual typefaces, and laying one over its print.

Belongs here: the picture of the letters, where near a place one of them fits best, how heavy the print is. Does not
belong here: which typeface, and where its letters stand (`digits`, `lines`); what it means that ink stands elsewhere
(`ink`). The picture is drawn by `tools/typefaces.py` from fonts that may be given on; it holds no font.
"""

import math
import string
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
BESIDE: Final = 1.1
"""How far an outline may be from the typeface's, pixels."""
SOFT: Final = 1.6
"""Over how many pixels an edge goes from ink to paper."""
_WEIGHTS: Final = tuple(np.arange(-1.2, 1.61, 0.35).tolist())
_NEAR: Final = -4.0
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


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be laid, in the middle of both pictures. `ink`: how dark each pixel is; `distance`: how far inside
    the letter's ink it lies, negative outside."""

    ink: Shades
    distance: Shades


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


@cache
def letter(place: int, kind: int) -> Letter:
    """A letter of the typeface at a place among all."""
    face = typefaces()[place]
    square, size = outlines(face.squares[kind]), np.ceil(face.sizes[kind] / 2).astype(int)
    return Letter(ink_at(_middle(square, size + 1)), _middle(square, size + math.ceil(REACH) + 1))


def outlines(squares: NDArray[np.uint8]) -> Shades:
    """How far inside the letters' ink each pixel of their squares lies, negative outside."""
    return (squares.astype(np.float32) - np.float32(127.5)) * np.float32(REACH / 127.5)


def _middle(square: Shades, half: NDArray[np.int64]) -> Shades:
    """So much of a square to each side (right, down) of its middle."""
    middle = SIDE // 2
    wide, high = np.minimum(half, middle).tolist()
    return np.ascontiguousarray(square[middle - high : middle + high, middle - wide : middle + wide])


def figures_row(figures: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A row of a square for a letter's width, height, middle (right, down) and advance, two bytes each."""
    fixed = np.round((figures + _ZERO) * 256).astype(int)
    row = np.zeros((1, SIDE), np.uint8)
    row[0, : 2 * _FIGURES] = np.stack((fixed // 256, fixed % 256), axis=1).ravel()
    return row


def ink_at(distance: Shades, more: float = 0.0) -> Shades:
    """How dark, 0 to 1, a pixel is at a distance from the outline, strokes being `more` pixels thicker on each side."""
    return np.asarray(np.clip((distance + more) / SOFT + 0.5, 0, 1), np.float32)


def resized(picture: Any, scale: Any) -> Any:
    """The same enlarged by `scale` (right, down)."""
    right, down = np.broadcast_to(scale, 2).tolist()
    how = cv2.INTER_AREA if right < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=right, fy=down, interpolation=how)


def bordered(shade: Shades) -> Shades:
    """With blank paper round it, a letter's square wide."""
    return np.asarray(cv2.copyMakeBorder(shade, SIDE, SIDE, SIDE, SIDE, cv2.BORDER_CONSTANT, value=(0,)), np.float32)


def weighed(distance: Shades, shade: Shades) -> Shades:
    """Distances from outlines as heavy as the print is."""
    known, seen = distance[::2, ::2], shade[::2, ::2]
    near = known > _NEAR
    known, seen = known[near], seen[near]
    off = [float(np.abs(ink_at(known, more) - seen).sum()) for more in _WEIGHTS]
    return distance + np.float32(_WEIGHTS[int(np.argmin(off))])


def fitted(shade: Shades, right: float, down: float, own: Letter, search: int) -> tuple[float, float]:
    """Where the middle of a letter fits best, at most `search` pixels beside that place."""
    high, wide = own.ink.shape
    left, top = round(right + 0.5 - wide / 2) - search, round(down + 0.5 - high / 2) - search
    around = shade[top : top + high + 2 * search, left : left + wide + 2 * search]
    off = cv2.matchTemplate(around, own.ink, cv2.TM_SQDIFF)
    x, y = cv2.minMaxLoc(off)[2]
    return left + x + _between(off[y], x) + (wide - 1) / 2, top + y + _between(off[:, x], y) + (high - 1) / 2


def _between(off: Any, at: int) -> float:
    """Where between the pixels the least lies: the foot of the parabola through it and its neighbours."""
    if not 0 < at < len(off) - 1:
        return 0.0
    before, here, after = off[at - 1 : at + 2].tolist()
    bend = before - 2 * here + after
    return float(0.5 * (before - after) / bend) if bend > 0 else 0.0


def put(distance: Shades, right: float, down: float, own: Letter) -> None:
    """Lay a letter, its middle at that place, over what is there already; all of it lies within."""
    high, wide = own.distance.shape
    left, top = math.floor(right + 0.5 - wide / 2), math.floor(down + 0.5 - high / 2)
    piece = cv2.getRectSubPix(own.distance, (wide, high), (left + wide - 1 - right, top + high - 1 - down))
    there = distance[top : top + high, left : left + wide]
    np.maximum(there, piece, out=there)
