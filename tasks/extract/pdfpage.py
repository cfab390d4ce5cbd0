# mypy: disable-error-code="no-untyped-call"
"""One page of a PDF as rows of cells: its text and the rules drawn around it.

Belongs here: asking PDFium for characters, lines and pictures, and setting them in rows. Does not belong here: fields
and notes (`pdfnotes`), which route a page is read by (`pdf`), what the rows mean (`table`). Coordinates are PDF points
from the page's lower left corner. Nothing of the printed geometry is assumed.
"""

import ctypes
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pypdfium2.raw

from tasks.extract.columns import Cell, Row

pdfium_c: Final[Any] = pypdfium2.raw

MAX_CHARS: Final = 30_000
MAX_OBJECTS: Final = 20_000
_SAMPLE: Final = 1_000

_THIN: Final = 3.0
_LONG: Final = 12.0
_NEAR: Final = 2.0
_GAP: Final = 0.8
_NO_GAP: Final = 0.05
_DIGIT: Final = 24.0
"""Points; no wider is a box for one digit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or what was typed into one field, with its box."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def middle(self) -> float:
        """Its height on the page."""
        return (self.bottom + self.top) / 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line: `at` is its x (upright) or y (level), from `start` to `end` along it."""

    at: float
    start: float
    end: float


class _Place(NamedTuple):
    """A ruled cell; `upper` is the rule above it, which digit boxes side by side share."""

    top: float
    left: float
    bottom: float
    right: float
    upper: Rule


def words(textpage: Any) -> list[Piece]:
    """The words of the text layer in the layer's own order; at most `MAX_CHARS` characters are looked at."""
    found: list[Piece] = []
    letters: list[tuple[str, float, float, float, float]] = []
    box = pdfium_c.FS_RECTF()

    def close() -> None:
        if letters:
            lefts, rights, bottoms, tops = zip(*(letter[1:] for letter in letters), strict=True)
            text = "".join(letter[0] for letter in letters)
            found.append(Piece(text, min(lefts), max(rights), min(bottoms), max(tops)))
            letters.clear()

    for index in range(min(textpage.count_chars(), MAX_CHARS)):
        code = pdfium_c.FPDFText_GetUnicode(textpage, index)
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
        if code < 32 and not character.isspace() and character != "\u0002":
            character = "\ufffd"  # a font without its table of letters
        if character.isspace() or character in "\ufffe\u0002":
            if character.isspace():
                close()
            continue
        if not pdfium_c.FPDFText_GetLooseCharBox(textpage, index, box):
            continue
        if letters:
            _, left, right, bottom, top = letters[-1]
            high = max(top - bottom, 1.0)
            joined = (box.left, box.right) == (left, right)  # the letters of a ligature share its place
            if abs(box.bottom - bottom) > 0.5 * high or not (joined or -high < box.left - right < 0.25 * high):
                close()
        letters.append((character, box.left, box.right, box.bottom, box.top))
    close()
    return found


def turned(textpage: Any) -> bool:
    """Whether most of the letters stand on their sides or their heads, though the page does not say that it is
    turned."""
    count = min(textpage.count_chars(), _SAMPLE)
    angles = [pdfium_c.FPDFText_GetCharAngle(textpage, index) for index in range(count)]
    return bool(sum(math.cos(angle) < 0.7 for angle in angles) > count / 2)


def rules(page: Any) -> tuple[list[Rule], list[Rule]]:
    """The upright and the level lines drawn on a page: strokes, sides of boxes, thin filled bars."""
    upright: list[Rule] = []
    level: list[Rule] = []
    for number, drawn in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH])):
        if number > MAX_OBJECTS:
            break
        for (x1, y1), (x2, y2) in sides(drawn):
            if abs(x1 - x2) <= _THIN and abs(y1 - y2) >= _LONG:
                upright.append(Rule((x1 + x2) / 2, min(y1, y2), max(y1, y2)))
            elif abs(y1 - y2) <= _THIN and abs(x1 - x2) >= _LONG:
                level.append(Rule((y1 + y2) / 2, min(x1, x2), max(x1, x2)))
    return upright, level


def sides(drawn: Any, *, curves: bool = False) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """The straight pieces of a path, on the page; with `curves` the chords of its curves too."""
    matrix = drawn.get_matrix()
    x, y = ctypes.c_float(), ctypes.c_float()
    start: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    for index in range(min(max(pdfium_c.FPDFPath_CountSegments(drawn), 0), 2_000)):
        segment = pdfium_c.FPDFPath_GetPathSegment(drawn, index)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        here = matrix.on_point(x.value, y.value)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            start = here
        elif (kind == pdfium_c.FPDF_SEGMENT_LINETO or curves) and last:
            yield last, here
        last = here
        if pdfium_c.FPDFPathSegment_GetClose(segment) and start:
            yield here, start
            last = start


def pictures(page: Any) -> tuple[float, int]:
    """The share of the page that pictures cover (0 to 1, overlaps counted twice), and the pixels of the largest."""
    width, height = page.get_size()
    if page.get_rotation() in (90, 270):
        width, height = height, width
    covered, largest = 0.0, 0
    for number, picture in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE])):
        if number > MAX_OBJECTS:
            break
        left, bottom, right, top = picture.get_bounds()
        covered += max(0.0, min(right, width) - max(left, 0)) * max(0.0, min(top, height) - max(bottom, 0))
        wide, high = picture.get_px_size()
        largest = max(largest, wide * high)
    return min(1.0, covered / max(width * height, 1.0)), largest


def only_picture(page: Any) -> Any:
    """The grey picture (uint8, height x width) that is all there is on a page, as the scanner made it; None where
    anything else stands there too, or the picture is turned over or cut, so that the page must be drawn to be seen."""
    if pdfium_c.FPDFPage_GetAnnotCount(page) or pdfium_c.FPDFPage_CountObjects(page) != 1:
        return None
    found = next(iter(page.get_objects(max_depth=1)), None)
    if found is None or found.type != pdfium_c.FPDF_PAGEOBJ_IMAGE:
        return None
    matrix, (left, bottom, right, top) = found.get_matrix(), page.get_cropbox()
    straight = abs(matrix.b) + abs(matrix.c) < 0.01 * min(matrix.a, matrix.d)
    near = 0.02 * (right - left)
    whole = abs(matrix.e - left) < near and abs(matrix.f - bottom) < near
    whole = whole and abs(matrix.a - (right - left)) < near and abs(matrix.d - (top - bottom)) < near
    if (
        not straight
        or not whole
        or pdfium_c.FPDFPageObj_HasTransparency(found)
        or pdfium_c.FPDFPageObj_GetClipPath(found)
    ):
        return None
    picture = found.get_bitmap().to_pil().convert("L")
    return np.asarray(picture, dtype=np.uint8)


def rows(pieces: list[Piece], upright: list[Rule], level: list[Rule], where: str) -> list[Row]:
    """The pieces as rows from the top down. What stands in a ruled cell is one cell, whatever its lines; the rest goes
    line by line and parts at wide gaps."""
    cells: dict[_Place, list[Piece]] = {}
    free: list[Piece] = []
    columns, bands = _merged(upright), _merged(level)
    for piece in pieces:
        place = _ruled(piece, columns, bands)
        if place:
            cells.setdefault(place, []).append(piece)
        else:
            free.append(piece)
    placed: list[tuple[float, Row]] = []
    lines = _lines(free)
    for top in sorted({place.top for place in cells}, reverse=True):
        row = _digit_boxes([place for place in cells if place.top == top], cells)
        bottom = max(place.bottom for place in cells if place.top == top)
        # A label outside the rules belongs to the row beside it; what else stands there is below it.
        label = next((line for line in lines if _beside(line, top, bottom, row[0][0])), None)
        if label:
            lines.remove(label)
            row = [(cell.place, cell.text) for cell in _chunks(label)] + row
        placed.append((top, Row(tuple(Cell(text, left) for left, text in row), where)))
    for line in lines:
        placed.append((line[0].top, Row(tuple(_chunks(line)), where)))
    return [row for _, row in sorted(placed, key=lambda pair: -pair[0])]


def _beside(line: list[Piece], top: float, bottom: float, left: float) -> bool:
    """Whether a line of free words stands left of a ruled row, at its height."""
    return all(bottom < piece.middle < top and piece.right <= left + _NEAR for piece in line)


def _cell_text(place: _Place, pieces: list[Piece]) -> str:
    """The lines of a cell as one. An address that filled its cell was broken where no blank is."""
    lines = _lines(pieces)
    full = all(len(line) == 1 and place.right - line[0].right < _DIGIT / 2 for line in lines[:-1])
    whole = len(lines) > 1 and len(lines[-1]) == 1 and full and sum(piece.text.count("@") for piece in pieces) == 1
    return ("" if whole else " ").join(line_texts(pieces))


def _digit_boxes(places: list[_Place], cells: dict[_Place, list[Piece]]) -> list[tuple[float, str]]:
    """The cells of a row from left to right, boxes of a digit each as one."""
    row: list[tuple[float, str]] = []
    last: _Place | None = None
    end = 0.0
    for place in sorted(places, key=lambda place: place.left):
        text = _cell_text(place, cells[place])
        narrow = last is not None and max(place.right - place.left, last.right - last.left) < _DIGIT
        if last and narrow and place.upper is last.upper and place.left - end < 1.5 * (place.right - place.left):
            row[-1] = (row[-1][0], row[-1][1] + text)
        else:
            row.append((place.left, text))
        last, end = place, max(piece.right for piece in cells[place])
    return row


def line_texts(pieces: Iterable[Piece]) -> list[str]:
    """The lines of a cell."""
    lines = (_chunks(line, math.inf) for line in _lines(list(pieces)))
    return [cell.text for line in lines for cell in line]


def _merged(found: list[Rule]) -> list[Rule]:
    """Rules by place; pieces of one line, and the two edges of a thick one, as one."""
    merged: list[Rule] = []
    for rule in sorted(found, key=lambda rule: (round(rule.at / _NEAR), rule.start)):
        last = merged[-1] if merged else None
        if last and abs(rule.at - last.at) <= _NEAR and rule.start <= last.end + 2 * _NEAR:
            merged[-1] = Rule(last.at, min(last.start, rule.start), max(last.end, rule.end))
        else:
            merged.append(rule)
    return sorted(merged, key=lambda rule: rule.at)


def _ruled(piece: Piece, columns: list[Rule], bands: list[Rule]) -> _Place | None:
    """The cell that a piece begins in; None where rules do not stand on all four sides."""
    x, y = piece.left + min(2.0, (piece.right - piece.left) / 2), piece.middle
    across = [rule.at for rule in columns if rule.start - _NEAR <= y <= rule.end + _NEAR]
    along = [rule for rule in bands if rule.start - _NEAR <= x <= rule.end + _NEAR]
    column, band = bisect_left(across, x), bisect_left([rule.at for rule in along], y)
    if not (0 < column < len(across) and 0 < band < len(along)):
        return None
    return _Place(along[band].at, across[column - 1], along[band - 1].at, across[column], along[band])


def _lines(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces that stand at the same height, each line from left to right, lines from the top down."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.middle):
        first = lines[-1][0] if lines else None
        if first and first.middle - piece.middle < 0.5 * min(first.top - first.bottom, piece.top - piece.bottom):
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [sorted(line, key=lambda piece: piece.left) for line in lines]


def _chunks(line: list[Piece], gap: float = _GAP) -> Iterator[Cell]:
    """A line parted where the gap is wider than blanks between words are, a typewriter's too: a word's own height says
    little, since its letters may all be low. Where there is no gap at all, a program placed letter by letter."""
    high = max(piece.top - piece.bottom for piece in line)
    start, text, end = line[0].left, line[0].text, line[0].right
    for piece in line[1:]:
        if piece.left - end > gap * high:
            yield Cell(text, start, end)
            start, text, end = piece.left, piece.text, piece.right
        else:
            text = f"{text}{'' if abs(piece.left - end) < _NO_GAP * high else ' '}{piece.text}"
        end = max(end, piece.right)
    yield Cell(text, start, end)
