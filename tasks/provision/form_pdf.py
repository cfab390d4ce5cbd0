"""The school's form as PDF: one page, ready to print, to fill in on screen, or to send encrypted.

Belongs here: what stands where on the guardian's form. Does not belong here: its words (`words`), the places that are
read again (`schemas.boxed`), how marks become PDF (`sheet`, `tagged`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from schemas.boxed import (
    CELLS,
    DIGIT_BOXES,
    FNR_DIGITS,
    MOBILE_BOXES,
    QR_PLACE,
    REFUSAL_BOXES,
    Box,
    Language,
    Reference,
    field_name,
)
from schemas.documents import FIELDS, FieldName
from schemas.onetime import written
from tasks.provision import scripts
from tasks.provision.letterhead import letter
from tasks.provision.sheet import FAINT, QUIET, Sheets, lines_of, width_of
from tasks.provision.tagged import Field
from tasks.provision.words import Words, words

LEFT: Final = 20.0
WIDE: Final = 170.0
_SPECIMEN: Final = Box(121.0, 133.0, 5.5, 8.0)
_INSET: Final = 0.8
_REFERENCE_WIDE: Final = 130.0
_ABROAD: Final = 8
"""From this box on the mobile is one from abroad."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """The one guardian a sheet is sent to, and the one-time reference that it carries until `last`."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    code: str = field(repr=False)
    last: date


@dataclass(frozen=True, slots=True)
class Pupil:
    """Whose form it is: printed in the form and, as the id alone, in its QR code. `to`: one guardian's own sheet."""

    ident: str
    name: str = field(repr=False)
    class_name: str = ""
    to: Addressee | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """Where the form goes back to, and whose it is; `name` empty: nobody's."""

    name: str = ""
    digipost: str = "wang#V16M"
    email: str = "info@wang.no"


NOBODY: Final = Sender()


def form_pdf(language: Language = "nb", sender: Sender = NOBODY, pupil: Pupil | None = None) -> bytes:
    """One A4 page with fields: the general edition, or one pupil's own with the name filled in and a QR code."""
    told = words(language)
    sheets = Sheets(told.title, told.lang)
    _page(sheets, language, told, sender, pupil, fillable=True)
    return sheets.finished()


def class_pdf(language: Language, sender: Sender, pupils: Sequence[Pupil]) -> bytes:
    """A page for each pupil, to print and hand out: name and QR code on each, and no fields, since fields of one name
    on many pages would all be filled in at once. ValueError for no pupils."""
    if not pupils:
        raise ValueError("no pupils")
    told = words(language)
    sheets = Sheets(told.title, told.lang)
    for number, pupil in enumerate(pupils):
        if number:
            sheets.next_page()
        _page(sheets, language, told, sender, pupil, fillable=False)
    return sheets.finished()


def _page(
    sheets: Sheets, language: Language, told: Words, sender: Sender, pupil: Pupil | None, *, fillable: bool
) -> None:
    letter(sheets, told.title, told.letter, above=(sender.name, pupil.class_name if pupil else ""))
    with sheets.artefact():
        sheets.marks("guardian")
    _how_to(sheets, told)
    with sheets.tag("Table"):
        with sheets.tag("TR"):
            with sheets.tag("TH", scope="Column"):
                pass
            for slot, heading in enumerate(told.columns, 1):
                with sheets.tag("TH", scope="Column"), sheets.content():
                    sheets.line(CELLS[slot]["pupil"].x, 150.6, heading, 11, "Semibold")
        for name in FIELDS:
            _row(sheets, told, name, pupil, fillable=fillable)
        _refusal(sheets, told, fillable=fillable)
    sheets.paragraph(LEFT, 233.0, told.refusal_note, WIDE, 9, 4.3)
    sending = told.sending.format(digipost=sender.digipost, email=sender.email)
    sheets.paragraph(34, 266.6, sending, 112, 9, 4.3, weight="Semibold")
    if pupil:
        with sheets.tag("Figure", alt=told.qr_alt), sheets.content():
            code = pupil.to.code if pupil.to else ""
            sheets.qr(QR_PLACE, Reference("guardian", language, pupil.ident, onetime=code).text())
    if pupil and pupil.to:
        _addressed(sheets, told, pupil.to)


def _addressed(sheets: Sheets, told: Words, to: Addressee) -> None:
    """To whom the sheet goes, the reference as people write it, and what it is for: left of the QR code."""
    where = f"{told.onetime.to} {to.name}" + (f", {to.address}" if to.address else "")
    for text, y, size in ((where, 245.0, 10), (f"{told.onetime.label}: {written(to.code)}", 250.5, 11)):
        with sheets.tag("P"), sheets.content():
            fitted = min(size, size * _REFERENCE_WIDE / width_of(text, size, "Semibold"))
            sheets.line(LEFT, y, text, fitted, "Semibold")
    note = told.onetime.note.format(day=to.last.strftime("%d.%m.%Y"))
    sheets.paragraph(LEFT, 254.6, note, _REFERENCE_WIDE, 7.5, 3.1)


def _how_to(sheets: Sheets, told: Words) -> None:
    """Between the upper marks: what the form is, and the specimen digits."""
    with sheets.tag("H2"), sheets.content():
        size = min(11, 11 * 84 / width_of(told.form_heading, 11, "Semibold"))
        sheets.line(34, 136.2, told.form_heading, size, "Semibold")
    sheets.paragraph(34, 140.8, told.how, 84, 8, 3.6, grey=QUIET)
    with sheets.tag("Figure", alt=told.specimen_alt), sheets.content():
        sheets.specimen(_SPECIMEN.digits(10))


def _row(sheets: Sheets, told: Words, name: FieldName, pupil: Pupil | None, *, fillable: bool) -> None:
    """A label and its two cells."""
    with sheets.tag("TR"):
        cell = CELLS[1][name]
        with sheets.tag("TH", scope="Row"), sheets.content():
            broken = _label(told.labels[name], cell.x - LEFT - 1)
            hint = [told.mobile_hint] if name == "mobile" else []
            y = cell.y + cell.height / 2 + 1.2 - 2.0 * (len(broken) - 1) - 1.5 * len(hint)
            for line in broken:
                sheets.line(LEFT, y, line, 9.5)
                y += 4.0
            for line in hint:
                sheets.line(LEFT, y - 0.7, line, 7, grey=QUIET)
                y += 2.9
        for slot in (1, 2):
            with sheets.tag("TD"):
                _cell(sheets, told, slot, name, pupil, fillable=fillable)


def _label(text: str, width: float) -> list[str]:
    """A label on one line or two, broken before its bracket."""
    if width_of(text, 9.5) <= width:
        return [text]
    first, _, rest = text.partition(" (")
    return [f"{first} ", f"({rest}"]


def _cell(sheets: Sheets, told: Words, slot: int, name: FieldName, pupil: Pupil | None, *, fillable: bool) -> None:
    box = CELLS[slot][name]
    with sheets.artefact():
        if name in DIGIT_BOXES[slot]:
            boxes = DIGIT_BOXES[slot][name]
            if name == "mobile":
                sheets.digit_boxes(boxes[_ABROAD:], FAINT)
                boxes = boxes[:_ABROAD]
            sheets.digit_boxes(boxes)
            if name == "fnr":  # date and the five that follow
                sheets.rule(boxes[6].x, box.y, boxes[6].x, box.bottom, thickness=1.3)
        else:
            sheets.outline(box)
    value = _printed(pupil, slot, name)
    if fillable:
        sheets.field(_field(sheets.page, told, slot, name, value))
    elif value:
        size = min(10.5, 10.5 * (box.width - 3) / width_of(value, 10.5))
        with sheets.content():
            sheets.line(box.x + 1.5, box.y + box.height / 2 + 1.3, value, size)


def _printed(pupil: Pupil | None, slot: int, name: FieldName) -> str:
    """What stands in a cell beforehand: the pupil in both columns, the guardian a sheet is sent to in the first."""
    if pupil is None:
        return ""
    if name == "name" and slot == 1 and pupil.to:
        return pupil.to.name
    return pupil.name if name == "pupil" else ""


def _field(page: int, told: Words, slot: int, name: FieldName, value: str) -> Field:
    """The cell as a field; what it lets through and when it moves on."""
    box, combed = CELLS[slot][name], name in DIGIT_BOXES[slot]
    inside = Box(box.x + _INSET, box.y + _INSET, box.width - 2 * _INSET, box.height - 2 * _INSET)
    limits: dict[FieldName, int] = {"fnr": FNR_DIGITS, "mobile": MOBILE_BOXES, "email": 100, "name": 80, "pupil": 120}
    keystrokes: dict[FieldName, str] = {
        "fnr": scripts.only_digits(FNR_DIGITS, field_name(slot, "name")),
        "mobile": scripts.phone(field_name(slot, "email")),
    }
    checks: dict[FieldName, str] = {
        "fnr": scripts.say_unless(r"/^\d{11}$/", told.fnr_alert),
        "mobile": scripts.say_unless(r"/^(\d{8}|(\+|00)\d{6,11})$/", told.mobile_alert),
        "email": scripts.say_unless(r"/^[^@\s]+@[^@\s]+$/", told.email_alert),
    }
    label = told.labels[name].rstrip(":")
    return Field(
        field_name(slot, name),
        page,
        box if combed else inside,
        f"{told.columns[slot - 1]}: {label}" + (f" ({told.mobile_hint})" if name == "mobile" else ""),
        limit=limits[name],
        combed=combed,
        value=value,
        keystroke=keystrokes.get(name, ""),
        check=checks.get(name, ""),
        size=12 if combed else 10,
    )


def _refusal(sheets: Sheets, told: Words, *, fillable: bool) -> None:
    """A box for each guardian to tick, and what the tick says."""
    with sheets.tag("TR"):
        with sheets.tag("TH", scope="Row"):
            pass
        for slot, box in REFUSAL_BOXES.items():
            with sheets.tag("TD"):
                with sheets.artefact():
                    sheets.tick_box(box)
                if fillable:
                    tip = f"{told.columns[slot - 1]}: {told.refusal}"
                    sheets.field(Field(field_name(slot, "refused"), sheets.page, box, tip, kind="check"))
                with sheets.tag("P"), sheets.content():
                    for number, line in enumerate(lines_of(told.refusal, 9, 58)):
                        sheets.line(box.right + 2.2, box.y + 3.7 + 4.1 * number, line, 9)
