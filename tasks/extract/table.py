"""Rows of cells, as they stand on a page or in a mail, to forms.

Belongs here: which column or block a value stands in, where one form ends and the next begins. Does not belong here:
how rows are cut out of a document (`text`, `pdf`), what one cell means (`labels`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.documents import Decision, FieldName, ReadField, ReadForm
from tasks.extract import labels
from tasks.extract.draft import Draft, distinct, squeezed
from tasks.extract.labels import Label

_BLANKS_BELOW_LABEL = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text. `place`: where it starts, in characters or points, the same unit all through a document;
    `index`: the number of its cell where the line is divided by tabs or bars, else -1."""

    text: str
    place: float = 0.0
    index: int = -1


@dataclass(frozen=True, slots=True)
class Row:
    """What stands side by side. `where` says which line or page."""

    cells: tuple[Cell, ...]
    where: str


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
        self.heads: tuple[Cell, Cell] | None = None
        self.stacked = False  # the two headings stood one below the other
        self.pending: _Pending | None = None
        self.after_heading = False
        self.after_blank = False
        self.lone_tick = False
        self.names: list[tuple[FieldName, str, str]] = []  # of both columns, with nothing between them

    def row(self, row: Row) -> None:
        """Take in one row."""
        cells = [cell for cell in row.cells if not labels.blank(cell.text)]
        if not cells:
            self.after_blank = True
            if self.pending:
                self.pending.blanks += 1
                if self.pending.blanks > _BLANKS_BELOW_LABEL:
                    self.flush()
            return
        if labels.closing(cells[0].text):
            self.end_form()
        elif not self._headings(cells, row.where):
            self._content(cells, row.where)
            self.after_heading = False
        self.after_blank = False

    def end_form(self) -> None:
        """What follows belongs to another form."""
        self.flush()
        for name, text, where in self.names:
            two = any(self.form.has(2, other) for other in ("fnr", "mobile", "email"))
            for slot, value, confidence in _halves(text) if two else [(1, text, 1.0)]:
                self.form.put(slot, name, _read(value, confidence, f"{where}, column {slot}"))
        self.names = []
        finished = self.form.finished()
        if finished:
            self.forms.append(finished)
        self.form, self.slot, self.heads, self.stacked = Draft(), 1, None, False

    # headings

    def _headings(self, cells: list[Cell], where: str) -> bool:
        """Take in a heading row; False where it is none."""
        if len(cells) == 1 and labels.both_headings(cells[0].text):
            self._table(cells[0], cells[0])
            return True
        found = [(cell, labels.heading_in(cell.text)) for cell in cells]
        bare = [cell for cell, heading in found if heading and not heading.rest]
        if len(bare) == 2 and len(cells) <= 3 and cells[-1] is bare[-1]:
            self._table(*bare)
            return True
        heading = found[0][1]
        if heading is None or len(bare) > 1:
            return False
        rest = [Cell(heading.rest, cells[0].place)] if heading.rest else []
        rest += cells[1:]
        guess = bool(rest) and all(not isinstance(p, Label) for c in rest for p in labels.labels_in(c.text))
        name = " ".join(cell.text for cell in rest)
        if guess and not labels.plausible("name", name):
            return False
        self._block(heading.slot)
        if guess:
            self.put(self.slot, "name", name, where, 0.7)
        elif rest:
            self._content(rest, where)
        return True

    def _table(self, first: Cell, second: Cell) -> None:
        self.flush()
        if not self._share_pupil() and self.form.begun:
            self.end_form()
        self.form.headed, self.heads, self.slot, self.stacked = True, (first, second), 1, False

    def _block(self, slot: int | None) -> None:
        self.flush()
        numbered = slot is not None
        if slot is None:
            slot = self.slot + 1 if self.form.has(self.slot) and not self.form.only_pupil else self.slot
        if self._share_pupil():
            pass
        elif slot > 2 or self.form.has(slot) or (slot < self.slot and self.form.begun):
            self.end_form()
            slot = min(slot, 2) if numbered else 1
        self.stacked = numbered and slot == 2 and self.after_heading
        self.heads, self.slot, self.after_heading = None, slot, True
        self.form.headed = self.form.headed or numbered

    def _share_pupil(self) -> bool:
        """A pupil named above the first heading is both guardians'."""
        if not self.form.only_pupil or self.form.headed:
            return False
        self.form.shared = self.form.values.pop(1)["pupil"]
        return True

    # labels and their values

    def _content(self, cells: list[Cell], where: str) -> None:
        groups: list[tuple[Label, list[tuple[Cell, bool]]]] = []
        before: list[Cell] = []
        for cell in cells:
            joined = False
            for part in labels.labels_in(cell.text):
                if isinstance(part, Label):
                    groups.append((part, []))
                    joined = True
                elif groups:
                    groups[-1][1].append((Cell(part, cell.place, cell.index), joined))
                else:
                    before.append(Cell(part, cell.place, cell.index))
        if before and groups:
            self._words(before)
        if not groups:
            self._plain(cells, where)
            return
        if self.pending and self.pending.name == "pupil" and groups[0][0].field == "name" and not self.pending.blanks:
            groups[0] = (Label("pupil", groups[0][0].slot), groups[0][1])  # "Elev" as a heading above "Navn: …"
            self.pending = None
        self.flush()
        fields = [label.field for label, _ in groups]
        for number, (label, values) in enumerate(groups):
            if label.field is None:
                continue
            self.form.any_label = True
            self.form.own_label = self.form.own_label or label.own
            self.form.loose_pupil = self.form.loose_pupil or (label.field == "pupil" and not label.own)
            slot = label.slot
            if slot is None and fields.count(label.field) == 2:
                slot = 1 + fields[:number].count(label.field)
            if not values:
                self.pending = _Pending(label.field) if number == len(groups) - 1 else None
            elif slot:
                if label.slot and not self.form.headed:
                    self._share_pupil()
                    self.form.headed = True
                self.put(slot, label.field, " ".join(cell.text for cell, _ in values), where, 1.0)
            else:
                self._values(label.field, values, where)

    def _values(self, name: FieldName, values: list[tuple[Cell, bool]], where: str) -> None:
        """Give the values that stand behind one label to their columns."""
        cells = [cell for cell, _ in values]
        if self.heads is None:
            if len(cells) == 2 and self._two_columns(name, cells):
                self.put(1, name, cells[0].text, where, 1.0, column=True)
                self.put(2, name, cells[1].text, where, 1.0, column=True)
            else:
                self.put(self.slot, name, " ".join(cell.text for cell in cells), where, 1.0)
        elif self.heads[0] is self.heads[1] and len(cells) == 1:
            if name in _SHAPES:
                for slot, text, confidence in _parted(name, cells[0].text):
                    self.put(slot, name, text, where, confidence, column=True)
            else:
                self.names.append((name, cells[0].text, where))
        elif len(cells) == 2 and not self._one_column(name, cells):
            for slot, cell in enumerate(cells, 1):
                self.put(slot, name, cell.text, where, 1.0, column=True)
        else:
            by_slot: dict[int, list[str]] = {}
            for cell, joined in values:
                by_slot.setdefault(1 if joined else self._column(cell), []).append(cell.text)
            for slot, texts in by_slot.items():
                self.put(slot, name, " ".join(texts), where, 1.0, column=True)

    @staticmethod
    def _two_columns(name: FieldName, cells: list[Cell]) -> bool:
        """Whether two values without headings are two guardians', not one value with a wide gap in it."""
        if cells[1].index >= 0 or name in ("fnr", "mobile", "email"):
            return cells[1].index >= 0 or all(labels.plausible(name, cell.text) for cell in cells)
        return all(len(cell.text.split()) > 1 for cell in cells)

    def _one_column(self, name: FieldName, cells: list[Cell]) -> bool:
        """Whether two values under headings stand in the same column: a name with a wide gap in it."""
        if cells[1].index >= 0 or name in ("fnr", "mobile", "email"):
            return False
        gap = cells[1].place - cells[0].place - len(cells[0].text)
        return self._column(cells[0]) == self._column(cells[1]) and gap < 4 and len(cells[0].text.split()) < 2

    def _column(self, cell: Cell) -> int:
        """The slot whose heading stands nearest above."""
        assert self.heads  # noqa: S101
        first, second = self.heads
        if cell.index >= 0 and second.index > first.index >= 0:
            return 2 if cell.index >= (second.index if first.index else 2) else 1
        return 2 if abs(cell.place - second.place) < abs(cell.place - first.place) else 1

    def put(
        self, slot: int, name: FieldName, text: str, where: str, confidence: float, *, column: bool = False
    ) -> None:
        """Fill in one cell, or begin the next guardian or form where the cell is taken."""
        value = labels.cleaned(name, text)
        if name == "fnr" and labels.refuses_in_words(value, on_form=True):
            self.form.worded.add(slot)
            return
        if not value:
            return
        if len(value) > labels.MAX_VALUE:
            value, confidence = value[: labels.MAX_VALUE], 0.3
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
        if pending and all(self._fits(pending, cell.text) for cell in cells):
            pending.found += [(cell, where) for cell in cells]
            pending.blanks = 0
            if len(pending.found) >= (2 if self.heads or self.stacked else 1):
                self.flush()
            return
        self.flush()
        if not self._ticks(cells):
            self._words(cells)

    def _fits(self, pending: _Pending, text: str) -> bool:
        """Whether a line below a label is its value: by shape, or directly below and short."""
        if labels.plausible(pending.name, text) or pending.blanks:
            return labels.plausible(pending.name, text)
        digits, words = sum(map(str.isdigit, text)), text.split()
        if pending.name == "fnr":
            return digits >= 6 and digits * 2 >= len(text)
        if pending.name == "mobile":
            return digits >= 5 and digits * 2 >= len(text)
        if pending.name == "email":
            return "@" in text and len(words) < 4
        return len(words) < 5 and all(word.replace("-", "").isalpha() for word in words) and not labels.greeting(text)

    def flush(self) -> None:
        """Give what was found below the last label to its columns."""
        pending, self.pending = self.pending, None
        if pending is None or not pending.found:
            return
        for number, (cell, where) in enumerate(pending.found):
            sure = 1.0 if labels.plausible(pending.name, cell.text) else 0.6
            if len(pending.found) == 2:
                self.put(1 + number, pending.name, cell.text, where, sure, column=True)
            elif self.heads and self.heads[0] is not self.heads[1] and cell.place >= self.heads[0].place > 0:
                self.put(self._column(cell), pending.name, cell.text, where, sure, column=True)
            elif self.heads or self.stacked:
                self.put(1, pending.name, cell.text, where, 0.6, column=True)
            else:
                self.put(self.slot, pending.name, cell.text, where, sure)

    # refusals

    def _ticks(self, cells: list[Cell]) -> bool:
        """Take in a row with the refusal's box; False where it has none."""
        boxes = [(cell, box) for cell in cells for box in labels.ticks_in(cell.text)]
        if not any(labels.refusal_label_in(cell.text) for cell in cells):
            self.lone_tick = len(cells) == 1 and [box for _, box in boxes] == [True]
            return False
        if not boxes:
            answer = re.search(r":\s*(ja|nei|yes|no)\W*$", cells[-1].text, re.IGNORECASE)
            if self.lone_tick:
                self._tick(None)
            elif not (answer and answer[1].casefold() in ("nei", "no")):
                self.form.loose_words = True
        elif len(boxes) == 2:
            self.form.ticked.update(slot for slot, (_, ticked) in enumerate(boxes, 1) if ticked)
        elif boxes[0][1]:
            self._tick(boxes[0][0])
        self.lone_tick = False
        return True

    def _tick(self, cell: Cell | None) -> None:
        """A ticked box: the column's above it, the block's that it closes, or nobody's yet."""
        if self.heads and cell and self.heads[0] is not self.heads[1]:
            first, second = self.heads
            by_index = cell.index >= 0 and second.index > first.index >= 0
            edge = 1 if by_index else first.place - 0.25 * (second.place - first.place)
            if (cell.index if by_index else cell.place) >= edge:
                self.form.ticked.add(self._column(cell))
                return
        elif not self.heads and not self.stacked and not (self.after_blank and self.form.has(1) and self.form.has(2)):
            self.form.ticked.add(self.slot)
            return
        self.form.loose_tick = True

    def _words(self, cells: list[Cell]) -> None:
        for sentence in re.split(r"(?<=[.!?])\s+", " ".join(cell.text for cell in cells)):
            if labels.refuses_in_words(sentence, on_form=self.form.any_label):
                if self.heads or self.stacked or self.after_blank or not self.form.has(self.slot):
                    self.form.loose_words = True
                else:
                    self.form.worded.add(self.slot)


_SHAPES = {
    "fnr": re.compile(r"\d(?:[ .\-]?\d){10}(?!\d)|\d+"),
    "mobile": re.compile(r"(?:\+\d{2} ?|00\d{2} ?)?\d(?: ?\d){7}(?!\d)"),
    "email": re.compile(r"\S+@\S+"),
}


def _parted(name: FieldName, text: str) -> list[tuple[int, str, float]]:
    """Two columns' numbers or addresses with single blanks between them, told apart by their shape."""
    found = _SHAPES[name].findall(text)
    if len(found) == 2 and labels.blank(_SHAPES[name].sub("", text)):
        return [(1, found[0], 1.0), (2, found[1], 1.0)]
    return [(1, text, 1.0 if labels.plausible(name, text) else 0.6)]


def _halves(text: str) -> list[tuple[int, str, float]]:
    """Two columns' names with single blanks between them: certain where both are the same, else a person's to judge."""
    words = text.split()
    half = (len(words) + 1) // 2
    sure = 1.0 if words[:half] == words[half:] else 0.5
    return [(slot, " ".join(part), sure) for slot, part in ((1, words[:half]), (2, words[half:])) if part]


def _read(value: str, confidence: float, source: str) -> ReadField:
    decision: Decision = "accepted" if confidence >= 0.9 else "review"
    return ReadField(value, confidence, source, decision)
