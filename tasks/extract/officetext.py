"""What a walk through an office document gathers: rows of cells, and what of them a reader might not see.

Belongs here: what both markups share. Does not belong here: the markups (`officeword`, `officeopen`), the container
(`office`), what rows mean (`table`).
Elements are known by their local names, so the strict and the usual edition of Word's markup read alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from tasks.extract.columns import Cell, Row
from tasks.extract.numbers import candidates
from tasks.extract.text import MAX_LINES, rows_of
from tasks.extract.values import refuses_in_words

_APART: Final = 40.0
"""Places between two cells, in characters, far enough for the columns never to run together."""
MOST_SPANS: Final = 20

HIDDEN: Final = "hidden"
STRUCK: Final = "struck"
PALE: Final = "pale"
_LIGHT: Final = 0xE6
"""From this in each of red, green and blue a letter is not seen on white."""
TINY: Final = 5  # half-points


@dataclass(slots=True)
class Walk:
    """What was found. `doubts`: something struck out, tracked, hidden or bound; `hidden`: hidden text that could be a
    value; `worded`: what stands beside the text says no."""

    rows: list[Row] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    doubts: bool = False
    hidden: bool = False
    shaded: bool = False
    worded: bool = False

    def line(self, text: str) -> None:
        """A paragraph; breaks in it part lines."""
        for part in text.split("\n"):
            if len(self.lines) < MAX_LINES:
                self.lines.append(part)
                self.rows += rows_of([part])

    def row(self, cells: list[tuple[int, int, str]], wide: bool) -> None:
        """A table's row: (first column, how many columns, text) a cell; a table of one column is only a frame around
        lines."""
        if not wide:
            for _, _, text in cells:
                self.line(text)
        elif len(self.lines) < MAX_LINES:
            plain = [(index, index + span, " ".join(text.split())) for index, span, text in cells]
            self.lines.append("\t".join(text for _, _, text in plain))
            placed = tuple(Cell(text, index * _APART, end * _APART - 1, index) for index, end, text in plain)
            self.rows.append(Row(placed, f"table, row {len(self.rows) + 1}"))

    def unseen(self, text: str, how: str) -> None:
        """Note text that is there and not seen, or seen struck out."""
        if any(map(str.isalnum, text)):
            self.doubts = True
            self.hidden = self.hidden or (how != STRUCK and (any(map(str.isdigit, text)) or "@" in text))

    def remark(self, text: str, *, comment: bool = False) -> None:
        """What stands beside the text: a comment, a note, a line at the head or the foot of the page. A comment is a
        person's to read, and so is anything that says no or holds a number as long as an identity number."""
        self.worded = self.worded or refuses_in_words(text, on_form=True)
        said = comment and any(map(str.isalnum, text))
        self.doubts = self.doubts or said or self.worded or bool(candidates(text))


def name_of(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def attribute(element: Element | None, name: str, default: str = "") -> str:
    if element is None:
        return default
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), default)


def child_of(element: Element | None, *path: str) -> Element | None:
    for name in path:
        element = next((child for child in element if name_of(child) == name), None) if element is not None else None
    return element


def within(parent: Element, wanted: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, through content controls and other wrappings."""
    for child in parent:
        if name_of(child) == wanted:
            yield child
        elif name_of(child) in ("sdt", "sdtContent", "customXml", "ins", "smartTag", "table-header-rows", "table-rows"):
            yield from within(child, wanted)


def light(colour: str) -> bool:
    """Whether letters of this colour are not seen on white paper."""
    colour = colour.lstrip("#").lower()
    if len(colour) != 6 or not set(colour) <= set("0123456789abcdef"):
        return colour == "white"
    return all(int(colour[at : at + 2], 16) >= _LIGHT for at in (0, 2, 4))


def joined(walk: Walk, inner: Walk) -> None:
    """Add what nested tables held."""
    walk.rows += inner.rows
    walk.lines += inner.lines
    noted(walk, inner)


def noted(walk: Walk, inner: Walk) -> None:
    """Take over what was noted of a part."""
    walk.doubts, walk.hidden = walk.doubts or inner.doubts, walk.hidden or inner.hidden
    walk.worded = walk.worded or inner.worded
