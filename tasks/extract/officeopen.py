"""The body of an OpenDocument text as rows of cells.

Belongs here: OpenDocument's markup. Does not belong here: the container (`office`), what rows mean (`table`).
"""

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


def odt_styles(root: Element) -> dict[str, str]:
    """Style -> how its text is not plainly seen."""
    looks: dict[str, str] = {}
    for style in root.iter():
        if name_of(style) == "style":
            look = _open_look(child_of(style, "text-properties"))
            if look:
                looks[attribute(style, "name")] = look
            cell = child_of(style, "table-cell-properties")
            fill = attribute(cell, "background-color", "transparent")
            if fill != "transparent" and not light(fill):
                looks[f"cell {attribute(style, 'name')}"] = "shaded"
    return looks


def odt(root: Element, styles: dict[str, str]) -> Walk:
    """The body of an OpenDocument text."""
    walk = Walk()
    looks = {**styles, **odt_styles(root)}
    controls = {attribute(one, "id"): _control(one) for one in root.iter() if name_of(one) in ("text", "checkbox")}
    controls.pop("", None)
    body = child_of(root, "body", "text")
    if body is not None:
        _open_blocks(body, walk, looks, controls)
    return walk


def odt_margins(root: Element) -> list[str]:
    """The lines at the head and the foot of the pages, in the document's styles."""
    margins = [part for part in root.iter() if name_of(part).startswith(("header", "footer"))]
    return [_said(part) for part in margins]


def _said(part: Element) -> str:
    """The paragraphs of what stands beside the text, without who wrote it and when."""
    return " ".join("".join(line.itertext()) for line in part.iter() if name_of(line) in ("p", "h"))


def _control(control: Element) -> str:
    """What stands in a form's control."""
    if name_of(control) == "checkbox":
        return "[x]" if attribute(control, "current-state") == "checked" else "[ ]"
    return attribute(control, "current-value") or attribute(control, "value")


def _open_look(properties: Element | None) -> str:
    if attribute(properties, "display") == "none":
        return HIDDEN
    if attribute(properties, "text-line-through-style", "none") != "none":
        return STRUCK
    size = attribute(properties, "font-size").removesuffix("pt")
    tiny = size.replace(".", "", 1).isdecimal() and float(size) * 2 <= TINY
    return PALE if tiny or light(attribute(properties, "color")) else ""


def _open_blocks(parent: Element, walk: Walk, looks: dict[str, str], controls: dict[str, str]) -> None:
    for child in parent:
        kind = name_of(child)
        if kind in ("p", "h"):
            boxes: list[Element] = []
            walk.line(_open_text(child, walk, looks, controls, boxes))
            for box in boxes:
                _open_blocks(box, walk, looks, controls)
        elif kind == "table":
            _open_table(child, walk, looks, controls)
        elif kind == "tracked-changes":
            walk.doubts = walk.doubts or len(child) > 0
        elif attribute(child, "display") == "none":
            walk.unseen("".join(child.itertext()), HIDDEN)
        elif kind == "annotation":
            walk.remark(_said(child), comment=True)
        elif kind not in ("forms", "sequence-decls"):
            _open_blocks(child, walk, looks, controls)


def _open_table(table: Element, walk: Walk, looks: dict[str, str], controls: dict[str, str]) -> None:
    lines = list(within(table, "table-row"))
    walk.doubts = walk.doubts or any(attribute(row, "visibility", "visible") != "visible" for row in lines)
    rows = [[cell for cell in row if name_of(cell).endswith("table-cell")] for row in lines]
    wide = any(len(cells) > 1 for cells in rows)
    for cells in rows:
        row, index = [], 0
        inner = Walk()
        for cell in cells:
            held = Walk(shaded=f"cell {attribute(cell, 'style-name')}" in looks)
            for child in cell:
                if name_of(child) == "table":
                    _open_table(child, inner, looks, controls)
                else:
                    wrapped = Element("wrapped")
                    wrapped.append(child)
                    _open_blocks(wrapped, held, looks, controls)
            noted(walk, held)
            repeated = attribute(cell, "number-columns-repeated", "1")
            spanned = attribute(cell, "number-columns-spanned", "1")
            wide_as = min(int(spanned), MOST_SPANS) if spanned.isdecimal() else 1
            times = min(int(repeated), MOST_SPANS) if repeated.isdecimal() else 1
            text = "\n".join(held.lines)
            row += [(index + time, wide_as, text) for time in range(times if text.strip() else 1)]
            index += times
        walk.row(row, wide)
        joined(walk, inner)


def _open_text(
    parent: Element,
    walk: Walk,
    looks: dict[str, str],
    controls: dict[str, str],
    boxes: list[Element],
    look: str = "",
) -> str:
    """The text of a paragraph as it is seen."""
    if name_of(parent) in ("p", "h", "span"):
        look = looks.get(attribute(parent, "style-name"), look)
    told: list[str] = []

    def say(text: str | None) -> None:
        if text and look and not (look == PALE and walk.shaded):
            walk.unseen(text, look)
        elif text:
            told.append(" ".join(text.split("\n")))

    say(parent.text)
    for child in parent:
        kind = name_of(child)
        if kind == "s":
            count = attribute(child, "c", "1")
            told.append(" " * (min(int(count), 200) if count.isdecimal() else 1))
        elif kind == "tab":
            told.append("\t")
        elif kind == "line-break":
            told.append("\n")
        elif kind == "control":
            told.append(controls.get(attribute(child, "control"), ""))
        elif kind == "text-box":
            boxes.append(child)
        elif kind in ("hidden-text", "hidden-paragraph"):
            walk.unseen("".join(child.itertext()) + attribute(child, "string-value"), HIDDEN)
        elif kind.startswith("change"):
            walk.doubts = True
        elif kind == "text-input" and not (child.text or "").strip(" <>"):
            pass
        elif kind in ("annotation", "note"):
            walk.remark(_said(child), comment=kind == "annotation")
        elif kind not in ("bookmark", "placeholder"):
            told.append(_open_text(child, walk, looks, controls, boxes, look))
        say(child.tail)
    return "".join(told)
