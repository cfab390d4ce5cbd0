"""Laying a line of words over its print in each of the typefaces.

Belongs here: which typeface's letters are as wide as the print's and stand as they do, where each letter of it would
stand. Does not belong here: the typefaces themselves (`typefaces`), what it means that ink stands elsewhere (`ink`).
Print of words is not parted into letters: they touch. Where each stands follows from the typeface's own advances.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.typefaces import LETTERS, REACH, SIDE, ink_at, put, resized, shift, typefaces, weighed

Shades = NDArray[np.float32]
Figures = NDArray[np.float64]

MOST_TRIED: Final = 6
MOST_STRETCHED: Final = 0.15
"""How far the width by the letters' advances may be from that by their height, as a logarithm."""
_STRETCHED: Final = 2.0
_HEAVIER: Final = 0.3
_SOFTER: Final = 2.0
_SAMPLES: Final = 256
_FADED: Final = 1.4
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
    _, top, _, bottom = extent
    kinds = np.array([LETTERS.index(letter) for letter in text])
    bodies = [kinds[kinds != _BLANK], np.array([LETTERS.index(one) for one in text.translate(_RINGS) if one != " "])]
    seen = _Columns(shade.sum(axis=0), extent)
    down = shade[:, extent[0] : extent[2]].sum(axis=1)
    advances, middles, sizes = _metrics()
    starts = np.cumsum(advances[:, kinds], axis=1) - advances[:, kinds]
    first = middles[:, kinds[0], 0] - sizes[:, kinds[0], 0] / 2
    wide = starts[:, -1] + middles[:, kinds[-1], 0] + sizes[:, kinds[-1], 0] / 2 - first
    heights = np.array([_heights(one) for one in bodies])
    stretched = np.abs(np.log((extent[2] - extent[0]) / wide * heights / (bottom - top))).min(axis=0)
    found = []
    for place in np.flatnonzero(stretched <= MOST_STRETCHED).tolist():
        at = starts[place] - first[place] + middles[place, kinds, 0]
        columns = _spread(_profiles(place)[0][kinds], at, round(float(wide[place])))
        off, left, right = seen.unlike(columns, float(wide[place]))
        scale = float((right - left) / wide[place])
        found.append((off + _STRETCHED * float(stretched[place]), place, scale, float(left / scale - first[place])))
    for _, place, scale, pen in sorted(found)[:MOST_TRIED]:
        laid = _laid(shade, place, kinds, scale, pen, down)
        if laid is not None:
            yield laid


class _Columns:
    """How much ink stands in each column of the print, and where its letters may begin and end: thin serifs fade."""

    def __init__(self, across: Any, extent: tuple[int, int, int, int]) -> None:
        soft = cv2.GaussianBlur(np.asarray(across, np.float32)[None], (0, 0), _SOFTER * _FADED)[0].astype(np.float64)
        left, _, right, _ = extent
        self._ink = float(np.sum(across[left:right]))
        self._edges = [(left + one, right + other) for one in _FADES for other in _FADES]
        at = np.linspace(0, 1, _SAMPLES)
        steps = np.arange(len(soft))
        self._seen = np.array([_even(np.interp(one + at * (other - one), steps, soft)) for one, other in self._edges])

    def unlike(self, columns: Figures, wide: float) -> tuple[float, int, int]:
        """How far a typeface's columns are from the print's where they fit best (1 less their correlation, and how much
        heavier the one is), and the left and right edge at which they do."""
        soft = cv2.GaussianBlur(np.asarray(columns, np.float32)[None], (0, 0), _SOFTER)[0].astype(np.float64)
        wanted = _even(np.interp(np.linspace(0, len(soft) - 1, _SAMPLES), np.arange(len(soft)), soft))
        alike = self._seen @ wanted
        best = int(alike.argmax())
        left, right = self._edges[best]
        scale = (right - left) / wide
        heavier = abs(float(np.log(max(self._ink, 1.0) / scale**2 / max(float(columns.sum()), 1.0))))
        return 1 - float(alike[best]) + _HEAVIER * heavier, left, right


def _even(profile: Figures) -> Figures:
    """A profile of mean 0 and length 1."""
    apart = profile - profile.mean()
    return np.asarray(apart / max(float(np.linalg.norm(apart)), 1e-9), np.float64)


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
def _profiles(place: int) -> tuple[Figures, Figures]:
    """How much ink each column and each row of every letter's square has (letters x SIDE), in one typeface."""
    inks = [ink_at(typefaces()[place].distance(kind)) for kind in range(len(LETTERS))]
    across, down = (np.array([ink.sum(axis=axis) for ink in inks], np.float64) for axis in (0, 1))
    return across, down


def _spread(profiles: Figures, middles: Figures, length: int) -> Figures:
    """The letters' profiles (letters x SIDE), each with its middle at its place, summed over `length` pixels."""
    first = np.round(middles - (SIDE - 1) / 2).astype(np.int64)
    at = np.clip(first[:, None] + np.arange(SIDE) + SIDE, 0, length + 2 * SIDE - 1)
    summed = np.bincount(at.ravel(), profiles.ravel(), length + 2 * SIDE)
    return np.asarray(summed[SIDE : SIDE + length], np.float64)


def _laid(shade: Shades, place: int, kinds: NDArray[np.int64], scale: float, pen_at: float, down: Any) -> Laid | None:
    """The letters one after the other, each where it fits best near where its forerunner says; None where they leave
    the print."""
    face = typefaces()[place]
    sized = np.asarray(resized(shade, 1 / scale), np.float32)
    wider = np.asarray(cv2.copyMakeBorder(sized, SIDE, SIDE, SIDE, SIDE, cv2.BORDER_CONSTANT, value=(0,)), np.float32)
    distance = np.full(wider.shape, -REACH, np.float32)
    whole = np.ones(2)
    pen = np.array((SIDE + pen_at, SIDE + _foot(place, kinds, down, scale)))
    feet = []
    for kind in kinds:
        if LETTERS[kind] != " ":
            letter, middle = face.distance(int(kind)), pen + face.middles[kind]
            if (middle < SIDE / 2).any() or (middle > np.array(wider.shape[::-1]) - SIDE / 2).any():
                return None
            by = shift(wider, middle, letter, face.sizes[kind], whole, _SEARCH)
            put(distance, middle + by, letter, whole)
            pen = pen + by
            feet.append(pen[1] - SIDE)
        pen = pen + np.array((face.advances[kind], 0.0))
    inner = distance[SIDE:-SIDE, SIDE:-SIDE]
    return Laid(sized, weighed(inner, sized), scale, min(feet) - float(face.sizes[_SMALL, 1]), max(feet), pen[0] - SIDE)


def _foot(place: int, kinds: NDArray[np.int64], down: Any, scale: float) -> float:
    """The row, in the typeface's pixels, on which the line stands: where its ink by rows fits the print's best."""
    size = (max(1, round(len(down) / scale)), 1)
    rows = cv2.resize(np.asarray(down, np.float32)[None], size, interpolation=cv2.INTER_AREA)[0]
    inked = kinds[kinds != _BLANK]
    wanted = _spread(_profiles(place)[1][inked], _PROFILE + typefaces()[place].middles[inked, 1], 2 * _PROFILE)
    fit = np.correlate(np.pad(rows.astype(np.float64), _PROFILE), wanted, "valid")
    return float(int(fit.argmax()))
