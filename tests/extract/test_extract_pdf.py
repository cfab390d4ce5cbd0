# mypy: disable-error-code="no-untyped-call"
"""The form in a PDF: typed, filled on screen, scanned, locked, broken."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import fillable_pdf, password_pdf, scanned, typed_pdf
from schemas.form import REFUSAL_LABELS, ROWS
from schemas.settings import Post
from tasks.extract import pdfpage
from tasks.extract.pdf import read_pdf

POST = Post()
KARI, PER = "41819077302", "10915596784"
ONE = FilledForm(FilledColumn("Ola Nordmann", KARI, "Kari Nordmann", "91234567", "kari@example.no"))
TYPED = typed_pdf(ONE)

Filled = Callable[[int], FilledForm]
Told = Callable[[Any], dict[int, dict[str, Any]]]


@pytest.mark.parametrize("font", ["Helvetica", "Times-Roman", "Courier"])
def test_a_typed_page_comes_back_cell_by_cell(filled: Filled, told: Told, font: str) -> None:
    """Every cell and refusal of a dozen forms, exactly, accepted with confidence 1.0 and without a fault."""
    for number in range(12):
        form = filled(number)
        reading = read_pdf(typed_pdf(form, font=font), POST)
        assert [told(form)] == [told(read) for read in reading.forms]
        assert ((), False) == (reading.faults, reading.forms[0].machine_read)
        assert {("accepted", 1.0)} == {
            (read.decision, read.confidence)
            for entry in reading.forms[0].entries
            for read in (entry.pupil, entry.name, entry.fnr)
            if read
        }


@pytest.mark.parametrize(
    "names", ["{slot}_{field}", "{field}_{slot}", "guardian{slot}.{field}", "Text{slot}{field}x"], ids=str
)
def test_a_form_filled_on_screen_is_read_by_name_or_else_by_place(filled: Filled, told: Told, names: str) -> None:
    """Field names in any usual order; fields with names that say nothing are read where they stand."""
    for number in range(5):
        form = filled(number)
        reading = read_pdf(fillable_pdf(form, names=names), POST)
        assert ([told(form)], ()) == ([told(read) for read in reading.forms], reading.faults)


def test_where_a_typed_value_was_read_is_said(told: Told) -> None:
    """The source names page and column, never the value."""
    entry = read_pdf(TYPED, POST).forms[0].entries[0]
    assert entry.fnr is not None
    assert "page 1, column 1" == entry.fnr.source


def test_an_unfilled_form_gives_no_entry() -> None:
    """The school's own letter sent back as it was is no form and no fault."""
    reading = read_pdf(typed_pdf(FilledForm()), POST)
    assert ((), (), False) == (reading.forms, reading.faults, reading.holds_number)


def _sheet(draw: Callable[[Any], object]) -> bytes:
    out = io.BytesIO()
    sheet = Canvas(out, pagesize=(595, 842), invariant=1)
    draw(sheet)
    sheet.save()
    return out.getvalue()


def test_columns_are_found_without_rules_and_elsewhere_on_the_page(told: Told) -> None:
    """A form that somebody set up anew: no table, other widths, other order, another page."""

    def draw(sheet: Any) -> None:
        sheet.drawString(50, 700, "Vedlagt skjema")
        sheet.showPage()
        sheet.setFont("Times-Roman", 9)
        for x, text in ((230, "Foresatte 1"), (400, "Foresatte 2")):
            sheet.drawString(x, 500, text)
        cells = {
            "pupil": ("Ola Nordmann", "Ola Nordmann"),
            "fnr": (KARI, PER),
            "name": ("Kari Nordmann", "Per Nordmann"),
        }
        cells |= {"mobile": ("", "41234567"), "email": ("kari@example.no", "")}
        for line, (name, label) in enumerate(reversed(ROWS)):
            sheet.drawString(90, 480 - 14 * line, label)
            for x, text in zip((230, 400), cells[name], strict=True):
                sheet.drawString(x, 480 - 14 * line, text)
        sheet.drawString(398, 380, f"[x] {REFUSAL_LABELS[0]}"[:40])

    expected = {
        1: {"pupil": "Ola Nordmann", "fnr": KARI, "name": "Kari Nordmann", "email": "kari@example.no"},
        2: {"pupil": "Ola Nordmann", "fnr": PER, "name": "Per Nordmann", "mobile": "41234567", "refused": True},
    }
    reading = read_pdf(_sheet(draw), POST)
    assert ([expected], ()) == ([told(form) for form in reading.forms], reading.faults)


def test_a_word_processors_table_is_read_whatever_its_lines(told: Told) -> None:
    """Centred headings, cells of several lines, other widths, cells that touch: each cell is one value."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    style = ParagraphStyle("cell", fontName="Times-Roman", fontSize=10)
    rows: list[list[Any]] = [["", "Foresatte 1", "Foresatte 2"]]
    pupils = "Ola Kristian Nordmann-Hansen og Eva Marie Nordmann-Hansen"
    values = {
        "pupil": (pupils, "Ola Nordmann"),
        "fnr": (KARI, f"{PER[:6]} {PER[6:]}"),
        "name": ("Kari", "Per Nordmann"),
    }
    values |= {"mobile": ("", "+47 412 34 567"), "email": ("kari.nordmann-hansen@ example.no", "")}
    for name, label in ROWS:
        rows.append([Paragraph(text, style) for text in (label, *values[name])])
    grid = [("GRID", (0, 0), (-1, -1), 0.3, "black"), ("ALIGN", (0, 0), (-1, 0), "CENTER")]
    out = io.BytesIO()
    SimpleDocTemplate(out).build([Table(rows, colWidths=[70, 110, 95], style=grid)])
    expected = {
        1: {"pupil": pupils, "fnr": KARI, "name": "Kari", "email": "kari.nordmann-hansen@example.no"},
        2: {"pupil": "Ola Nordmann", "fnr": PER, "name": "Per Nordmann", "mobile": "+47 412 34 567"},
    }
    reading = read_pdf(out.getvalue(), POST)
    assert ([expected], ()) == ([told(form) for form in reading.forms], reading.faults)


def test_a_letter_that_is_no_form_is_no_fault() -> None:
    """An ordinary PDF with text gives neither form nor fault."""
    reading = read_pdf(_sheet(lambda sheet: sheet.drawString(50, 700, "Innkalling til foreldremøte")), POST)
    assert ((), ()) == (reading.forms, reading.faults)


def test_a_scanned_pdf_is_read_as_a_picture(filled: Filled, told: Told) -> None:
    """Its form is machine-read, its number exact, and nothing in it is accepted."""
    form = filled(6)
    reading = read_pdf(scanned(form, seed=6, fmt="pdf"), POST)
    assert (True, ()) == (reading.forms[0].machine_read, reading.faults)
    assert told(form) == told(reading.forms[0])


def _over(form: FilledForm, draw: Callable[[Any], object]) -> bytes:
    """The typed page with something drawn on top."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(typed_pdf(form))))
    writer.pages[0].merge_page(PdfReader(io.BytesIO(_sheet(draw))).pages[0])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_printed_form_with_a_picture_of_the_answer_is_read_as_a_picture() -> None:
    """Where the text layer is the unfilled form and something is pasted on it, the page is looked at."""
    import cv2
    import numpy as np
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    strip = np.full((60, 480), 255, np.uint8)
    cv2.putText(strip, KARI, (20, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0,), 4)
    cell = ImageReader(Image.fromarray(strip))
    reading = read_pdf(_over(FilledForm(), lambda sheet: sheet.drawImage(cell, 203, 336, 150, 19)), POST)
    assert [True] == [form.machine_read for form in reading.forms]
    fnr = reading.forms[0].entries[0].fnr
    assert fnr is not None
    assert (KARI, True) == (fnr.value, fnr.decision != "accepted")


def test_notes_typed_onto_the_page_are_its_text(told: Told) -> None:
    """Many fill a PDF with their viewer's text tool: free text notes count where they stand."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.annotations import FreeText

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(typed_pdf(FilledForm()))))
    cells = (("Ola Nordmann", 365), (KARI, 337), ("Kari Nordmann", 308))
    for text, bottom in cells:
        writer.add_annotation(0, FreeText(text=text, rect=(203, bottom, 350, bottom + 18)))
    out = io.BytesIO()
    writer.write(out)
    reading = read_pdf(out.getvalue(), POST)
    expected = {1: {"pupil": "Ola Nordmann", "fnr": KARI, "name": "Kari Nordmann"}}
    assert ([expected], False) == ([told(form) for form in reading.forms], reading.forms[0].machine_read)


def _layered(form: FilledForm, text: FilledForm) -> bytes:
    """A picture of one form, the text of another invisibly over it, as a scanner's own OCR leaves it."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scanned(form, seed=1, fmt="pdf"))))
    words = PdfReader(io.BytesIO(typed_pdf(text))).pages[0]
    writer.pages[0].merge_page(words)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_two_layers_that_say_different_things_are_a_persons_to_judge() -> None:
    """The picture is what people see, so it is what is read; the other layer is a fault."""
    reading = read_pdf(_layered(ONE, FilledForm(FilledColumn("Ola Nordmann", PER, "Kari Nordmann"))), POST)
    assert "two_layers_disagree" in reading.faults
    fields = [f for entry in reading.forms[0].entries for f in (entry.fnr, entry.name, entry.pupil) if f]
    assert {"review"} == {read.decision for read in fields}
    assert [True] == [form.machine_read for form in reading.forms]


def test_two_layers_that_agree_are_no_fault(told: Told) -> None:
    """A scanner's own text over the picture, saying the same, changes nothing."""
    reading = read_pdf(_layered(ONE, ONE), POST)
    assert (True, told(ONE)) == (reading.forms[0].machine_read, told(reading.forms[0]))
    assert "two_layers_disagree" not in reading.faults  # the text is drawn over the picture here, so it looks odd


@pytest.mark.parametrize(
    ("data", "limits", "fault"),
    [
        (password_pdf(ONE), POST, "password_only"),
        (b"", POST, "damaged"),
        (b"%PDF-1.7\nnothing more", POST, "damaged"),
        (TYPED[: len(TYPED) // 3], POST, "damaged"),
        (TYPED, Post(max_bytes=1_000), "too_large"),
        (_sheet(lambda sheet: [sheet.showPage() for _ in range(4)]), Post(max_pages=3), "too_large"),
        (scanned(ONE, seed=1, fmt="pdf"), Post(max_pixels=1_000_000), "too_large"),
    ],
    ids=["password", "empty", "header only", "cut short", "bytes", "pages", "pixels"],
)
def test_what_cannot_be_read_is_a_fault(data: bytes, limits: Post, fault: str) -> None:
    """Each bad input has its code and gives no form."""
    reading = read_pdf(data, limits)
    assert ((), (fault,)) == (reading.forms, reading.faults)


@pytest.mark.parametrize(("name", "faults"), [("skjema.PDF", ("unsupported",)), ("faktura.xml", ())])
def test_a_form_enclosed_in_a_pdf_is_not_passed_over(name: str, faults: tuple[str, ...]) -> None:
    """A portfolio, or a page to cover the form that is attached to it, is a person's; what no form comes in is not."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(_sheet(lambda sheet: sheet.drawString(90, 700, "Se vedlegg")))))
    writer.add_attachment(name, TYPED)
    out = io.BytesIO()
    writer.write(out)
    reading = read_pdf(out.getvalue(), POST)
    assert ((), faults) == (reading.forms, reading.faults)


def test_pictures_without_the_table_are_layout_not_found() -> None:
    """A page that is only a picture, without the form on it, is one to look at."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    grey = ImageReader(Image.effect_noise((300, 400), 40))
    reading = read_pdf(_sheet(lambda sheet: sheet.drawImage(grey, 0, 0, 595, 842)), POST)
    assert ((), ("layout_not_found",)) == (reading.forms, reading.faults)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TYPED) - 1), st.integers(0, 255)), min_size=1, max_size=30))
def test_a_broken_pdf_never_raises(changes: list[tuple[int, int]]) -> None:
    """Any bytes changed in a good file give a reading: the form, less of it, or a fault."""
    data = bytearray(TYPED)
    for place, byte in changes:
        data[place] = byte
    assert {"damaged", "too_large", "layout_not_found", "password_only", "two_layers_disagree"} >= set(
        read_pdf(bytes(data), POST).faults
    )


def _number(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    reading = read_pdf(data, POST)
    fnr = reading.forms[0].entries[0].fnr
    assert fnr is not None
    return fnr.value, fnr.decision, reading.faults


def test_invisible_text_is_never_used() -> None:
    """A number in invisible, white or covered letters is left out, and a person looks at the rest."""
    without = FilledForm(FilledColumn("Ola Nordmann", "", "Kari Nordmann"))

    def invisible(sheet: Any) -> None:
        text = sheet.beginText(203, 345)
        text.setTextRenderMode(3)
        text.textOut(KARI)
        sheet.drawText(text)

    def white(sheet: Any) -> None:
        sheet.setFillGray(1)
        sheet.drawString(203, 345, KARI)

    def covered(sheet: Any) -> None:
        sheet.drawString(203, 345, KARI)
        sheet.setFillGray(1)
        sheet.rect(201, 341, 120, 16, stroke=0, fill=1)

    for draw in (invisible, white, covered):
        reading = read_pdf(_over(without, draw), POST)
        entry = reading.forms[0].entries[0]
        assert (None, ("two_layers_disagree",)) == (entry.fnr, reading.faults)
        assert entry.name is not None
        assert "review" == entry.name.decision


def test_a_typed_number_that_was_struck_through_is_for_review() -> None:
    """A drawn line through the digits is a crossing-out, whichever program drew it."""
    struck = _over(ONE, lambda sheet: sheet.line(203, 344, 290, 347))
    assert (KARI, "review", ()) == _number(struck)


def test_a_field_that_shows_another_number_than_it_holds_is_for_review() -> None:
    """Value and look of a field are kept apart in the file; where they differ a person decides."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(fillable_pdf(ONE))))
    for note in writer.pages[0]["/Annots"]:  # type: ignore[attr-defined]
        field = note.get_object()
        if field.get("/V") == KARI:
            field[NameObject("/V")] = TextStringObject(PER)
    out = io.BytesIO()
    writer.write(out)
    value, decision, faults = _number(out.getvalue())
    assert (PER, "review", ("two_layers_disagree",)) == (value, decision, faults)


def test_a_hidden_field_is_never_used() -> None:
    """A field that no viewer shows holds no answer."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, NumberObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(fillable_pdf(ONE))))
    for note in writer.pages[0]["/Annots"]:  # type: ignore[attr-defined]
        field = note.get_object()
        if field.get("/V") == KARI:
            field[NameObject("/F")] = NumberObject(2)
    out = io.BytesIO()
    writer.write(out)
    reading = read_pdf(out.getvalue(), POST)
    assert (None, ("two_layers_disagree",)) == (reading.forms[0].entries[0].fnr, reading.faults)


def test_a_typewriters_blanks_part_no_words() -> None:
    """Some programs box a word by its own letters, low ones too: a line of prose is one cell, no label with a value."""
    low, words = {"er", "som", "en"}, ["Fødselsnummer", "er", "noe", "som", "kreves", "for", "en", "kobling"]
    pieces, left = [], 57.0
    for word in words:
        pieces.append(pdfpage.Piece(word, left, left + 5.4 * len(word), 686.0, 690.5 if word in low else 693.0))
        left += 5.4 * (len(word) + 1)
    assert [" ".join(words)] == [cell.text for row in pdfpage.rows(pieces, [], [], "") for cell in row.cells]


def test_the_letters_of_a_ligature_are_one_word() -> None:
    """Three letters may share one sign's place, wider than it is high."""
    from types import SimpleNamespace

    signs = [("S", 0.0, 4.0), ("f", 4.0, 12.0), ("f", 4.0, 12.0), ("i", 4.0, 12.0), ("e", 12.0, 16.0)]
    textpage = _SignsOf(signs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdfpage, "pdfium_c", textpage)
        assert ["Sffie"] == [word.text for word in pdfpage.words(SimpleNamespace(count_chars=lambda: len(signs)))]


class _SignsOf:
    """PDFium's answers about these signs: (letter, left, right) each, six points high."""

    def __init__(self, signs: list[tuple[str, float, float]]) -> None:
        from pypdfium2 import raw

        self._signs, self.FS_RECTF = signs, raw.FS_RECTF

    def FPDFText_GetUnicode(self, _: Any, index: int) -> int:
        return ord(self._signs[index][0])

    def FPDFText_GetLooseCharBox(self, _: Any, index: int, box: Any) -> bool:
        _, box.left, box.right = self._signs[index]
        box.bottom, box.top = 0.0, 6.5
        return True
