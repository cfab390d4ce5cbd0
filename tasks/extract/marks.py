"""The boxed edition on a picture: its corner marks, and the page flattened by them.

Belongs here: finding the four marks, which sheet they say it is, cutting out what stands at a place in millimetres.
Does not belong here: the places (`schemas.boxed`), reading what is in them (`boxes`). Three of the four marks are
enough; where the ones that were found do not agree on one flat sheet there is no layout.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.boxed import ARUCO, MARK_IDS, MARKS, Box, Reference, SheetKind, read_reference
from tasks.extract.layout import SEARCH_SIDE, reduced

Grey = NDArray[np.uint8]

PER_MM: Final = 11.811  # 300 dots an inch
_FEWEST: Final = 3
_MOST_OFF_MM: Final = 0.3
"""How far a mark's corner may lie from its place on the flat sheet; worn scans show 0.1."""
_AROUND: Final = (16.0, 128.0, 194.0, 276.0)  # left, top, right, bottom of what is flattened


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the boxed edition: `page` is flattened, `PER_MM` pixels a millimetre, from `_AROUND`'s corner."""

    kind: SheetKind
    page: Grey

    def cut(self, box: Box, inset: float = 0.0) -> Grey:
        """What stands in a box, `inset` millimetres from its edges."""
        left, top, _, _ = _AROUND
        x1, x2 = round((box.x - left + inset) * PER_MM), round((box.right - left - inset) * PER_MM)
        y1, y2 = round((box.y - top + inset) * PER_MM), round((box.bottom - top - inset) * PER_MM)
        return self.page[y1:y2, x1:x2]


def find_sheet(page: Grey) -> Sheet | None:
    """The boxed edition on a grey page (uint8, height x width), lying whichever way; None where its marks are not
    found or contradict each other."""
    small = reduced(page, SEARCH_SIDE)
    factor = max(small.shape) / max(page.shape)
    found, corners = _detected(small, one_window=True)
    if 0 < len(found) < _FEWEST:
        found, corners = _detected(small, one_window=False)
    for kind, wanted in MARK_IDS.items():
        own = [n for n, ident in enumerate(found) if ident in wanted]
        other = any(ident in ids for others, ids in MARK_IDS.items() if others != kind for ident in found)
        if len(own) < _FEWEST or len({found[n] for n in own}) < len(own) or other:
            continue
        seen = np.concatenate([np.asarray(corners[n], np.float64).reshape(4, 2) for n in own]) / factor
        true = np.concatenate([_corners(MARKS[wanted.index(found[n])]) for n in own])
        matrix, _ = cv2.findHomography(true, seen, 0)
        if matrix is None or _off(matrix, true, seen) > _MOST_OFF_MM or not _upright_scale(matrix):
            return None
        left, top, right, bottom = _AROUND
        placed = np.asarray(matrix) @ np.array([[1 / PER_MM, 0, left], [0, 1 / PER_MM, top], [0, 0, 1.0]])
        size = (round((right - left) * PER_MM), round((bottom - top) * PER_MM))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        flat = cv2.warpPerspective(page, placed, size, flags=flags, borderValue=(255,))
        return Sheet(kind, np.asarray(flat, dtype=np.uint8))
    return None


def shows_mark(page: Grey) -> bool:
    """Whether any of the edition's corner marks is on a page."""
    found, _ = _detected(reduced(page, SEARCH_SIDE), one_window=False)
    return any(ident in ids for ids in MARK_IDS.values() for ident in found)


def _detected(page: Grey, *, one_window: bool) -> tuple[list[int], Any]:
    """Which marks are seen, and their corners. Paper is told from ink in the largest of the detector's windows, or in
    all of them: that takes three times as long and finds a mark more where a pen ran through it."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    if one_window:
        parameters.adaptiveThreshWinSizeMin = parameters.adaptiveThreshWinSizeMax
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, ARUCO))
    corners, numbers, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(page)
    return [] if numbers is None else [int(one) for one in np.asarray(numbers).ravel()], corners


def _corners(mark: Box) -> NDArray[np.float64]:
    return np.array([(mark.x, mark.y), (mark.right, mark.y), (mark.right, mark.bottom), (mark.x, mark.bottom)])


def _off(matrix: Any, true: NDArray[np.float64], seen: NDArray[np.float64]) -> float:
    """The farthest that a mark's corner lies from where the flat sheet has it, millimetres."""
    back = cv2.perspectiveTransform(seen.reshape(-1, 1, 2), np.linalg.inv(np.asarray(matrix))).reshape(-1, 2)
    return float(np.abs(back - true).max())


def _upright_scale(matrix: Any) -> bool:
    """Whether the sheet is seen from its front and hardly slanted: a mirrored or crumpled one is a person's."""
    left, top, right, bottom = _AROUND
    square = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64).reshape(-1, 1, 2)
    placed = cv2.perspectiveTransform(square, np.asarray(matrix)).reshape(-1, 2)
    sides = np.linalg.norm(placed - np.roll(placed, -1, axis=0), axis=1)
    wide, high = sides[0] / (right - left), sides[1] / (bottom - top)
    along = np.roll(placed, -1, axis=0) - placed
    after = np.roll(along, -1, axis=0)
    turns = along[:, 0] * after[:, 1] - along[:, 1] * after[:, 0]
    near = 0.8 < sides[0] / sides[2] < 1.25 and 0.8 < sides[1] / sides[3] < 1.25 and 0.8 < wide / high < 1.25
    return bool((turns > 0).all()) and near


def reference(picture: Grey) -> Reference | None:
    """A sheet's QR code in a picture of its place, or of the page; None for none, or several."""
    import zxingcpp

    codes = zxingcpp.read_barcodes(
        np.ascontiguousarray(picture), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    told = {found for code in codes if (found := read_reference(code.text))}
    return told.pop() if len(told) == 1 else None
