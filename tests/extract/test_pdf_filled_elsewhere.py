# mypy: disable-error-code="no-untyped-call"
"""The form in PDFs that other programs filled in, printed flat, put together or wrote upon."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Text
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from reportlab.pdfgen.canvas import Canvas

from schemas.boxed import field_name
from schemas.documents import FIELDS, Reading
from schemas.settings import Post
from tasks.extract.pdf import read_pdf
from tasks.provision.form_pdf import form_pdf

POST = Post()
KARI, PER = "41819077302", "10915596784"
ROWS = {
    1: ("Ola Nordmann", KARI, "Kari Nordmann", "91234567", "kari@example.no"),
    2: ("Ola Nordmann", PER, "Per Nordmann", "41234567", "per@example.no"),
}
TOLD = {slot: dict(zip(FIELDS, row, strict=True)) for slot, row in ROWS.items()}
VALUES = {field_name(slot, name): text for slot, row in TOLD.items() for name, text in row.items()}
FORM = form_pdf()

Told = Callable[[Any], dict[int, dict[str, Any]]]
Draw = Callable[[Any], object]


def _fields(writer: PdfWriter) -> dict[str, Any]:
    return {str(note.get_object()["/T"]): note.get_object() for note in writer.pages[0]["/Annots"]}  # type: ignore[attr-defined]


def _look(writer: PdfWriter, field: Any, text: str) -> None:
    """Give a field this look, whatever it holds."""
    left, bottom, right, top = map(float, field["/Rect"])
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
    named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    fonts = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/H"): named})})
    stream = StreamObject()
    stream.set_data(f"/Tx BMC q BT /H 10 Tf 2 6 Td ({text}) Tj ET Q EMC".encode("latin-1"))
    stream[NameObject("/Type")], stream[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    stream[NameObject("/BBox")] = ArrayObject([FloatObject(x) for x in (0, 0, right - left, top - bottom)])
    stream[NameObject("/Resources")] = fonts
    field[NameObject("/AP")] = DictionaryObject({NameObject("/N"): writer._add_object(stream)})


def _filled(values: dict[str, str] = VALUES) -> tuple[PdfWriter, dict[str, Any]]:
    """Our form with these values, each field looking as it says."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(FORM)))
    fields = _fields(writer)
    for name, text in values.items():
        fields[name][NameObject("/V")] = TextStringObject(text)
        _look(writer, fields[name], text)
    return writer, fields


def _bytes(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _sheet(draw: Draw) -> bytes:
    out = io.BytesIO()
    sheet = Canvas(out, pagesize=(595.28, 841.89), invariant=1)
    draw(sheet)
    sheet.save()
    return out.getvalue()


def _upon(writer: PdfWriter, draw: Draw) -> bytes:
    writer.pages[0].merge_page(PdfReader(io.BytesIO(_sheet(draw))).pages[0])
    return _bytes(writer)


def _flat(writer: PdfWriter) -> bytes:
    """Printed into a PDF, as a browser does: the looks stay, the fields go."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    document: Any = pdfium.PdfDocument(_bytes(writer))
    page = document[0]
    raw.FPDFPage_Flatten(page, raw.FLAT_PRINT)
    page.close()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def _place(name: str) -> tuple[float, float]:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(FORM)))
    left, bottom, _, _ = map(float, _fields(writer)[name]["/Rect"])
    return left, bottom


PLACES = {name: _place(name) for name in [*VALUES, "1_refused", "2_refused"]}


def _unfilled() -> PdfWriter:
    """The form as printed: no fields."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(FORM)))
    writer.remove_annotations(subtypes="/Widget")
    writer.root_object.pop("/AcroForm")
    return writer


def _typewriter(sheet: Any) -> None:
    for name, text in VALUES.items():
        sheet.drawString(PLACES[name][0] + 3, PLACES[name][1] + 6, text)


def _cross(sheet: Any) -> None:
    left, bottom = PLACES["1_refused"]
    sheet.setLineWidth(1.5)
    sheet.line(left + 1, bottom + 1, left + 13, bottom + 13)
    sheet.line(left + 1, bottom + 13, left + 13, bottom + 1)


def _letter(sheet: Any) -> None:
    sheet.drawString(PLACES["1_refused"][0] + 3.5, PLACES["1_refused"][1] + 3.5, "X")


def _used(reading: Reading) -> bool:
    """Whether any of it would be used without a person."""
    return not reading.faults and any(
        read.decision == "accepted"
        for form in reading.forms
        for entry in form.entries
        for name in FIELDS
        if (read := entry.get(name))
    )


def test_our_own_form_printed_flat_comes_back_cell_by_cell(told: Told) -> None:
    """Fields that became text in their boxes, beside labels that no rule surrounds, are the same form, and an empty
    box before the refusal refuses nothing."""
    for data in (_flat(_filled()[0]), _upon(_unfilled(), _typewriter)):
        reading = read_pdf(data, POST)
        assert ([TOLD], ()) == ([told(form) for form in reading.forms], reading.faults)
        assert _used(reading)


def test_digits_in_boxes_of_their_own_are_one_number(told: Told) -> None:
    """A combed field printed flat: each digit stands in its box."""

    def comb(sheet: Any) -> None:
        for name in ("1_fnr", "2_fnr", "1_mobile", "2_mobile"):
            for place, digit in enumerate(VALUES[name]):
                sheet.drawString(PLACES[name][0] + 15.59 * place + 5, PLACES[name][1] + 8, digit)
        for name in ("1_pupil", "2_pupil", "1_name", "2_name", "1_email", "2_email"):
            sheet.drawString(PLACES[name][0] + 3, PLACES[name][1] + 6, VALUES[name])

    assert [TOLD] == [told(form) for form in read_pdf(_upon(_unfilled(), comb), POST).forms]


@pytest.mark.parametrize("by", ["lines", "letter"])
def test_a_drawn_box_that_is_ticked_refuses(told: Told, by: str) -> None:
    """In a form printed flat, a cross in the box is the refusal of its column alone."""

    def tick(sheet: Any) -> None:
        _typewriter(sheet)
        if by == "lines":
            _cross(sheet)
        else:
            _letter(sheet)

    entries = read_pdf(_upon(_unfilled(), tick), POST).forms[0].entries
    assert [True, False] == [entry.refused or entry.refused_in_words for entry in entries]


@pytest.mark.parametrize("draw", [_cross, _letter])
def test_a_tick_beside_an_unticked_field_is_a_persons_to_judge(draw: Draw) -> None:
    """Whoever cannot tick the field draws or types into it: a refusal to confirm, never a form without one."""
    reading = read_pdf(_upon(_filled()[0], draw), POST)
    assert (True, False) == (reading.forms[0].entries[0].refused_in_words, _used(reading))


@pytest.mark.parametrize(("value", "state"), [("/Yes", "/Off"), ("/Off", "/Yes")])
def test_a_box_whose_value_and_look_differ_is_a_persons_to_judge(value: str, state: str) -> None:
    """One of the two was not brought in step; either may be the guardian's will."""
    writer, fields = _filled()
    fields["1_refused"][NameObject("/V")], fields["1_refused"][NameObject("/AS")] = NameObject(value), NameObject(state)
    reading = read_pdf(_bytes(writer), POST)
    assert (True, False) == (reading.forms[0].entries[0].refused_in_words, _used(reading))


@pytest.mark.parametrize(
    ("field", "shows"),
    [("1_name", "Line Fremmed"), ("1_email", "line@example.no"), ("1_fnr", PER[:10]), ("1_pupil", "Eva Dal")],
)
def test_a_field_that_shows_something_else_than_it_holds_is_not_used(field: str, shows: str) -> None:
    """What is seen and what is stored differ: nobody can say which was meant."""
    writer, fields = _filled()
    _look(writer, fields[field], shows)
    reading = read_pdf(_bytes(writer), POST)
    assert (("two_layers_disagree",), False) == (reading.faults, _used(reading))


def test_a_value_without_any_look_is_a_value(told: Told) -> None:
    """Some programs store what was typed and draw nothing."""
    writer, fields = _filled()
    for name, text in VALUES.items():
        _look(writer, fields[name], "" if text else text)
    assert ([TOLD], ()) == ([told(form) for form in read_pdf(_bytes(writer), POST).forms], ())


def test_what_is_typed_onto_an_empty_field_is_its_value(told: Told) -> None:
    """A viewer's text tool used where a field stands."""
    writer, _ = _filled({name: text for name, text in VALUES.items() if name != "1_fnr"})
    left, bottom = PLACES["1_fnr"]
    writer.add_annotation(0, FreeText(text=KARI, rect=(left, bottom, left + 170, bottom + 20)))
    assert [TOLD] == [told(form) for form in read_pdf(_bytes(writer), POST).forms]


def test_what_is_typed_over_a_filled_field_is_not_passed_over() -> None:
    """Another number above the one in the field: none is used."""
    writer, _ = _filled()
    left, bottom = PLACES["1_fnr"]
    writer.add_annotation(0, FreeText(text="19870883297", rect=(left, bottom, left + 170, bottom + 20)))
    assert not _used(read_pdf(_bytes(writer), POST))


def test_a_comment_on_the_form_is_read_by_a_person() -> None:
    """A sticky note may say no, or anything else."""
    writer, _ = _filled()
    said = "Jeg vil ikke at skolen skal bruke fødselsnummeret mitt"
    writer.add_annotation(0, Text(text=said, rect=(500, 700, 520, 720)))
    reading = read_pdf(_bytes(writer), POST)
    assert (True, False) == (reading.forms[0].entries[0].refused_in_words, _used(reading))


@pytest.mark.parametrize("names", ["form1[0].#subform[0].{}[0]", "page1_{}", "Side1.{}"])
def test_names_that_other_programs_lengthen_keep_their_columns(told: Told, names: str) -> None:
    """The second guardian is never taken for the first, nor lost."""
    writer, fields = _filled()
    for name, field in fields.items():
        field[NameObject("/T")] = TextStringObject(names.format(name))
    assert [TOLD] == [told(form) for form in read_pdf(_bytes(writer), POST).forms]


def _together(*pages: dict[str, str]) -> bytes:
    writer = PdfWriter()
    for values in pages:
        writer.append(io.BytesIO(_bytes(_filled(values)[0])))
    return _bytes(writer)


def test_forms_put_together_keep_each_its_own_values(told: Told) -> None:
    """Two files made one have the same field names twice: a page's fields hold what that page says."""
    first = {name: text for name, text in VALUES.items() if name[0] == "1"}
    second = {name: text for name, text in VALUES.items() if name[0] == "2"}
    assert [TOLD] == [told(form) for form in read_pdf(_together(first, second), POST).forms]
    assert [TOLD] == [told(form) for form in read_pdf(_together({}, VALUES), POST).forms]
    other = VALUES | {"1_fnr": "19870883297", "1_name": "Eva Dal", "1_pupil": "Nils Dal"}
    assert {KARI, "19870883297"} == {
        entry.fnr.value
        for form in read_pdf(_together(VALUES, other), POST).forms
        for entry in form.entries[:1]
        if entry.fnr
    }


def test_fields_without_a_form_are_read_by_what_they_show(told: Told) -> None:
    """Some printers drop the form and keep its fields."""
    writer, _ = _filled()
    writer.root_object.pop("/AcroForm")
    assert [TOLD] == [told(form) for form in read_pdf(_bytes(writer), POST).forms]


def test_a_field_off_the_page_is_not_used() -> None:
    """What nobody sees nobody has signed."""
    writer, fields = _filled()
    fields["1_fnr"][NameObject("/Rect")] = ArrayObject([FloatObject(x) for x in (-300, -300, -200, -280)])
    reading = read_pdf(_bytes(writer), POST)
    assert (("two_layers_disagree",), False) == (reading.faults, _used(reading))


def _typed(sheet: Any, *, but: tuple[str, ...] = ()) -> None:
    labels = ("Foresatte til:", "Fødselsnr (11 Siffer):", "Navn:", "Mobil:", "E-post:")
    for x, text in ((190, "Foresatte 1"), (370, "Foresatte 2")):
        sheet.drawString(x, 484, text)
    for line, (name, label) in enumerate(zip(FIELDS, labels, strict=True), 1):
        sheet.drawString(60, 484 - 24 * line, label)
        for slot, x in ((1, 190), (2, 370)):
            if name not in but:
                sheet.drawString(x, 484 - 24 * line, TOLD[slot][name])


def _picture_over(sheet: Any) -> None:
    from PIL import Image, ImageDraw
    from reportlab.lib.utils import ImageReader

    _typed(sheet)
    picture = Image.new("L", (120, 14), 255)
    ImageDraw.Draw(picture).text((4, 1), "Line Fremmed", fill=0)
    sheet.drawImage(ImageReader(picture), 188, 408, 120, 14)


def _written_over(sheet: Any) -> None:
    _typed(sheet)
    sheet.setFillGray(1)
    sheet.rect(188, 433, 120, 14, stroke=0, fill=1)
    sheet.setFillGray(0)
    sheet.drawString(190, 436, "19870883297")


def _tiny(sheet: Any) -> None:
    _typed(sheet)
    sheet.setFont("Helvetica", 1)
    sheet.drawString(190, 434, "19870883297")


@pytest.mark.parametrize("draw", [_picture_over, _written_over, _tiny])
def test_what_was_covered_or_written_over_is_not_used(draw: Draw) -> None:
    """A picture pasted upon a name, a white bar with another number on it, a number too small to be seen."""
    assert not _used(read_pdf(_sheet(draw), POST))


def test_letters_that_stand_on_their_sides_are_looked_at(told: Told) -> None:
    """A page that was turned by its contents is read as it is seen, not dropped as ordinary post."""

    def turned(sheet: Any) -> None:
        sheet.translate(595, 842)
        sheet.rotate(180)
        for y in range(364, 509, 24):
            sheet.line(57, y, 540, y)
        for x in (57, 187, 367, 540):
            sheet.line(x, 364, x, 508)
        sheet.translate(0, 1)
        _typed(sheet)

    assert [True] == [form.machine_read for form in read_pdf(_sheet(turned), POST).forms]


def test_a_timetable_on_its_side_is_ordinary_post() -> None:
    """A turned page that is no form is no fault either."""

    def turned(sheet: Any) -> None:
        sheet.rotate(90)
        for line in range(20):
            sheet.drawString(60, -60 - 20 * line, f"Mandag {line} time: norsk, matematikk, kroppsøving")

    assert ((), ()) == ((read := read_pdf(_sheet(turned), POST)).forms, read.faults)


def test_letters_placed_one_by_one_in_any_order_are_words(told: Told) -> None:
    """Some programs write a page's letters as they come."""
    from random import Random

    from reportlab.pdfbase.pdfmetrics import stringWidth

    def shuffled(sheet: Any) -> None:
        _typed(sheet, but=FIELDS)
        letters = []
        for line, name in enumerate(FIELDS, 1):
            for slot, x in ((1, 190.0), (2, 370.0)):
                for letter in TOLD[slot][name]:
                    letters.append((x, 484 - 24 * line, letter))
                    x += stringWidth(letter, "Helvetica", 12)
        Random(3).shuffle(letters)
        for x, y, letter in letters:
            if letter != " ":
                sheet.drawString(x, y, letter)

    assert [TOLD] == [told(form) for form in read_pdf(_sheet(shuffled), POST).forms]


def test_a_form_that_nobody_can_see_is_told() -> None:
    """Values in letters that are never drawn: no form, and no ordinary post either."""

    def unseen(sheet: Any) -> None:
        _typed(sheet, but=FIELDS)
        text = sheet.beginText(190, 436)
        text.setTextRenderMode(3)
        text.textOut(KARI)
        sheet.drawText(text)

    assert (False, ("two_layers_disagree",)) == (_used(read := read_pdf(_sheet(unseen), POST)), read.faults)


def test_what_a_program_cannot_show_is_unsupported() -> None:
    """Adobe's own kind of form, and a file pinned to a page: whoever sent them is told, and they are not taken for
    ordinary post."""
    page = _sheet(lambda sheet: sheet.drawString(60, 700, "Please wait..."))
    xfa = PdfWriter(clone_from=PdfReader(io.BytesIO(page)))
    data = StreamObject()
    data.set_data(b"<xdp/>")
    form = {NameObject("/Fields"): ArrayObject(), NameObject("/XFA"): xfa._add_object(data)}
    xfa.root_object[NameObject("/AcroForm")] = DictionaryObject(form)
    pinned = PdfWriter(clone_from=PdfReader(io.BytesIO(page)))
    note = {"/Type": NameObject("/Annot"), "/Subtype": NameObject("/FileAttachment"), "/F": NumberObject(4)}
    note["/Rect"] = ArrayObject([FloatObject(x) for x in (50, 50, 70, 70)])  # type: ignore[assignment]
    pinned.add_annotation(0, DictionaryObject({NameObject(key): value for key, value in note.items()}))
    assert [("unsupported",)] * 2 == [read_pdf(_bytes(one), POST).faults for one in (xfa, pinned)]


def test_fields_whose_names_and_places_are_crossed_are_read_where_they_stand(told: Told) -> None:
    """What stands under a heading is that guardian's, whatever the field below it is called."""
    writer, fields = _filled()
    key = NameObject("/Rect")
    fields["1_fnr"][key], fields["2_fnr"][key] = fields["2_fnr"]["/Rect"], fields["1_fnr"]["/Rect"]
    seen = {1: TOLD[1] | {"fnr": PER}, 2: TOLD[2] | {"fnr": KARI}}
    assert [seen] == [told(form) for form in read_pdf(_bytes(writer), POST).forms]


def test_an_unfilled_form_with_ink_on_it_is_not_passed_over() -> None:
    """Somebody wrote on it, if nothing that can be read."""
    writer = _unfilled()
    note = {
        "/Type": NameObject("/Annot"),
        "/Subtype": NameObject("/Ink"),
        "/Rect": ArrayObject([FloatObject(x) for x in (165, 385, 265, 405)]),
        "/InkList": ArrayObject([ArrayObject([FloatObject(x) for x in (170, 390, 200, 400, 260, 396)])]),
    }
    writer.add_annotation(0, DictionaryObject({NameObject(key): value for key, value in note.items()}))
    reading = read_pdf(_bytes(writer), POST)
    assert (False, True) == (_used(reading), bool(reading.faults))


def test_two_addresses_so_long_that_they_touch_are_two(told: Told) -> None:
    """Without rules between them, the columns run together on one line."""

    def close(sheet: Any) -> None:
        _typed(sheet, but=("email",))
        sheet.drawRightString(367, 364, "kari.nordmann@epost.example")
        sheet.drawString(371, 364, "per@example.no")

    (form,) = read_pdf(_sheet(close), POST).forms
    assert ["kari.nordmann@epost.example", "per@example.no"] == [told(form)[slot]["email"] for slot in (1, 2)]


def test_another_number_elsewhere_on_the_page_leaves_the_form_to_a_person() -> None:
    """A correction at the foot, beside a table or beside fields."""

    def corrected(sheet: Any) -> None:
        _typed(sheet)
        sheet.drawString(60, 200, "Rettelse: riktig nummer for Kari er 058572 11210")

    foot = _upon(_filled()[0], lambda sheet: sheet.drawString(60, 30, "Riktig nummer for Kari er 058572 11210"))
    assert [False, False, True] == [_used(read_pdf(data, POST)) for data in (_sheet(corrected), foot, _sheet(_typed))]


def test_digits_set_apart_make_no_other_number() -> None:
    """Eleven neighbouring digits of two columns may be a number, and are nobody's."""
    numbers = ("12847910427", "03917710774")

    def apart(sheet: Any) -> None:
        _typed(sheet, but=("fnr",))
        for number, x in zip(numbers, (190, 370), strict=True):
            for place, digit in enumerate(number):
                sheet.drawString(x + 11 * place, 436, digit)

    reading = read_pdf(_sheet(apart), POST)
    assert numbers == tuple(entry.fnr.value for entry in reading.forms[0].entries if entry.fnr)
    assert _used(reading)


def test_an_address_broken_where_its_cell_ends_is_one(told: Told) -> None:
    """A word processor breaks what is too long for its cell; a note below an address is no part of it."""

    def broken(sheet: Any) -> None:
        _typed(sheet, but=("email",))
        for y in (354, 380, 404):
            sheet.line(57, y, 540, y)
        for x in (57, 187, 290, 367, 540):
            sheet.line(x, 354, x, 404)
        sheet.setFont("Helvetica", 10)
        sheet.drawString(190, 370, "nordmann@example.n")
        sheet.drawString(190, 358, "o")
        sheet.drawString(370, 370, "per@example.no")
        sheet.drawString(370, 358, "privat")

    (form,) = read_pdf(_sheet(broken), POST).forms
    assert ["nordmann@example.no", "per@example.no privat"] == [told(form)[slot]["email"] for slot in (1, 2)]
