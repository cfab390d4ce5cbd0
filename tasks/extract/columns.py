"""Cells, rows, and the two columns that a row's values may stand in.

Belongs here: questions of place and shape that need no memory of the rows before. Does not belong here: following a
form from row to row (`table`), what one cell means (`labels`).
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Final

from schemas.documents import FieldName
from tasks.extract import values
from tasks.extract.labels import Label, labels_in


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text. `place` and `end`: where it starts and ends, in characters or points, the same unit all through
    a document; `index`: the number of its cell where the line is divided by tabs or bars, else -1."""

    text: str
    place: float = 0.0
    end: float = 0.0
    index: int = -1


@dataclass(frozen=True, slots=True)
class Row:
    """What stands side by side. `where` says which line or page."""

    cells: tuple[Cell, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Heads:
    """The headings of the two columns. `second` is None where nothing tells where the second column begins: both
    headings stood in one piece of text, or one below the other."""

    first: Cell
    second: Cell | None = None

    def column(self, cell: Cell) -> int:
        """The slot whose heading stands nearest above."""
        if self.second is None:
            return 1
        if self._counted(cell):
            return 2 if cell.index >= (self.second.index if self.first.index else 2) else 1
        return 2 if abs(cell.place - self.second.place) < abs(cell.place - self.first.place) else 1

    def certain(self, cell: Cell) -> bool:
        """Whether a lone value stands close enough below a heading that it can be no other's."""
        if self.second is None or self._counted(cell):
            return True
        near = min(abs(cell.place - self.first.place), abs(cell.place - self.second.place))
        return near <= 0.3 * abs(self.second.place - self.first.place)

    def covers(self, cell: Cell) -> bool:
        """Whether a cell stands below one of the headings, not left of both."""
        if self.second is None:
            return False
        if self._counted(cell):
            return cell.index >= 1
        return cell.place >= self.first.place - 0.25 * (self.second.place - self.first.place)

    def spans(self, cell: Cell) -> bool:
        """Whether one cell of a table stands under both headings."""
        return self._counted(cell) and cell.index >= 1 and self.column(cell) == 1 and cell.end > self.second_place

    @property
    def second_place(self) -> float:
        """Where the second column begins."""
        return self.second.place if self.second else math.inf

    def one_column(self, name: FieldName, cells: list[Cell]) -> bool:
        """Whether two values stand in the same column: a name with a wide gap in it."""
        if self.second is None or cells[1].index >= 0 or name in SHAPES:
            return False
        near = cells[1].place - cells[0].end < 0.2 * abs(self.second.place - self.first.place)
        return near and self.column(cells[0]) == self.column(cells[1])

    def _counted(self, cell: Cell) -> bool:
        return cell.index >= 0 and self.second is not None and self.second.index > self.first.index >= 0


@dataclass(slots=True)
class Group:
    """A label with what stands behind it in its row; `joined`: what stands in the label's own cell; `again`: the
    label stands before the values as well."""

    label: Label
    cells: list[Cell]
    joined: list[Cell]
    again: bool = False

    def repeats(self, label: Label) -> bool:
        """Whether a label further on in the row is this one again, before the value in its own cell."""
        return label.field == self.label.field and (not self.cells or self.again)

    @property
    def text(self) -> str:
        """Its values as one."""
        return " ".join(cell.text for cell in self.cells)


def grouped(cells: list[Cell]) -> tuple[list[Cell], list[Group]]:
    """The cells before the first label of a row, and its labels with their values."""
    before: list[Cell] = []
    groups: list[Group] = []
    for cell in cells:
        here = len(groups)
        for part in labels_in(cell.text):
            if isinstance(part, Label) and groups and cell is not cells[0] and groups[0].repeats(part):
                groups[0].again = True
            elif isinstance(part, Label):
                groups.append(Group(part, [], []))
            elif groups:
                groups[-1].cells.append(replace(cell, text=part))
                if len(groups) > here:
                    groups[-1].joined.append(groups[-1].cells[-1])
            else:
                before.append(replace(cell, text=part))
    return before, groups


def labels_across(cells: list[Cell], groups: list[Group]) -> list[tuple[FieldName, Cell]]:
    """The labels of a row that holds nothing else, three or more, each with its cell: a table lying on its side."""
    named = [group.label.field for group in groups if group.label.field]
    if len(named) < 3 or len(set(named)) != len(groups) or any(group.cells for group in groups):
        return []
    labelled = [cell for cell in cells if isinstance(labels_in(cell.text)[0], Label)]
    return list(zip(named, labelled, strict=True)) if len(labelled) == len(groups) else []


SHAPES: Final[dict[FieldName, re.Pattern[str]]] = {
    "fnr": re.compile(r"\d(?:[ .\-]?\d){10}(?!\d)|\d+"),
    "mobile": re.compile(r"(?:\+\d{2} ?|00\d{2} ?)?\d(?: ?\d){7}(?!\d)"),
    "email": re.compile(r"\S+@\S+"),
}


def two_columns(name: FieldName, cells: list[Cell]) -> bool:
    """Whether two values without headings are two guardians', not one value with a wide gap in it."""
    if cells[1].index >= 0:
        return True
    if name in SHAPES:
        return all(values.plausible(name, cell.text) for cell in cells)
    return all(len(cell.text.split()) > 1 for cell in cells)


def parted(name: FieldName, text: str) -> list[tuple[int, str, float]]:
    """Two columns' numbers or addresses with single blanks between them, told apart by their shape: (slot, text,
    confidence)."""
    found = SHAPES[name].findall(text)
    if len(found) == 2 and values.blank(SHAPES[name].sub("", text)):
        return [(1, found[0], 1.0), (2, found[1], 1.0)]
    return [(1, text, 1.0 if values.plausible(name, text) else 0.6)]


def halves(text: str) -> list[tuple[int, str, float]]:
    """Two columns' names with single blanks between them: certain where both are the same, else a person's to judge."""
    words = text.split()
    half = (len(words) + 1) // 2
    sure = 1.0 if words[:half] == words[half:] else 0.5
    return [(slot, " ".join(part), sure) for slot, part in ((1, words[:half]), (2, words[half:])) if part]


def apart(label: Cell, value: Cell) -> float:
    """How far from straight below its label a value stands."""
    if label.index >= 0 and value.index >= 0:
        return abs(label.index - value.index)
    return abs(label.place - value.place)


def fits_below(name: FieldName, text: str, blanks: int) -> bool:
    """Whether a line below a label, `blanks` empty lines down, is its value: by shape, or directly below and short."""
    if values.plausible(name, text) or blanks:
        return values.plausible(name, text)
    digits, words = sum(map(str.isdigit, text)), text.split()
    if name in ("fnr", "mobile"):
        return digits >= (6 if name == "fnr" else 5) and digits * 2 >= len(text)
    if name == "email":
        return "@" in text and len(words) < 4
    return len(words) < 5 and all(word.replace("-", "").isalpha() for word in words) and not values.greeting(text)
