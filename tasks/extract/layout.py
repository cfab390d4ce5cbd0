"""Finding the form's table on a picture: straighten the page, find the rules, cut out cells.

Belongs here: geometry on grey pixels. Does not belong here: reading what is in a cell (`ocr`), which way up the words
are (`scan`). Method and its measured limits: projection profile for the skew, opening by long lines for the rules, one
connected grid of 4 vertical and 7 horizontal ones. Nothing of the printed geometry is assumed but that count.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.form import ROWS, SEED_TABLE
from tasks.extract.ocr import shade_at

Grey = NDArray[np.uint8]

LONG_SIDE: Final = 3_600
"""Pixels of a page's long side that are enough for reading (A4 at 300 dpi has 3 508); larger pages are made smaller."""

SEARCH_SIDE: Final = 1_800
"""The same for finding the rules."""

TABLE_MM: Final = SEED_TABLE.x[-1] - SEED_TABLE.x[0]
_VERTICAL: Final = 4
_HORIZONTAL: Final = len(ROWS) + 2
_STEEPEST: Final = 10.0
_SPAN: Final = 0.7
_AROUND: Final = 0.65
"""Table heights of paper kept on either side, beside those that the search keeps."""
_MOST_TABLES: Final = 5
_CLOSE: Final = 2
"""Rows of pixels along a cell's edge in which nothing may be cut."""
_WRITTEN: Final = 0.7
_RULED: Final = 0.3
"""Writing is darker than the first share of the paper's shade, a rule darkens more than the second of a row."""
_NEARLY: Final = 0.2
"""So much of a pixel smaller than asked for, at most, is a page made."""
_EVERY: Final = 4
"""Of so many points of ink one tells a page's skew well enough to look for it more closely."""
_COARSE: Final = 4
"""Paper's shades change so slowly that so much smaller they are the same."""
_DARK: Final = 150
"""Printed rules are darker than this on evened paper, folds are not; grey and worn rules are looked for after."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The table, flattened: `page` holds it with some paper around, `x` and `y` are its rules in pixels."""

    page: Grey
    x: tuple[int, ...]
    y: tuple[int, ...]

    @property
    def millimetre(self) -> float:
        """Pixels of a millimetre, taking the table for as wide as the printed one: a letter's column is much the same
        everywhere, while rows are as high as a word processor makes them."""
        return (self.x[-1] - self.x[0]) / TABLE_MM

    def turned(self) -> "Grid":
        """The same, upside down."""
        height, width = self.page.shape
        return Grid(
            np.ascontiguousarray(self.page[::-1, ::-1]),
            tuple(width - 1 - x for x in reversed(self.x)),
            tuple(height - 1 - y for y in reversed(self.y)),
        )

    def cell(self, row: int, column: int) -> Grey:
        """The inside of a cell, row 0 being the headings and column 0 the labels.

        Where its writing stands so close to the rule above or below that this edge would cut it, it is the rule alone
        that is cut off: a ring over an A is all that tells it from another letter.
        """
        edge = max(2, round(0.4 * self.millimetre))
        across = slice(self.x[column] + edge, self.x[column + 1] - edge + 1)
        above = self.page[max(0, self.y[row] - edge) : self.y[row] + edge + _CLOSE, across]
        below = self.page[self.y[row + 1] - edge + 1 - _CLOSE : self.y[row + 1] + edge + 1, across][::-1]
        top, bottom = (_past_rule(strip, edge) for strip in (above, below))
        return self.page[self.y[row] + top : self.y[row + 1] - bottom + 1, across]

    def below(self, column: int, height_mm: float) -> Grey:
        """The paper under a column."""
        top = self.y[-1] + max(2, round(0.6 * self.millimetre))
        return self.page[top : top + round(height_mm * self.millimetre), self.x[column] : self.x[column + 1]]

    def foot(self, wide_mm: float, from_mm: float) -> Grey:
        """The paper lower down, as wide from the table's left: where the lines of a letter begin."""
        left = max(0, self.x[0] - round(2 * self.millimetre))
        return self.page[
            self.y[-1] + round(from_mm * self.millimetre) :, left : self.x[0] + round(wide_mm * self.millimetre)
        ]


def _past_rule(strip: Grey, edge: int) -> int:
    """How far from a rule's middle a cell begins: `edge`, or, where writing stands there, as soon as the rule ends.
    `strip`: from beyond the rule to `_CLOSE` within the cell."""
    dark = strip < _WRITTEN * shade_at(strip, 80)
    share = dark.mean(axis=1)
    ruled = np.flatnonzero(share[:-_CLOSE] > _RULED)
    if not share[-_CLOSE - 1 :].any() or share[-_CLOSE - 1 :].max() > _RULED or not len(ruled):
        return edge
    return min(edge, max(1, int(ruled[-1]) + 2 - (len(strip) - edge - _CLOSE)))


def find_grid(page: Grey) -> Grid | None:
    """The form's table on a grey page (uint8, height x width), lying whichever way; None where there is none.

    Rules are looked for on a page of `SEARCH_SIDE`, and only where that finds none on the whole one. What is cut out is
    pulled straight from the page as it came, in one step.
    """
    page = reduced(page, LONG_SIDE)
    paper = _paper(page)
    for side in (SEARCH_SIDE, LONG_SIDE):
        small = reduced(page, side)
        if side != SEARCH_SIDE and max(page.shape) <= SEARCH_SIDE:
            break
        even = _grey(cv2.divide(small, _sized(paper, small.shape), scale=255))
        shrink = np.diag([small.shape[1] / page.shape[1], small.shape[0] / page.shape[0], 1.0])
        for lies in (np.eye(3), np.array([[0.0, 1, 0], [-1, 0, even.shape[1] - 1], [0, 0, 1]])):
            turned = even if lies[0, 0] else np.ascontiguousarray(np.rot90(even))
            straight, turn = _straightened(turned)
            found = _grid(straight, _DARK) or _grid(straight, None)
            if found:
                return _cut(page, paper, found.after(turn @ lies @ shrink, shrink[0, 0]))
    return None


def reduced(page: Grey, side: int) -> Grey:
    """The page with a long side of at most `side`, by whole pixels as far as they go: that is forty times faster."""
    by = 1 / max(1, int(max(page.shape) / side + _NEARLY))
    page = page if by == 1 else _grey(cv2.resize(page, None, fx=by, fy=by, interpolation=cv2.INTER_AREA))
    by = side / max(page.shape)
    return page if by >= 1 else _grey(cv2.resize(page, None, fx=by, fy=by, interpolation=cv2.INTER_LINEAR))


def _paper(page: Grey) -> Grey:
    """The paper without what stands on it, small: the shadow of a fold, a stain, a lamp from one side."""
    small = reduced(page, 600)
    return _grey(cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)), (0, 0), 3))


def _sized(page: Grey, shape: tuple[int, ...]) -> Grey:
    return _grey(cv2.resize(page, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a grid lies: `matrix` takes a pixel of the searched page to the flat grid, of `size`, with its rules."""

    matrix: NDArray[np.float64]
    size: tuple[int, int]
    x: tuple[float, ...]
    y: tuple[float, ...]

    def after(self, step: NDArray[np.float64], scale: float) -> "_Found":
        """The same for the page that `step` takes to the searched one, the flat grid `scale` times smaller."""
        larger = np.diag([1 / scale, 1 / scale, 1.0])
        size = (round(self.size[0] / scale), round(self.size[1] / scale))
        x, y = (tuple(at / scale for at in rules) for rules in (self.x, self.y))
        return _Found(larger @ self.matrix @ step, size, x, y)

    def with_paper(self, rows: int) -> "_Found":
        """The same with so many rows more above and below."""
        moved = np.array([[1.0, 0, 0], [0, 1.0, rows], [0, 0, 1.0]])
        size = (self.size[0], self.size[1] + 2 * rows)
        return _Found(moved @ self.matrix, size, self.x, tuple(at + rows for at in self.y))


def _cut(page: Grey, paper: Grey, found: _Found) -> Grid:
    """The grid from the page, on evened paper, with what stands below and above it."""
    found = found.with_paper(round(_AROUND * (found.y[-1] - found.y[0])))
    flat = cv2.warpPerspective(page, found.matrix, found.size, borderValue=(255,))
    small = (found.size[0] // _COARSE, found.size[1] // _COARSE)
    widen = np.diag([page.shape[1] / paper.shape[1], page.shape[0] / paper.shape[0], 1.0])
    coarse = np.diag([small[0] / found.size[0], small[1] / found.size[1], 1.0])
    around = cv2.warpPerspective(paper, coarse @ found.matrix @ widen, small, borderMode=cv2.BORDER_REPLICATE)
    x, y = (tuple(round(at) for at in rules) for rules in (found.x, found.y))
    return Grid(_grey(cv2.divide(flat, _sized(_grey(around), flat.shape), scale=255)), x, y)


def _ink(page: Grey, darker_than: int | None = None) -> Grey:
    """255 where darker than `darker_than`, or else than the paper around."""
    if darker_than is not None:
        return _grey(cv2.threshold(page, darker_than, 255, cv2.THRESH_BINARY_INV)[1])
    block = max(15, max(page.shape) // 50) | 1
    return _grey(cv2.adaptiveThreshold(page, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 15))


def _straightened(page: Grey) -> tuple[Grey, NDArray[np.float64]]:
    """The page turned so that its lines of text and its rules lie level, and the turn."""
    ys, xs = np.nonzero(_ink(reduced(page, 1_000)))
    if not len(ys):
        return page, np.eye(3)
    best = 0.0
    for half, step, every in ((_STEEPEST, 0.5, _EVERY), (0.5, 0.1, 1), (0.1, 0.02, 1)):
        angles = np.arange(best - half, best + half + step / 2, step)
        best = float(angles[int(np.argmax([_level(xs[::every], ys[::every], angle) for angle in angles]))])
    height, width = page.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), best, 1.0)
    sine, cosine = abs(matrix[0, 1]), abs(matrix[0, 0])
    wide, high = int(height * sine + width * cosine), int(height * cosine + width * sine)
    matrix[:, 2] += ((wide - width) / 2, (high - height) / 2)
    straight = cv2.warpAffine(page, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderValue=(255,))
    return _grey(straight), np.vstack([matrix, (0.0, 0.0, 1.0)])


def _level(xs: NDArray[np.int64], ys: NDArray[np.int64], degrees: float) -> float:
    """How sharply the ink gathers in lines when the page is turned by `degrees`."""
    turn = np.deg2rad(degrees)
    at = ys * np.cos(turn) - xs * np.sin(turn)
    profile = np.bincount((at - at.min()).astype(np.int64)).astype(np.float64)
    return float(np.square(np.diff(profile)).sum())


def _grid(page: Grey, darker_than: int | None) -> _Found | None:
    height, width = page.shape
    ink = _grey(cv2.morphologyEx(_ink(page, darker_than), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    level = _grey(cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, max(width // 14, 30)), np.uint8)))
    upright = _grey(cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(height // 45, 20), 1), np.uint8)))
    joined = cv2.dilate(cv2.bitwise_or(level, upright), np.ones((5, 5), np.uint8))
    contours, inside = cv2.findContours(joined, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outlines = [one for one, (*_, hole) in zip(contours, [] if inside is None else inside[0], strict=True) if hole < 0]
    boxed = [(cv2.boundingRect(one), one) for one in outlines]
    for (left, top, wide, high), outline in sorted(boxed, key=lambda one: -one[0][2] * one[0][3])[:_MOST_TABLES]:
        if wide < 0.25 * width or high < 0.06 * height:
            continue
        part = np.s_[top : top + high, left : left + wide]
        grid = _flattened(level[part], upright[part], np.asarray(outline, np.int64)[:, 0] - (left, top))
        if grid:
            return grid.after(np.array([[1.0, 0, -left], [0, 1.0, -top], [0, 0, 1.0]]), 1.0)
    return None


def _flattened(level: Grey, upright: Grey, outline: NDArray[np.int64]) -> _Found | None:
    """The grid within `outline` (points x 2), pulled square by its corners, with its rules; None where they are not 4
    and 7."""
    xs, ys = outline.T
    total, apart = xs + ys, xs - ys
    picks = (int(total.argmin()), int(apart.argmax()), int(total.argmax()), int(apart.argmin()))
    corners = outline[list(picks)].astype(np.float32)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    wide, high = round(float(max(sides[0], sides[2]))), round(float(max(sides[1], sides[3])))
    if wide < 100 or high < 60:
        return None
    beside, above = round(0.03 * wide), round(0.4 * high)
    square = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32) + np.array([beside, above], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, square)
    size = (wide + 2 * beside, high + 2 * above)
    own = cv2.fillPoly(np.zeros_like(level), [outline.astype(np.int32)], (255,))
    masks = [cv2.warpPerspective(cv2.bitwise_and(rules, own), matrix, size) for rules in (upright, level)]
    x = _rules(masks[0][above : above + high], 0)
    y = _rules(masks[1][:, beside : beside + wide], 1)
    if len(x) != _VERTICAL or len(y) != _HORIZONTAL:
        return None
    return _squared(_Found(np.asarray(matrix, np.float64), size, x, y), masks, square)


def _squared(found: _Found, masks: list[Any], square: NDArray[np.float32]) -> _Found:
    """The same, pulled square anew by the lines through its outer rules: a corner is some pixels, a rule hundreds."""
    upright = [_line(masks[0].T, at) for at in found.x]
    level = [_line(masks[1], at) for at in found.y]
    picks = ((0, 0), (-1, 0), (-1, -1), (0, -1))
    seen = np.array([_crossing(upright[i], level[j]) for i, j in picks], np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(seen, square), np.float64)
    middles = [_crossing(line, ((level[0][0] + level[-1][0]) / 2, 0.0)) for line in upright]
    centres = [_crossing(((upright[0][0] + upright[-1][0]) / 2, 0.0), line) for line in level]
    moved = cv2.perspectiveTransform(np.array([middles + centres]), matrix)[0]
    x, y = moved[: len(middles), 0], moved[len(middles) :, 1]
    return _Found(matrix @ found.matrix, found.size, tuple(map(float, x)), tuple(map(float, y)))


_Line = tuple[float, float]
"""Where a line stands at 0, and how far it moves in a pixel."""


def _line(mask: Any, at: float) -> _Line:
    """The line through a rule that lies along the mask's rows near `at`."""
    first = max(0, round(at) - 4)
    across, along = np.nonzero(mask[first : round(at) + 5] > 127)
    if len(along) < 2 or along.min() == along.max():
        return (at, 0.0)
    slope, start = np.polyfit(along, across + first, 1)
    return (float(start), float(slope))


def _crossing(upright: _Line, level: _Line) -> tuple[float, float]:
    """Where an upright line (x by y) and a level one (y by x) meet."""
    y = (level[0] + level[1] * upright[0]) / (1 - level[1] * upright[1])
    return (upright[0] + upright[1] * y, y)


def _rules(mask: Any, axis: int) -> tuple[float, ...]:
    """Where rules run along `axis` of the mask, through most of its length; the middle of each."""
    thick = cv2.dilate(mask, np.ones((1, 5) if axis == 0 else (5, 1), np.uint8))
    through = (thick > 127).mean(axis=axis) > _SPAN
    edges = np.flatnonzero(np.diff(np.concatenate(([False], through, [False])).astype(np.int8)))
    return tuple((int(first) + int(last) - 1) / 2 for first, last in zip(edges[::2], edges[1::2], strict=True))


def _grey(image: Any) -> Grey:
    return np.asarray(image, dtype=np.uint8)
