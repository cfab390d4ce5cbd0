# mypy: disable-error-code="no-untyped-call"
"""What lies upon a page of a PDF: fields filled in on screen, text typed onto it, comments, strokes, enclosed files.

Belongs here: asking PDFium for a page's annotations, and for what they show to a person. Does not belong here: the
page below them (`pdfpage`), what a field's value is worth (`pdf`).
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw

from tasks.extract.draft import squeezed
from tasks.extract.pdfpage import Piece, line_texts, words

pdfium_c: Final[Any] = pypdfium2.raw

MAX_FIELDS: Final = 500
MAX_VALUE: Final = 2_000

TICKED: Final = "[x]"
UNTICKED: Final = "[ ]"
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
_NO_COMMENTS: Final = (pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP, pdfium_c.FPDF_ANNOT_WIDGET)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a fillable form: its full name, and what was typed ("" for nothing) or ticked (`TICKED`, `UNTICKED`).
    `hidden`: no viewer shows it. `torn`: a box whose value says something else than its look."""

    name: str
    piece: Piece
    hidden: bool = False
    torn: bool = False


@dataclass(slots=True)
class Notes:
    """What lies upon a page. `typed`: free text, "" where only its look can tell; `comments`: what readers open or
    point at; `drawn`: something is drawn, struck out or stamped on top; `hidden`: free text that no viewer shows;
    `encloses`: a file is pinned to the page; `looks`: a field that belongs to no form, which only its look tells."""

    fields: list[Field] = field(default_factory=list)
    typed: list[Piece] = field(default_factory=list)
    comments: list[Piece] = field(default_factory=list)
    drawn: bool = False
    hidden: bool = False
    encloses: bool = False
    looks: bool = False


def notes(page: Any, form: Any) -> Notes:
    """The annotations of a page; `form` is PDFium's, None where the file has none."""
    found = Notes()
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), MAX_FIELDS)):
        note = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        try:
            _take(note, form, found)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(note)
    return found


def _take(note: Any, form: Any, found: Notes) -> None:
    kind = pdfium_c.FPDFAnnot_GetSubtype(note)
    unseen = bool(pdfium_c.FPDFAnnot_GetFlags(note) & _UNSEEN)
    if kind == pdfium_c.FPDF_ANNOT_WIDGET:
        told = _field(form, note, unseen) if form else None
        found.fields += [told] if told else []
        found.looks = found.looks or not form
        return
    text = _boxed(_of(note, b"Contents"), note)
    if kind == pdfium_c.FPDF_ANNOT_FREETEXT:
        found.hidden = found.hidden or (unseen and any(map(str.isalnum, text.text)))
        found.typed += [] if unseen else [text]
    elif not unseen:
        found.comments += [text] if text.text and kind not in _NO_COMMENTS else []
        found.drawn = found.drawn or kind in _DRAWN
        found.encloses = found.encloses or kind == pdfium_c.FPDF_ANNOT_FILEATTACHMENT


def _field(form: Any, note: Any, unseen: bool) -> Field | None:
    kind = pdfium_c.FPDFAnnot_GetFormFieldType(form, note)
    torn = False
    if kind in (pdfium_c.FPDF_FORMFIELD_CHECKBOX, pdfium_c.FPDF_FORMFIELD_RADIOBUTTON):
        on, own = bool(pdfium_c.FPDFAnnot_IsChecked(form, note)), _of(note, b"V")
        torn = bool(own) and on != (own != "Off")
        text = TICKED if on else UNTICKED
    elif kind in (pdfium_c.FPDF_FORMFIELD_TEXTFIELD, pdfium_c.FPDF_FORMFIELD_COMBOBOX):
        # Its own value before that of its name: where pages were put together, two fields may have one name.
        text = _of(note, b"V") or _string(lambda *room: pdfium_c.FPDFAnnot_GetFormFieldValue(form, note, *room))
    else:
        return None
    name = _string(lambda *room: pdfium_c.FPDFAnnot_GetFormFieldName(form, note, *room))
    piece = _boxed(text, note)
    unseen = unseen or min(piece.right - piece.left, piece.top - piece.bottom) < 1
    return Field(name, piece, unseen, torn)


def _of(note: Any, key: bytes) -> str:
    return _string(lambda *room: pdfium_c.FPDFAnnot_GetStringValue(note, key, *room))


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


def shown(data: bytes, number: int, below: list[Piece]) -> list[Piece]:
    """The words that fields and notes show on page `number` (from 0), whatever they hold: those that the page gains
    when all is printed into it. `below`: its words without them. PdfiumError for a broken file."""
    before = {(piece.text, round(piece.left), round(piece.bottom)) for piece in below}
    document: Any = pdfium.PdfDocument(data)
    try:
        page = document[number]
        pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY)
        page.close()
        page = document[number]
        textpage = page.get_textpage()
        printed = words(textpage)
        textpage.close()
        page.close()
    finally:
        document.close()
    return [piece for piece in printed if (piece.text, round(piece.left), round(piece.bottom)) not in before]


def within(pieces: list[Piece], place: Piece) -> list[Piece]:
    """Those whose middle lies inside a field or note."""
    return [
        piece
        for piece in pieces
        if place.left <= (piece.left + piece.right) / 2 <= place.right and place.bottom <= piece.middle <= place.top
    ]


def text_of(pieces: list[Piece]) -> str:
    """Words as one text, line by line."""
    return " ".join(line_texts(pieces))


def another(shows: str, holds: str) -> bool:
    """Whether a look says something else than the value: what is too long for its field is shown in part, and letters
    that cannot be told say nothing."""
    seen, told = (squeezed(unicodedata.normalize("NFKC", text)) for text in (shows, holds))
    if not seen or "\ufffd" in seen or seen == told:
        return False
    return sum(map(str.isdigit, told)) > 5 or seen not in told


def slot_and_key(name: str) -> tuple[int | None, str]:
    """A field's name ("fnr_1", "guardian2.Fnr", "form1[0].page1[0].2_fnr[0]") as its column, None where it does not
    say, and its words. What stands nearest to the field itself says it."""
    parts = [re.findall(r"[^\W\d_]+|\d+", _parted(part)) for part in re.sub(r"\[\d+\]", "", name).split(".")]
    said = [[int(word) for word in words if word in ("1", "2")] for words in parts]
    last = next((slots for slots in reversed(said) if slots), [])
    key = " ".join(word for words in parts for word in words if not word.isdigit())
    return (last[0] if len(last) == 1 else None), key.casefold()


def _parted(name: str) -> str:
    return re.sub(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])", " ", name)
