"""Laying a line of words over its print in each of the typefaces.

Belongs here: which typeface's letters are as wide as the print's and stand as they do, where each letter of it would
stand. Does not belong here: the typefaces themselves (`typefaces`), what it means that ink stands elsewhere (`ink`).
Print of words is not parted into letters: they touch. Where each stands follows from the typeface's own advances.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.typefaces import (
    LETTERS,
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
Figures = NDArray[np.float64]

MOST_TRIED: Final = 3
MOST_STRETCHED: Final = 0.15
"""How far the width by the letters' advances may be from that by their height, as a logarithm."""
_STRETCHED: Final = 0.5
_SOFTER: Final = 2.0
_SAMPLES: Final = 256
_FADES: Final = (-2, 0, 2)
_SMALL: Final = LETTERS.index("x")
_BLANK: Final = LETTERS.index(" ")
_SEARCH: Final = 3
_PROFILE: Final = 64
_RINGS: Final = str.maketrans("Åå", "Aa")
"""Rings stand apart from their letters, or touch them."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Print (0 to 1) brought to a typeface's size, and how far each of its pixels is from the typeface's outlines.
    `scale`: how much larger the print was; `over`, `foot`: the highest row of its small letters, and that on which they
    stand; `end`: the column behind the last one."""

    shade: Shades
    distance: Shades
    scale: float
    over: float
    foot: float
    end: float


def lines(shade: Shades, text: str, extent: tuple[int, int, int, int]) -> Iterator[Laid]:
    """`text` laid over its print in each typeface that it may be set in, the likeliest first.

    `shade`: ink from 0 to 1 (float32, height x width); `extent`: left, top, right, bottom of its letters, pixels.
    """
    kinds = np.array([LETTERS.index(letter) for letter in text])
    left, _, right, _ = extent
    down, across = (np.asarray(one, np.float64) for one in (shade[:, left:right].sum(axis=1), shade.sum(axis=0)))
    for place, scale, pen in _ranked(across, kinds, _stretched(kinds, text, extent), extent)[:MOST_TRIED]:
        laid = _laid(shade, place, kinds, scale, pen, down)
        if laid is not None:
            yield laid


def _stretched(kinds: NDArray[np.int64], text: str, extent: tuple[int, int, int, int]) -> Figures:
    """How far a line's width is from that by its height, in each typeface."""
    left, top, right, bottom = extent
    bodies = [kinds[kinds != _BLANK], np.array([LETTERS.index(one) for one in text.translate(_RINGS) if one != " "])]
    heights = np.array([_heights(one) for one in bodies])
    _, wide = _across(kinds)
    return np.asarray(np.abs(np.log((right - left) / wide * heights / (bottom - top))).min(axis=0), np.float64)


def _across(kinds: NDArray[np.int64]) -> tuple[Figures, Figures]:
    """Where the letters' middles stand (typefaces x letters), from the line's first ink on, and how wide its ink is."""
    advances, middles, sizes = _metrics()
    at = np.cumsum(advances[:, kinds], axis=1) - advances[:, kinds] + middles[:, kinds, 0]
    half = sizes[:, kinds, 0] / 2
    first = at[:, 0] - half[:, 0]
    return at - first[:, None], at[:, -1] + half[:, -1] - first


def _ranked(
    across: Figures, kinds: NDArray[np.int64], stretched: Figures, extent: tuple[int, int, int, int]
) -> list[tuple[int, float, float]]:
    """Typefaces whose columns of ink are most like the print's (`across`), the likeliest first: place, how much larger
    the print is, and where the pen starts, in the typeface's pixels. Thin serifs fade, so the print's edges may be two
    pixels off."""
    near = np.flatnonzero(stretched <= MOST_STRETCHED)
    if not len(near):
        return []
    middles, wides = (figures[near] for figures in _across(kinds))
    left, _, right, _ = extent
    edges = np.array([(left + one, right + other) for one in _FADES for other in _FADES])
    places = edges[:, :1] + np.linspace(0, 1, _SAMPLES) * (edges[:, 1:] - edges[:, :1])
    seen = np.interp(places, np.arange(len(across)), across)
    soft = _SOFTER * _SAMPLES / float(np.median(wides))
    alike = _even(_columns(near, kinds, middles / wides[:, None]), soft) @ _even(seen, soft).T
    best = edges[alike.argmax(axis=1)]
    scales = (best[:, 1] - best[:, 0]) / wides
    pens = best[:, 0] / scales + middles[:, 0] - _metrics()[1][near, kinds[0], 0]
    off = _STRETCHED * stretched[near] - alike.max(axis=1)
    return [(int(near[one]), float(scales[one]), float(pens[one])) for one in off.argsort()]


def _columns(near: NDArray[np.int64], kinds: NDArray[np.int64], middles: Figures) -> Figures:
    """How much ink the columns of a line have (typefaces x samples), its letters' middles at these shares of it."""
    profiles = _profiles()[0][near[:, None], kinds]
    _, wides = _across(kinds)
    at = middles[..., None] + (np.arange(SIDE) - (SIDE - 1) / 2) / wides[near][:, None, None]
    columns = np.clip(np.round(at * (_SAMPLES - 1)), -1, _SAMPLES).astype(np.int64) + 1
    columns += np.arange(len(near))[:, None, None] * (_SAMPLES + 2)
    summed = np.bincount(columns.ravel(), profiles.ravel(), len(near) * (_SAMPLES + 2))
    return np.asarray(summed.reshape(len(near), -1)[:, 1:-1], np.float64)


def _even(profiles: Figures, soft: float) -> Figures:
    """Profiles (any x samples), softened, of mean 0 and length 1."""
    made = cv2.GaussianBlur(profiles.astype(np.float32), (2 * round(3 * soft) + 1, 1), soft).astype(np.float64)
    apart = made - made.mean(axis=1, keepdims=True)
    return np.asarray(apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9), np.float64)


@cache
def _metrics() -> tuple[Figures, Figures, Figures]:
    """Advances (typefaces x letters), middles and sizes (typefaces x letters x 2) of all."""
    faces = typefaces()
    return (
        np.array([face.advances for face in faces]),
        np.array([face.middles for face in faces]),
        np.array([face.sizes for face in faces]),
    )


def _heights(kinds: NDArray[np.int64]) -> Figures:
    """From the highest top to the lowest foot, in each typeface."""
    _, middles, sizes = _metrics()
    rows, half = middles[:, kinds, 1], sizes[:, kinds, 1] / 2
    return np.asarray((rows + half).max(axis=1) - (rows - half).min(axis=1), np.float64)


@cache
def _profiles() -> tuple[Figures, Figures]:
    """How much ink each column and each row of every letter's square has (typefaces x letters x SIDE)."""
    inks = [ink_at(outlines(face.squares)) for face in typefaces()]
    across, down = (np.array([ink.sum(axis=axis) for ink in inks], np.float64) for axis in (1, 2))
    return across, down


def _spread(profiles: Figures, middles: Figures, length: int) -> Figures:
    """The letters' profiles (letters x SIDE), each with its middle at its place, summed over `length` pixels."""
    first = np.round(middles - (SIDE - 1) / 2).astype(np.int64)
    at = np.clip(first[:, None] + np.arange(SIDE) + SIDE, 0, length + 2 * SIDE - 1)
    summed = np.bincount(at.ravel(), profiles.ravel(), length + 2 * SIDE)
    return np.asarray(summed[SIDE : SIDE + length], np.float64)


def _laid(
    shade: Shades, place: int, kinds: NDArray[np.int64], scale: float, pen_at: float, down: Figures
) -> Laid | None:
    """The letters one after the other, each where it fits best near where its forerunner says; None where they leave
    the print."""
    face = typefaces()[place]
    sized = np.asarray(resized(shade, 1 / scale), np.float32)
    wider = bordered(sized)
    distance = np.full(wider.shape, -REACH, np.float32)
    pen, line = SIDE + pen_at, SIDE + _foot(place, kinds, down, scale)
    most_down, most_right = (side - 0.75 * SIDE for side in wider.shape)
    feet = []
    for kind in kinds.tolist():
        if kind != _BLANK:
            own, (on, under) = letter(place, kind), face.middles[kind].tolist()
            right, low = pen + on, line + under
            if min(right, low) < 0.75 * SIDE or right > most_right or low > most_down:
                return None
            right, low = fitted(wider, right, low, own, _SEARCH)
            put(distance, right, low, own)
            pen, line = right - on, low - under
            feet.append(line - SIDE)
        pen += float(face.advances[kind])
    inner = distance[SIDE:-SIDE, SIDE:-SIDE]
    return Laid(sized, weighed(inner, sized), scale, min(feet) - float(face.sizes[_SMALL, 1]), max(feet), pen - SIDE)


def _foot(place: int, kinds: NDArray[np.int64], down: Figures, scale: float) -> float:
    """The row, in the typeface's pixels, on which the line stands: where its ink by rows fits the print's best."""
    size = (max(1, round(len(down) / scale)), 1)
    rows = cv2.resize(np.asarray(down, np.float32)[None], size, interpolation=cv2.INTER_AREA)[0]
    inked = kinds[kinds != _BLANK]
    wanted = _spread(_profiles()[1][place, inked], _PROFILE + typefaces()[place].middles[inked, 1], 2 * _PROFILE)
    fit = np.correlate(np.pad(rows.astype(np.float64), _PROFILE), wanted, "valid")
    return float(int(fit.argmax()))
