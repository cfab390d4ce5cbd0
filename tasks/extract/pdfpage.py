# mypy: disable-error-code="no-untyped-call"
"""One page of a PDF as rows of cells: its text, what was typed into its fields, the rules drawn around them.

Belongs here: asking PDFium for characters, form fields, notes, lines and pictures, and setting them in rows. Does not
belong here: which route a page is read by (`pdf`), what the rows mean (`table`). Coordinates are PDF points from the
page's lower left corner. Nothing of the printed geometry is assumed.
"""

import ctypes
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pypdfium2.raw

from tasks.extract.columns import Cell, Row

pdfium_c: Final[Any] = pypdfium2.raw

MAX_CHARS: Final = 30_000
MAX_OBJECTS: Final = 20_000
MAX_FIELDS: Final = 500
MAX_VALUE: Final = 2_000

HIDDEN_FIELD: Final = "(hidden)"
_UNSEEN: Final = 2 | 32  # hidden, no view
_DRAWN: Final = (
    pdfium_c.FPDF_ANNOT_INK,
    pdfium_c.FPDF_ANNOT_STAMP,
    pdfium_c.FPDF_ANNOT_STRIKEOUT,
    pdfium_c.FPDF_ANNOT_LINE,
    pdfium_c.FPDF_ANNOT_SQUARE,
    pdfium_c.FPDF_ANNOT_CIRCLE,
    pdfium_c.FPDF_ANNOT_POLYGON,
    pdfium_c.FPDF_ANNOT_POLYLINE,
    pdfium_c.FPDF_ANNOT_REDACT,
)
_THIN: Final = 3.0
_LONG: Final = 12.0
_NEAR: Final = 2.0
_GAP: Final = 0.8


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
class Field:
    """A field of a fillable form: its full name and what was typed or ticked ("[x]", "[ ]")."""

    name: str
    piece: Piece


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line: `at` is its x (upright) or y (level), from `start` to `end` along it."""

    at: float
    start: float
    end: float


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
        if character.isspace() or character in "\ufffe\u0002":
            if character.isspace():
                close()
            continue
        if not pdfium_c.FPDFText_GetLooseCharBox(textpage, index, box):
            continue
        if letters:
            _, _, right, bottom, top = letters[-1]
            high = max(top - bottom, 1.0)
            if abs(box.bottom - bottom) > 0.5 * high or not -high < box.left - right < 0.25 * high:
                close()
        letters.append((character, box.left, box.right, box.bottom, box.top))
    close()
    return found


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


def fields(page: Any, form: Any) -> tuple[list[Field], list[Piece], bool]:
    """The filled fields of a page, the notes typed onto it, and whether anything is drawn, struck out or stamped on
    top. A hidden field has the name `HIDDEN_FIELD`."""
    filled: list[Field] = []
    notes: list[Piece] = []
    drawn = False
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), MAX_FIELDS)):
        note = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        try:
            kind = pdfium_c.FPDFAnnot_GetSubtype(note)
            if kind == pdfium_c.FPDF_ANNOT_WIDGET and form:
                field = _field(form, note)
                if field and pdfium_c.FPDFAnnot_GetFlags(note) & _UNSEEN:
                    field = Field(HIDDEN_FIELD, field.piece)
                if field:
                    filled.append(field)
            elif kind == pdfium_c.FPDF_ANNOT_FREETEXT:
                text = _string(lambda *room, note=note: pdfium_c.FPDFAnnot_GetStringValue(note, b"Contents", *room))
                notes.append(_boxed(text, note))
            elif kind in _DRAWN:
                drawn = True
        finally:
            pdfium_c.FPDFPage_CloseAnnot(note)
    return filled, [note for note in notes if note.text], drawn


def _field(form: Any, note: Any) -> Field | None:
    kind = pdfium_c.FPDFAnnot_GetFormFieldType(form, note)
    if kind in (pdfium_c.FPDF_FORMFIELD_CHECKBOX, pdfium_c.FPDF_FORMFIELD_RADIOBUTTON):
        text = "[x]" if pdfium_c.FPDFAnnot_IsChecked(form, note) else "[ ]"
    elif kind in (pdfium_c.FPDF_FORMFIELD_TEXTFIELD, pdfium_c.FPDF_FORMFIELD_COMBOBOX):
        text = _string(lambda *room: pdfium_c.FPDFAnnot_GetFormFieldValue(form, note, *room))
    else:
        return None
    name = _string(lambda *room: pdfium_c.FPDFAnnot_GetFormFieldName(form, note, *room))
    return Field(name, _boxed(text, note)) if text else None


def _boxed(text: str, note: Any) -> Piece:
    box = pdfium_c.FS_RECTF()
    pdfium_c.FPDFAnnot_GetRect(note, box)
    low, high = sorted((box.bottom, box.top))
    return Piece(" ".join(text.split()), min(box.left, box.right), max(box.left, box.right), low, high)


def _string(ask: Any) -> str:
    """A UTF-16 string from PDFium, which says its length in bytes first."""
    size = ask(None, 0)
    if size <= 2:
        return ""
    room = (pdfium_c.FPDF_WCHAR * (size // 2 + 1))()
    ask(room, size)
    return bytes(room)[: size - 2].decode("utf-16-le", "replace")[:MAX_VALUE]


def rows(pieces: list[Piece], upright: list[Rule], level: list[Rule], where: str) -> list[Row]:
    """The pieces as rows from the top down. What stands in a ruled cell is one cell, whatever its lines; the rest goes
    line by line and parts at wide gaps."""
    cells: dict[tuple[float, float], list[Piece]] = {}
    free: list[Piece] = []
    columns, bands = _merged(upright), _merged(level)
    for piece in pieces:
        place = _ruled(piece, columns, bands)
        if place:
            cells.setdefault(place, []).append(piece)
        else:
            free.append(piece)
    placed: list[tuple[float, Row]] = []
    for top in sorted({top for top, _ in cells}, reverse=True):
        row = [(left, " ".join(line_texts(cells[at, left]))) for at, left in sorted(cells) if at == top]
        placed.append((top, Row(tuple(Cell(text, left) for left, text in row), where)))
    for line in _lines(free):
        placed.append((line[0].top, Row(tuple(_chunks(line)), where)))
    return [row for _, row in sorted(placed, key=lambda pair: -pair[0])]


def line_texts(pieces: Iterable[Piece]) -> list[str]:
    """The lines of a cell."""
    return [" ".join(piece.text for piece in line) for line in _lines(list(pieces))]


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


def _ruled(piece: Piece, columns: list[Rule], bands: list[Rule]) -> tuple[float, float] | None:
    """The upper and left rule of the cell that a piece begins in; None where rules do not stand on all four sides."""
    x, y = piece.left + min(2.0, (piece.right - piece.left) / 2), piece.middle
    across = [rule.at for rule in columns if rule.start - _NEAR <= y <= rule.end + _NEAR]
    along = [rule.at for rule in bands if rule.start - _NEAR <= x <= rule.end + _NEAR]
    column, band = bisect_left(across, x), bisect_left(along, y)
    if not (0 < column < len(across) and 0 < band < len(along)):
        return None
    return (along[band], across[column - 1])


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


def _chunks(line: list[Piece]) -> Iterator[Cell]:
    """A line parted where the gap is wider than blanks between words are, a typewriter's too: a word's own height says
    little, since its letters may all be low."""
    wide = _GAP * max(piece.top - piece.bottom for piece in line)
    start, text, end = line[0].left, line[0].text, line[0].right
    for piece in line[1:]:
        if piece.left - end > wide:
            yield Cell(text, start, end)
            start, text, end = piece.left, piece.text, piece.right
        else:
            text = f"{text} {piece.text}"
        end = max(end, piece.right)
    yield Cell(text, start, end)


def slot_and_key(name: str) -> tuple[int | None, str]:
    """A field's name ("fnr_1", "guardian2.Fnr") as its column, None where it does not say, and its words."""
    parts = re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])", " ", name))
    slots = [int(part) for part in parts if part in ("1", "2")]
    return (slots[0] if len(slots) == 1 else None), " ".join(part for part in parts if not part.isdigit()).casefold()
