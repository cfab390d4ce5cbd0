"""Geometry: whichever way, size and turn a page comes in, the same cells are cut out of it, or none."""

from typing import Any

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.boxed import printed
from fixtures.filled import FilledForm
from fixtures.pages import rendered, typed_pdf
from schemas.boxed import CELLS
from schemas.form import SEED_TABLE
from tasks.extract.layout import Grid, find_grid
from tasks.extract.marks import PER_MM, find_sheet
from tasks.provision.form_pdf import form_pdf

DPI = 150
UNIT = DPI / 25.4
MOST_OFF_MM = 1.2


def blot(page: Any, x: float, y: float, wide: float, high: float) -> None:
    """A black rectangle round a point, millimetres."""
    ends = [(round((x + sign * wide / 2) * UNIT), round((y + sign * high / 2) * UNIT)) for sign in (-1, 1)]
    cv2.rectangle(page, ends[0], ends[1], (0,), -1)


def seed_page() -> Any:
    """The seed's sheet with a blot in each cell, wider by column and taller by row."""
    page = rendered(typed_pdf(FilledForm()), dpi=DPI).copy()
    for row in range(1, 6):
        for column in (1, 2):
            x = (SEED_TABLE.x[column] + SEED_TABLE.x[column + 1]) / 2
            y = (SEED_TABLE.y[row] + SEED_TABLE.y[row + 1]) / 2
            blot(page, x, y, 10.0 * column, 2.0 + 0.8 * row)
    return page


def boxed_page() -> Any:
    """The boxed edition with a blot in the middle of each cell."""
    page = printed(form_pdf("nb"), dpi=DPI).copy()
    for slot, cells in CELLS.items():
        for box in cells.values():
            blot(page, box.x + box.width / 2, box.y + box.height / 2, 10.0 * slot, 4.0)
    return page


SEED, BOXED = seed_page(), boxed_page()


def laid(page: Any, degrees: float, scale: float, quarters: int, slant: float) -> Any:
    """A page laid on a larger white one, turned, made larger or smaller, seen from the side."""
    high, wide = page.shape
    size = round(1.45 * max(high, wide) * scale)
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, scale)
    turn[:, 2] += (size / 2 - wide / 2, size / 2 - high / 2)
    got = cv2.warpAffine(page, turn, (size, size), flags=cv2.INTER_AREA, borderValue=(255,))
    flat = np.array([(0, 0), (size, 0), (size, size), (0, size)], np.float32)
    seen = flat + np.array([(slant, 0), (0, slant), (-slant, 0), (0, -slant)], np.float32) * size
    got = cv2.warpPerspective(got, cv2.getPerspectiveTransform(flat, seen), (size, size), borderValue=(255,))
    return np.ascontiguousarray(np.rot90(got, quarters))


def off(cell: Any, millimetre: float, wide: float, high: float) -> float:
    """How far a blot of that size lies from a cell's middle, or its sides from where they should be; millimetres."""
    ys, xs = np.nonzero(cell < 100)
    if not len(ys):
        return 99.0
    left, right, top, bottom = (float(np.percentile(at, share)) for at in (xs, ys) for share in (1, 99))
    middle = max(abs((left + right) - cell.shape[1]), abs((top + bottom) - cell.shape[0])) / 2
    size = max(abs(right - left - wide * millimetre), abs(bottom - top - high * millimetre))
    return max(middle, size) / millimetre


def seed_off(grid: Grid) -> float:
    return max(
        off(grid.cell(row, column), grid.millimetre, 10.0 * column, 2.0 + 0.8 * row)
        for row in range(1, 6)
        for column in (1, 2)
    )


LAID = {
    "degrees": st.floats(-8, 8),
    "scale": st.floats(0.8, 1.6),
    "quarters": st.integers(0, 3),
    "slant": st.floats(-0.012, 0.012),
}


@settings(max_examples=12, deadline=None, derandomize=True)
@given(**LAID)
def test_the_seeds_table_gives_the_same_cells_however_it_lies(
    degrees: float, scale: float, quarters: int, slant: float
) -> None:
    """Every cell's content in its own cell, within 1.2 mm, one way up or the other."""
    grid = find_grid(laid(SEED, degrees, scale, quarters, slant))
    assert grid is not None
    assert min(seed_off(grid), seed_off(grid.turned())) < MOST_OFF_MM


@settings(max_examples=12, deadline=None, derandomize=True)
@given(**LAID)
def test_the_boxed_edition_gives_the_same_cells_however_it_lies(
    degrees: float, scale: float, quarters: int, slant: float
) -> None:
    """By its marks, the right way up at once."""
    sheet = find_sheet(laid(BOXED, degrees, scale, quarters, slant))
    assert sheet is not None
    for slot, cells in CELLS.items():
        for name in ("pupil", "name", "email"):
            assert off(sheet.cut(cells[name], 0.5), PER_MM, 10.0 * slot, 4.0) < MOST_OFF_MM
