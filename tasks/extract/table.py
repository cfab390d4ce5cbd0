"""Rows of cells, as they stand on a page or in a mail, to forms.

Belongs here: which column or block a value stands in, where one form ends and the next begins. Does not belong here:
how rows are cut out of a document (`text`, `pdf`), what one cell means (`labels`), judging by place alone (`columns`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from schemas.documents import Decision, FieldName, ReadField, ReadForm
from tasks.extract import columns, labels, values
from tasks.extract.columns import Cell, Heads, Row
from tasks.extract.draft import Draft, distinct, squeezed
from tasks.extract.labels import Label
from tasks.extract.letters import lost

_BLANKS_BELOW_LABEL = 2


@dataclass(slots=True)
class _Pending:
    """A label whose value has not come yet: it may stand on the lines below."""

    name: FieldName
    blanks: int = 0
    found: list[tuple[Cell, str]] = field(default_factory=list)


def read_rows(rows: Iterable[Row]) -> tuple[ReadForm, ...]:
    """The forms that the rows hold, each once. Never raises for anything that stands in them."""
    reader = _Reader()
    for row in rows:
        reader.row(row)
    reader.end_form()
    return distinct(reader.forms)


class _Reader:
    """Walks down the rows, keeping where it is: which form, which block or which two columns."""

    def __init__(self) -> None:
        self.forms: list[ReadForm] = []
        self.form = Draft()
        self.slot = 1
        self.heads: Heads | None = None
        self.pending: _Pending | None = None
        self.after_heading = False
        self.after_blank = False
        self.lone_tick = False
        self.names: list[tuple[FieldName, str, str]] = []  # of both columns, with nothing between them
        self.single: list[FieldName] = []  # one value where two columns may be meant
        self.across: list[tuple[FieldName, Cell]] = []  # the labels, where they stand in one row above the values

    def row(self, row: Row) -> None:
        """Take in one row."""
        cells = [cell for cell in row.cells if not values.blank(cell.text)]
        if not cells and len(row.cells) == 1 and values.closing(row.cells[0].text):
            self.end_form()  # "--" above a signature, else a blank
        elif not cells:
            self.after_blank = True
            if self.pending:
                self.pending.blanks += 1
                if self.pending.blanks > _BLANKS_BELOW_LABEL:
                    self.flush()
            return
        if not cells:
            return
        if values.closing(cells[0].text):
            self.end_form()
        elif any(values.refusal_label_in(cell.text) for cell in cells):
            self.flush()
            self._ticks(cells)
            self.after_heading = False
        elif not self._across(cells, row.where) and not self._headings(cells, row.where):
            self._content(cells, row.where)
            self.after_heading = False
        self.after_blank = False

    def end_form(self) -> None:
        """What follows belongs to another form."""
        self.flush()
        for name, text, where in self.names:
            two = any(self.form.has(2, other) for other in ("fnr", "mobile", "email"))
            for slot, value, confidence in columns.halves(text) if two else [(1, text, 1.0)]:
                self.form.put(slot, name, _read(value, confidence, f"{where}, column {slot}"))
        if any(self.form.values.get(2, ())):
            for name in self.single:
                self.form.doubt(1, name)
        self.names, self.single, self.across = [], [], []
        finished = self.form.finished()
        if finished:
            self.forms.append(finished)
        self.form, self.slot, self.heads = Draft(), 1, None

    # headings

    def _headings(self, cells: list[Cell], where: str) -> bool:
        """Take in a heading row; False where it is none."""
        if len(cells) == 1 and labels.both_headings(cells[0].text):
            self._table(Heads(cells[0]))
            return True
        found = [(cell, labels.heading_in(cell.text)) for cell in cells]
        bare = [cell for cell, heading in found if heading and not heading.rest]
        if len(bare) == 2 and len(cells) <= 3 and cells[-1] is bare[-1]:
            self._table(Heads(*bare))
            return True
        heading = found[0][1]
        if heading is None or len(bare) > 1:
            return False
        rest = [Cell(heading.rest, cells[0].place)] if heading.rest else []
        rest += cells[1:]
        guess = bool(rest) and all(not isinstance(p, Label) for c in rest for p in labels.labels_in(c.text))
        name = " ".join(cell.text for cell in rest)
        if guess and not values.plausible("name", name):
            return False
        self._block(heading.slot, cells[0])
        if guess:
            self.put(self.slot, "name", name, where, 0.7)
        elif rest:
            first = labels.labels_in(rest[0].text)[0]
            if isinstance(first, str) and values.plausible("name", first.strip(" ,;")):
                self.put(self.slot, "name", first, where, 0.7)
            self._content(rest, where)
        return True

    def _table(self, heads: Heads) -> None:
        self.flush()
        if not self._share_pupil() and self.form.begun:
            self.end_form()
        self.form.headed, self.heads, self.slot = True, heads, 1

    def _block(self, slot: int | None, cell: Cell) -> None:
        self.flush()
        numbered = slot is not None
        if slot is None:
            slot = self.slot + 1 if self.form.has(self.slot) and not self.form.only_pupil else self.slot
        if self._share_pupil():
            pass
        elif slot > 2 or self.form.has(slot) or (slot < self.slot and self.form.begun):
            self.end_form()
            slot = min(slot, 2) if numbered else 1
        # Both headings and nothing between them: two columns, of which only the order of the lines is left.
        stacked = numbered and slot == 2 and self.after_heading
        self.heads, self.slot, self.after_heading = Heads(cell) if stacked else None, slot, True
        self.form.headed = self.form.headed or numbered

    def _share_pupil(self) -> bool:
        """A pupil named above the first heading is both guardians'."""
        if not self.form.only_pupil or self.form.headed:
            return False
        self.form.shared = self.form.values.pop(1)["pupil"]
        return True

    def _across(self, cells: list[Cell], where: str) -> bool:
        """Take in a guardian's row below a row of labels; False where there is none."""
        if self.across and any(isinstance(part, Label) for cell in cells for part in labels.labels_in(cell.text)):
            self.across = []
        if not self.across or len(cells) < 2:
            return False
        heading = labels.heading_in(cells[0].text)
        slot = (heading.slot if heading else None) or (2 if self.form.has(1) else 1)
        for cell in cells[1:] if heading else cells:
            name, _ = min(self.across, key=lambda pair: columns.apart(pair[1], cell))
            self.put(slot, name, cell.text, where, 1.0, column=True)
        return True

    # labels and their values

    def _content(self, cells: list[Cell], where: str) -> None:
        """Take in a row that is no heading: labels with their values, or values below a label, or words."""
        before, groups = columns.grouped(cells)
        if before and groups:
            self._words(before)
        if not groups:
            self._plain(cells, where)
            return
        if (
            self.pending
            and self.pending.name == "pupil"
            and groups[0].label.field == "name"
            and not self.pending.blanks
        ):
            groups[0] = replace(groups[0], label=replace(groups[0].label, field="pupil"))  # "Elev" above "Navn: …"
            self.pending = None
        self.flush()
        for group in groups:
            self.form.own_label = self.form.own_label or group.label.own
            self.form.any_label = self.form.any_label or group.label.field is not None
        self.across = columns.labels_across(cells, groups)
        if self.across:
            return
        fields = [group.label.field for group in groups]
        for number, (name, group) in enumerate(zip(fields, groups, strict=True)):
            if name is None:
                continue
            self.form.loose_pupil = self.form.loose_pupil or (name == "pupil" and not group.label.own)
            if not group.cells:
                self.pending = _Pending(name) if number == len(groups) - 1 else None
            elif group.label.slot:
                if not self.form.headed:
                    self._share_pupil()
                self.form.headed, self.slot = True, group.label.slot
                self.put(self.slot, name, group.text, where, 1.0)
            elif fields.count(name) == 2:
                self.put(1 + fields[:number].count(name), name, group.text, where, 1.0)
            else:
                self._values(name, group, where)

    def _values(self, name: FieldName, group: columns.Group, where: str) -> None:
        """Give the values that stand behind one label to their columns."""
        cells = group.cells
        if len(cells) == 2 and (
            columns.two_columns(name, cells) if self.heads is None else not self.heads.one_column(name, cells)
        ):
            for slot, cell in enumerate(cells, 1):
                self.put(slot, name, cell.text, where, 1.0, column=True)
        elif name == "pupil" and len(cells) == 1 and self.heads is not None and self.heads.spans(cells[0]):
            for slot in (1, 2):
                self.put(slot, name, group.text, where, 1.0, column=True)
        elif (
            len(cells) == 1
            and name in columns.SHAPES
            and self.heads
            and len(two := columns.parted(name, cells[0].text)) == 2
        ):
            for slot, text, confidence in two:  # so long that the columns touch
                self.put(slot, name, text, where, confidence, column=True)
        elif self.heads is None or (self.heads.second is None and self.slot == 2):
            self.put(self.slot, name, group.text, where, 1.0)
        elif self.heads.second is None and len(cells) == 1:
            if name in columns.SHAPES:
                parted = columns.parted(name, cells[0].text)
                for slot, text, confidence in parted:
                    self.put(slot, name, text, where, confidence, column=True)
                self.single += [name] if len(parted) == 1 else []
            else:
                self.names.append((name, cells[0].text, where))
        else:
            by_slot: dict[int, list[str]] = {}
            for cell in cells:
                by_slot.setdefault(1 if cell in group.joined else self.heads.column(cell), []).append(cell.text)
            sure = 1.0 if all(cell in group.joined or self.heads.certain(cell) for cell in cells) else 0.6
            for slot, texts in by_slot.items():
                self.put(slot, name, " ".join(texts), where, sure, column=True)

    def put(
        self, slot: int, name: FieldName, text: str, where: str, confidence: float, *, column: bool = False
    ) -> None:
        """Fill in one cell, or begin the next guardian or form where the cell is taken."""
        value = values.cleaned(name, text)
        if name == "fnr" and values.refuses_in_cell(value):
            self.form.worded.add(slot)
            return
        if not value:
            return
        if len(value) > values.MAX_VALUE:
            value, confidence = value[: values.MAX_VALUE], 0.3
        if lost(value) or "\ufffd" in text:
            confidence = min(confidence, 0.6)
        held = self.form.values.get(slot, {}).get(name)
        if held is not None:
            if squeezed(held.value) == squeezed(value):
                return
            if name == "pupil" and set(self.form.values[slot]) == {"pupil"} and not column:
                value = f"{held.value} og {value}"
            elif name in ("mobile", "email"):
                self.form.doubt(slot, name)
                return
            elif self.form.headed or column or slot > 1:
                heads = self.heads
                self.end_form()
                self.heads, slot = heads, slot if column else 1
            else:
                pupil = self.form.values[1].get("pupil")
                slot = self.slot = 2
                if pupil and name != "pupil":
                    self.form.put(2, "pupil", ReadField(pupil.value, 0.7, pupil.source, "review"))
        self.form.put(slot, name, _read(value, confidence, f"{where}, column {slot}" if column else where))

    # values below their label

    def _plain(self, cells: list[Cell], where: str) -> None:
        pending = self.pending
        if pending and all(columns.fits_below(pending.name, cell.text, pending.blanks) for cell in cells):
            pending.found += [(cell, where) for cell in cells]
            pending.blanks = 0
            if len(pending.found) >= (2 if self.heads else 1):
                self.flush()
            return
        self.flush()
        if not self._ticks(cells):
            self._words(cells)

    def flush(self) -> None:
        """Give what was found below the last label to its columns."""
        pending, self.pending = self.pending, None
        if pending is None or not pending.found:
            return
        for number, (cell, where) in enumerate(pending.found):
            sure = 1.0 if values.plausible(pending.name, cell.text) else 0.6
            if len(pending.found) == 2:
                self.put(1 + number, pending.name, cell.text, where, sure, column=True)
            elif self.heads and self.heads.first.place > 0 and self.heads.covers(cell):
                self.put(self.heads.column(cell), pending.name, cell.text, where, sure, column=True)
            elif self.heads:
                self.put(1, pending.name, cell.text, where, sure, column=True)
                self.single.append(pending.name)
            else:
                self.put(self.slot, pending.name, cell.text, where, sure)

    # refusals

    def _ticks(self, cells: list[Cell]) -> bool:
        """Take in a row with the refusal's box; False where it has none."""
        boxes = [(cell, box) for cell in cells for box in values.ticks_in(cell.text)]
        marks = {cell: mark for cell in cells if (mark := values.mark_in(cell.text))}
        if marks:
            for cell in [*marks, *(cell for cell, ticked in boxes if ticked)]:
                self._tick(cell) if marks.get(cell) != "no" else self._said_no()
            return True
        if not any(values.refusal_label_in(cell.text) for cell in cells):
            self.lone_tick = len(cells) == 1 and [box for _, box in boxes] == [True]
            return False
        if not boxes:
            answer = re.search(r":\s*(ja|nei|yes|no)\W*$", cells[-1].text, re.IGNORECASE)
            if self.lone_tick:
                self._tick(None)
            elif not (answer and answer[1].casefold() in ("nei", "no")):
                self._said_no()
        elif len(boxes) == 2:
            self.form.ticked.update(slot for slot, (_, ticked) in enumerate(boxes, 1) if ticked)
        elif boxes[0][1]:
            self._tick(boxes[0][0])
        self.lone_tick = False
        return True

    def _tick(self, cell: Cell | None) -> None:
        """A ticked box: the column's above it, the block's that it closes, or nobody's yet."""
        if self.heads:
            if cell and self.heads.covers(cell):
                self.form.ticked.add(self.heads.column(cell))
                return
        elif not (self.after_blank and self.form.has(1) and self.form.has(2)):
            self.form.ticked.add(self.slot)
            return
        self.form.loose_tick = True

    def _words(self, cells: list[Cell]) -> None:
        for sentence in re.split(r"(?<=[.!?])\s+", " ".join(cell.text for cell in cells)):
            if values.refuses_in_words(sentence, on_form=self.form.any_label):
                self._said_no()

    def _said_no(self) -> None:
        """A refusal in words: the block's that it closes, or nobody's yet."""
        if self.heads or self.after_blank or not self.form.has(self.slot):
            self.form.loose_words = True
        else:
            self.form.worded.add(self.slot)


def _read(value: str, confidence: float, source: str) -> ReadField:
    decision: Decision = "accepted" if confidence >= 0.9 else "review"
    return ReadField(value, confidence, source, decision)
