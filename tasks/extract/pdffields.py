"""The form by the names of the fields that were filled in on screen.

Belongs here: which cell a field is, where one form ends and the next begins. Does not belong here: reading the fields
(`pdfnotes`), whether they show what they hold (`seen`), forms that are read where they stand (`table`).
"""

import re
from typing import Final

from schemas.documents import FIELDS, FieldName, ReadField, ReadForm
from schemas.form import LABELS
from tasks.extract import pdfnotes, values
from tasks.extract.columns import Row
from tasks.extract.draft import Draft, squeezed
from tasks.extract.pdfnotes import TICKED, UNTICKED, Field
from tasks.extract.table import read_rows

Cells = dict[tuple[int, str], Field]
"""Slot and field of the form, or `REFUSED` -> what was filled in."""

REFUSED: Final = "refused"


def by_name(filled: list[Field]) -> Cells | None:
    """A page's fields by what their names say; None where most say nothing, two say the same and hold different
    things, or their columns are crossed: then they are read where they stand. A field without a number is the first
    guardian's."""
    meant = [(one, name) for one in filled if (name := _meant(one.name))]
    if not meant or len(meant) <= len(filled) // 2:
        return None
    cells: Cells = {}
    for one, name in meant:
        place = (pdfnotes.slot_and_key(one.name)[0] or 1, name)
        if place in cells and squeezed(cells[place].piece.text) != squeezed(one.piece.text):
            return None
        cells.setdefault(place, one)
    return None if any(_crossed(cells, name) for _, name in cells) else cells


def _crossed(cells: Cells, name: str) -> bool:
    """Whether the second guardian's field stands left of the first's on one line: the names say something else than
    the page."""
    if (1, name) not in cells or (2, name) not in cells:
        return False
    first, second = cells[1, name].piece, cells[2, name].piece
    return second.bottom < first.middle < second.top and second.right <= first.left


def joined(pages: list[Cells]) -> list[Cells]:
    """The fields of several pages as forms: a page that says something else of a cell begins another."""
    forms: list[Cells] = []
    for page in pages:
        told = {place: one for place, one in page.items() if one.piece.text not in ("", UNTICKED)}
        last = forms[-1] if forms else {}
        if not forms or any(squeezed(last[p].piece.text) != squeezed(told[p].piece.text) for p in told if p in last):
            forms.append(told)
        else:
            last.update(told)
    return forms


def _meant(name: str) -> FieldName | str | None:
    """Which cell a field's name speaks of: a field of the form, `REFUSED`, or None."""
    _, key = pdfnotes.slot_and_key(name)
    if re.search(r"refus|avsl", key):
        return REFUSED
    spaced = f" {key} "
    for wanted in FIELDS:
        names = (wanted, *(label.replace("-", " ") for label in LABELS[wanted]))
        if any(f" {label} " in spaced for label in names):
            return wanted
    return None


def form_of(cells: Cells, around: list[Row]) -> ReadForm | None:
    """The form by the names of its fields. Of what is printed around them only refusals count."""
    draft = Draft(headed=True, own_label=True)
    for printed in read_rows(around):
        draft.ticked |= {entry.slot for entry in printed.entries if entry.refused}
        draft.worded |= {entry.slot for entry in printed.entries if entry.refused_in_words}
    for (slot, meant), one in cells.items():
        if meant == REFUSED:
            draft.ticked |= {slot} if one.piece.text == TICKED else set()
            continue
        wanted: FieldName = next(name for name in FIELDS if name == meant)
        value = values.cleaned(wanted, one.piece.text)
        if wanted == "fnr" and values.refuses_in_cell(value):
            draft.worded.add(slot)
        elif value:
            draft.put(slot, wanted, ReadField(value[: values.MAX_VALUE], 1.0, f"field, column {slot}", "accepted"))
    return draft.finished()
