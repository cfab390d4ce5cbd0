"""Help with the school's paper: filling in, rendering, looking at structure.

Belongs here: what several tests of the sheets need. Does not belong here: expectations.
"""

import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from fixtures.boxed import printed
from schemas.boxed import MARK_IDS, MARKS, Box, SheetKind
from schemas.documents import FIELDS, Reading
from schemas.settings import Settings
from tasks.extract.pdf import read_pdf

POST = Settings(environment="test").post


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def read(pdf: bytes) -> Reading:
    return read_pdf(pdf, POST)


def told(reading: Reading) -> list[dict[str, str]]:
    """Each entry as its values by field, and "refused" where it is; all of them must be good enough to be used."""
    found = []
    for entry in (entry for form in reading.forms for entry in form.entries):
        values = {name: field for name in FIELDS if (field := entry.get(name))}
        assert {"accepted"} >= {field.decision for field in values.values()}
        assert not entry.refused_in_words
        ticked = {"refused": "yes"} if entry.refused else {}
        found.append({"slot": str(entry.slot), **{n: f.value for n, f in values.items()}, **ticked})
    return found


def squared(page: Any, kind: SheetKind, *, per_mm: int = 10) -> Any:
    """A grey page flattened by its four corner marks; pixel (x, y) is millimetre (x, y) times `per_mm`."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(page)
    found = dict(zip(ids.ravel().tolist(), corners, strict=True))
    seen = np.concatenate([found[ident][0] for ident in MARK_IDS[kind]])
    meant = np.array([corner for box in MARKS for corner in corners_of(box)], np.float32)
    matrix, _ = cv2.findHomography(seen, meant * per_mm)
    return cv2.warpPerspective(page, matrix, (210 * per_mm, 297 * per_mm), borderValue=(255,))


def corners_of(box: Box) -> tuple[tuple[float, float], ...]:
    return ((box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom))


def ink(page: Any, box: Box, *, per_mm: int = 10, inset: float = 1.0) -> float:
    """The share of dark pixels inside a box, its rules left out."""
    x1, y1 = round((box.x + inset) * per_mm), round((box.y + inset) * per_mm)
    x2, y2 = round((box.right - inset) * per_mm), round((box.bottom - inset) * per_mm)
    return float((page[y1:y2, x1:x2] < 128).mean())


def picture(pdf: bytes, dpi: int = 200) -> Any:
    """The first page as it is printed, its fields with it: grey, uint8."""
    return printed(pdf, dpi=dpi)


def elements(node: Any) -> Iterator[Any]:
    """Every structure element below a node, in reading order."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        held = kid.get_object()
        if isinstance(held, DictionaryObject) and "/S" in held:
            yield held
            yield from elements(held)


def fonts(pdf: PdfReader) -> list[Any]:
    """Every font object of the file, those of fields and their looks included."""
    objects = [pdf.get_object(number) for number in range(1, int(pdf.trailer["/Size"]))]
    return [held for held in objects if isinstance(held, DictionaryObject) and held.get("/Type") == "/Font"]
