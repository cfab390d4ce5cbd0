"""The body of a Word document as rows of cells.

Belongs here: Word's markup. Does not belong here: the container (`office`), what rows mean (`table`). Elements are
known by their local names, so the strict and the usual edition read alike.
"""

from typing import Final
from xml.etree.ElementTree import Element

from tasks.extract.officetext import (
    HIDDEN,
    MOST_SPANS,
    PALE,
    STRUCK,
    TINY,
    Walk,
    attribute,
    child_of,
    joined,
    light,
    name_of,
    noted,
    within,
)

_SYMBOLS: Final = {"fe": "☒", "fd": "☒", "78": "☒", "52": "☑", "a8": "☐", "6f": "☐", "a3": "☐", "fc": "✓"}
"""Wingdings' boxes by the low byte of their place."""

UNTICKED: Final = ("☐", "□")

_SKIPPED: Final = {
    "del",
    "moveFrom",
    "instrText",
    "delText",
    "pPr",
    "rPr",
    "tblPr",
    "trPr",
    "tcPr",
    "sdtPr",
    "Fallback",
}


def docx_styles(root: Element) -> dict[str, str]:
    """Style -> how its text is not plainly seen."""
    styles = {attribute(s, "styleId"): _word_look(child_of(s, "rPr")) for s in root if name_of(s) == "style"}
    return {name: look for name, look in styles.items() if look}


def docx(root: Element, styles: dict[str, str]) -> Walk:
    """The body of a Word document."""
    walk = Walk()
    _word_blocks(root, walk, styles)
    return walk


def _word_look(properties: Element | None) -> str:
    """How a run is not plainly seen; "" where it is."""
    for mark in properties if properties is not None else ():
        kind, value = name_of(mark), attribute(mark, "val", "true").lower()
        if kind in ("vanish", "webHidden", "specVanish") and value not in ("0", "false", "off"):
            return HIDDEN
        if kind in ("strike", "dstrike") and value not in ("0", "false", "off"):
            return STRUCK
        if kind == "color" and light(value):
            return PALE
        if kind == "highlight" and value == "black":
            return HIDDEN
        if kind == "sz" and value.isdecimal() and int(value) <= TINY:
            return PALE
    return ""


def _word_blocks(parent: Element, walk: Walk, styles: dict[str, str]) -> None:
    for child in parent:
        kind = name_of(child)
        if kind == "p":
            boxes: list[Element] = []
            walk.line(_word_text(child, walk, styles, boxes))
            for box in boxes:
                _word_blocks(box, walk, styles)
        elif kind == "tbl":
            _word_table(child, walk, styles)
        elif kind == "sdt" and _only_asks(child):
            continue
        elif kind not in _SKIPPED:
            _word_blocks(child, walk, styles)


def _asks(control: Element) -> bool:
    """Whether a content control says that it only asks to be filled in."""
    return child_of(control, "sdtPr", "showingPlcHdr") is not None


def _only_asks(control: Element) -> bool:
    """Whether it does nothing else: programs that fill in controls forget to say that they did."""
    said = "".join(one.text or "" for one in control.iter() if name_of(one) == "t")
    return _asks(control) and sum(map(str.isdigit, said)) < 8 and "@" not in said


def _checked(control: Element) -> bool:
    mark = child_of(control, "sdtPr", "checkbox", "checked")
    return mark is not None and attribute(mark, "val", "1") in ("1", "true")


def _word_table(table: Element, walk: Walk, styles: dict[str, str]) -> None:
    lines = list(within(table, "tr"))
    rows = [list(within(row, "tc")) for row in lines]
    wide = any(len(cells) > 1 for cells in rows)
    for line, cells in zip(lines, rows, strict=True):
        properties = child_of(line, "trPr")
        marks = {name_of(mark) for mark in (properties if properties is not None else ())}
        walk.doubts = walk.doubts or bool(marks & {"del", "ins", "hidden"})
        row, index = [], 0
        inner = Walk()
        for cell in cells:
            fill = attribute(child_of(cell, "tcPr", "shd"), "fill", "auto").lower()
            held = Walk(shaded=fill != "auto" and not light(fill))
            tables = _word_cell(cell, held, styles)
            noted(walk, held)
            for nested in tables:
                _word_table(nested, inner, styles)
            span = attribute(child_of(cell, "tcPr", "gridSpan"), "val", "1")
            wide_as = min(int(span), MOST_SPANS) if span.isdecimal() else 1
            row.append((index, wide_as, "\n".join(held.lines)))
            index += wide_as
        walk.row(row, wide)
        joined(walk, inner)


def _word_cell(cell: Element, held: Walk, styles: dict[str, str]) -> list[Element]:
    """Take in a cell's own text; its nested tables are handed back."""
    nested: list[Element] = []
    for child in cell:
        if name_of(child) == "tbl":
            nested.append(child)
        elif name_of(child) not in _SKIPPED:
            wrapped = Element("wrapped")
            wrapped.append(child)
            _word_blocks(wrapped, held, styles)
    return nested


def _word_text(parent: Element, walk: Walk, styles: dict[str, str], boxes: list[Element], look: str = "") -> str:
    """The text of a paragraph as it is seen; what is hidden or struck out is noted and left out."""
    if name_of(parent) == "p":
        look = look or styles.get(attribute(child_of(parent, "pPr", "pStyle"), "val"), "")
    if name_of(parent) == "r":
        own = child_of(parent, "rPr")
        look = _word_look(own) or look or styles.get(attribute(child_of(own, "rStyle"), "val"), "")
    told: list[str] = []
    for child in parent:
        kind = name_of(child)
        if kind == "t":
            text = child.text or ""
            if look and not (look == PALE and walk.shaded):
                walk.unseen(text, look)
            else:
                told.append(text)
        elif kind in ("tab", "ptab"):
            told.append("\t")
        elif kind in ("br", "cr"):
            told.append("\n")
        elif kind == "noBreakHyphen":
            told.append("-")
        elif kind == "sym":
            told.append(_SYMBOLS.get(attribute(child, "char")[-2:].lower(), ""))
        elif kind == "fldChar":
            box = child_of(child, "ffData", "checkBox")
            if box is not None:
                mark = child_of(box, "checked")
                mark = mark if mark is not None else child_of(box, "default")
                told.append("[x]" if mark is not None and attribute(mark, "val", "1") in ("1", "true") else "[ ]")
        elif kind == "txbxContent":
            boxes.append(child)
        elif kind in ("del", "ins", "moveFrom", "moveTo") and name_of(parent) != "rPr":
            walk.doubts = walk.doubts or any(name_of(one) in ("t", "delText") and one.text for one in child.iter())
            if kind in ("ins", "moveTo"):
                told.append(_word_text(child, walk, styles, boxes, look))
        elif kind == "sdt":
            if not _only_asks(child):
                text = _word_text(child, walk, styles, boxes, look)
                bound = child_of(child, "sdtPr", "dataBinding") is not None or _asks(child)
                walk.doubts = walk.doubts or bound or (_checked(child) and text.strip() in UNTICKED)
                told.append(text)
        elif kind not in _SKIPPED:
            told.append(_word_text(child, walk, styles, boxes, look))
    return "".join(told)
