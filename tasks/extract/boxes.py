"""The boxed edition's sheet, field by field: digits in their boxes, words in their cells, ticks.

Belongs here: turning boxes into one line of digits, whether a box is ticked. Does not belong here: the marks (`marks`),
the geometry (`schemas.boxed`), how far to believe what was read (`policy`).
"""

from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.boxed import CELLS, CONSENT_GUARDIANS, CONSENT_PUPIL, DIGIT_BOXES, REFUSAL_BOXES, Box
from schemas.documents import FieldName
from tasks.extract.cell import look
from tasks.extract.marks import PER_MM, Sheet
from tasks.extract.ocr import shade_at
from tasks.extract.policy import Seen

Grey = NDArray[np.uint8]
Tick = Literal["ticked", "doubtful", "empty"]

_INSET_MM: Final = 0.5
_WITHIN_MM: Final = 0.9
_HOLDS: Final = 0.012
"""Share of dark pixels from which a digit's box holds ink."""
_DARK: Final = 0.62
"""Ink is darker than this share of the paper; the boxes' own light grey rules are not."""
_TICK: Final = 0.05
_TRACE: Final = 0.012
_FULL: Final = 0.7
_WHOLE: Final = 0.9
_STEEP: Final = 0.15
_THIN_MM: Final = 0.5
"""A fold is no steeper, and its ink no farther from its middle."""


def look_at(sheet: Sheet, tessdata: Path) -> dict[tuple[int, FieldName], Seen]:
    """(slot, field) -> what was seen, for every field that is not blank. Raises OutsideFault as the engines do."""
    seen: dict[tuple[int, FieldName], Seen] = {}
    for slot, cells in CELLS.items():
        for name, box in cells.items():
            digits = DIGIT_BOXES[slot].get(name)
            found = _digits(sheet, name, digits, tessdata) if digits else _words(sheet, name, box, tessdata)
            if found:
                seen[slot, name] = found
    return seen


def look_at_consent(sheet: Sheet, tessdata: Path) -> dict[tuple[int, FieldName], Seen]:
    """The same of a consent: its pupil in slot 1, a guardian's name in each slot."""
    places: list[tuple[int, FieldName, Box]] = [(1, "pupil", CONSENT_PUPIL)]
    places += [(slot, "name", box) for slot, box in CONSENT_GUARDIANS.items()]
    found = {(slot, name): _words(sheet, name, box, tessdata) for slot, name, box in places}
    return {place: seen for place, seen in found.items() if seen}


def tick(sheet: Sheet, slot: int) -> Tick:
    """Whether the refusal under a column is ticked; a trace, a box that is blacked out and a fold are doubtful."""
    around = shade_at(sheet.cut(REFUSAL_BOXES[slot], -2.0), 90)
    dark = sheet.cut(REFUSAL_BOXES[slot], _WITHIN_MM) < _DARK * around
    share = float(dark.mean())
    if share < _TRACE:
        return "empty"
    return "ticked" if _TICK <= share <= _FULL and not (_bar(dark) or _bar(dark.T)) else "doubtful"


def _bar(dark: NDArray[np.bool_]) -> bool:
    """Whether all the ink is one upright line from edge to edge, as a fold through the box is."""
    if dark.any(axis=1).mean() < _WHOLE:
        return False
    ys, xs = np.nonzero(dark)
    slope, start = np.polyfit(ys, xs, 1)
    return abs(float(slope)) <= _STEEP and float(np.abs(xs - start - slope * ys).max()) <= _THIN_MM * PER_MM


def _words(sheet: Sheet, name: FieldName, box: Box, tessdata: Path) -> Seen | None:
    return look(name, sheet.cut(box, _INSET_MM), PER_MM, tessdata)


def _digits(sheet: Sheet, name: FieldName, boxes: tuple[Box, ...], tessdata: Path) -> Seen | None:
    """The digits as one line, close together as the readers know them, without the boxes' rules. A hole among the
    boxes counts as a box, so that the number is too short for its boxes and a person reads it."""
    held = [n for n, box in enumerate(boxes) if _ink(sheet.cut(box, _WITHIN_MM)) >= _HOLDS]
    if not held:
        return None
    gap = np.full((sheet.cut(boxes[0], _INSET_MM).shape[0], round(0.5 * PER_MM)), 255, np.uint8)
    pieces = [gap, gap]
    for n in held:
        crop = sheet.cut(boxes[n], _INSET_MM)
        paper = max(shade_at(crop, 80), 1.0)
        white = np.clip(crop.astype(np.float32) * (255 / paper), 0, 255).astype(np.uint8)
        columns = np.flatnonzero((white < 255 * _DARK).sum(axis=0) > 1)
        if len(columns):
            pieces += [white[:, max(0, columns[0] - 2) : columns[-1] + 3], gap]
    return look(name, np.concatenate([*pieces, gap], axis=1), PER_MM, tessdata, boxes=held[-1] + 1)


def _ink(crop: Grey) -> float:
    paper = shade_at(crop, 80)
    return float((crop < _DARK * paper).mean())
