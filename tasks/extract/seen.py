# mypy: disable-error-code="no-untyped-call"
"""Whether a person who looks at a page sees what its text says.

Belongs here: text that is invisible, covered or struck through, a field that shows another number than it holds. Does
not belong here: reading the text (`pdfpage`), pages that are pictures (`scan`), what follows (`pdf`).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pypdfium2.raw
from numpy.typing import NDArray

from tasks.extract import rapid
from tasks.extract.pdfpage import MAX_OBJECTS, Field, Piece, sides

pdfium_c: Final[Any] = pypdfium2.raw

_SCALE: Final = 150 / 72
_CONTRAST: Final = 40
"""Shades between the darkest and the lightest of a word's place; less is no ink, or a bar over it."""
_STROKE: Final = 12.0
_SURE: Final = 0.9


class Look:
    """A page as it is drawn, 150 dots an inch, its fields and notes with it."""

    def __init__(self, page: Any) -> None:
        rotation = page.get_rotation()
        page.set_rotation(0)  # letters are placed on the page as it is before it is turned
        try:
            drawn = page.render(scale=_SCALE, grayscale=True).to_numpy()
        finally:
            page.set_rotation(rotation)
        self._grey: NDArray[np.uint8] = drawn.reshape(drawn.shape[:2])
        self._page = page
        self._left, _, _, self._top = page.get_cropbox()

    def visible(self, piece: Piece) -> bool:
        """Whether there is any ink where a word stands."""
        place = self._place(piece)
        return place.size > 0 and int(place.max()) - int(place.min()) >= _CONTRAST

    def _place(self, piece: Piece) -> NDArray[np.uint8]:
        x1, x2 = ((x - self._left) * _SCALE for x in (piece.left, piece.right))
        y1, y2 = ((self._top - y) * _SCALE for y in (piece.top, piece.bottom))
        return self._grey[max(0, int(y1)) : max(0, int(y2) + 1), max(0, int(x1)) : max(0, int(x2) + 1)]

    def shows_another(self, field: Field) -> bool:
        """Whether a field of digits plainly shows other digits than it holds: its look is kept apart from its value."""
        held = re.sub(r"\D", "", field.piece.text)
        place = self._place(field.piece)
        if len(held) < 8 or min(place.shape) < 8:
            return False
        ink = np.nonzero(place < 128)
        if not len(ink[0]):
            return False
        tight = place[ink[0].min() : ink[0].max() + 1, ink[1].min() : ink[1].max() + 1]
        line = rapid.read(np.pad(tight, 2, constant_values=255), "0123456789")
        shown = re.sub(r"\D", "", line.text)
        return line.confidence >= _SURE and len(shown) == len(held) and shown != held

    def struck(self, pieces: list[Piece]) -> bool:
        """Whether a drawn line runs through the middle of any of these."""
        strokes = list(_strokes(self._page))
        return any(_through(stroke, piece) for stroke in strokes for piece in pieces)


_Stroke = tuple[tuple[float, float], tuple[float, float]]


def _strokes(page: Any) -> Iterator[_Stroke]:
    for number, drawn in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH])):
        if number > MAX_OBJECTS:
            return
        for start, end in sides(drawn, curves=True):
            if abs(start[0] - end[0]) + abs(start[1] - end[1]) >= _STROKE:
                yield start, end


def _through(stroke: _Stroke, piece: Piece) -> bool:
    """Whether a stroke crosses the middle third of a word: a line above or below it is a rule of the table."""
    (x1, y1), (x2, y2) = stroke
    high = piece.top - piece.bottom
    low, top = piece.bottom + high / 3, piece.top - high / 3
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        x = piece.left + share * (piece.right - piece.left)
        if min(x1, x2) < x < max(x1, x2) and low < y1 + (y2 - y1) * (x - x1) / (x2 - x1) < top:
            return True
    return False
