"""Whether a column of the form's table holds a fold and nothing else.

Belongs here: a straight line down through every cell of an empty column. Does not belong here: a level fold in one cell
(`ocr`), a stroke over a value (`cell`). In doubt it is no fold: whatever else stands in the column, a person sees it.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.extract.layout import Grid
from tasks.extract.ocr import shade_at

_PALE: Final = 0.85
"""Share of the paper's shade below which there may be writing."""
_RULE_MM: Final = 0.9
_THIN_MM: Final = 0.5
"""How far from the fold's middle its ink may be."""
_STEEP: Final = 0.12
_WHOLE: Final = 0.9
"""Share of each cell's height through which the line must be seen: no stroke of a letter reaches from rule to rule."""
_SPECK_MM: Final = 0.3


def creased(grid: Grid, column: int) -> bool:
    """Whether all the ink of a column (1 or 2) is one thin straight line through all of its cells."""
    mm = grid.millimetre
    edge = max(2, round(_RULE_MM * mm))
    cells = [
        (top + edge, grid.page[top + edge : bottom - edge, grid.x[column] + edge : grid.x[column + 1] - edge])
        for top, bottom in zip(grid.y[1:-1], grid.y[2:], strict=True)
    ]
    paper = max(shade_at(np.concatenate([cell for _, cell in cells]), 80), 1.0)
    found = []
    for top, cell in cells:
        ink = _without_specks(cell < _PALE * paper, _SPECK_MM * mm)
        if ink.any(axis=1).mean() < _WHOLE:
            return False
        found.append((top, ink))
    ys, xs = (np.concatenate(side) for side in zip(*(_places(top, ink) for top, ink in found), strict=True))
    slope, start = np.polyfit(ys, xs, 1)
    return abs(float(slope)) <= _STEEP and float(np.abs(xs - start - slope * ys).max()) <= _THIN_MM * mm


def _places(top: int, ink: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ys, xs = np.nonzero(ink)
    return ys + top, xs


def _without_specks(ink: NDArray[np.bool_], side: float) -> NDArray[np.bool_]:
    found: Any = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    large = found[2][:, 2:4].max(axis=1) > side
    large[0] = False
    return np.asarray(large[found[1]])
