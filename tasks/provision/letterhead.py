"""The upper half of a sheet: title, and the letter in two columns.

Belongs here: setting a letter that must fit above the form. Does not belong here: the form below it (`form_pdf`,
`consent_pdf`).
"""

from collections.abc import Sequence
from typing import Final

from tasks.provision.sheet import QUIET, Sheets, lines_of, width_of
from tasks.provision.words import Section

LEFT: Final = 20.0
COLUMN: Final = 81.0
GUTTER: Final = 8.0
RIGHT: Final = LEFT + 2 * COLUMN + GUTTER
TOP: Final = 37.0
BOTTOM: Final = 128.0
SIZE: Final = 9.1
LEADING: Final = 4.25 / SIZE
"""Millimetres from line to line for each point of size."""
BETWEEN: Final = 1.9


class DoesNotFit(ValueError):
    """The letter is longer than the room above the form: shorten the words."""


def letter(
    sheets: Sheets, title: str, sections: Sequence[Section], *, above: tuple[str, str], size: float = SIZE
) -> None:
    """Title and letter, balanced over two columns; `above` stands small at the top, left and right.

    Raises `DoesNotFit` where the words are too many: they are ours, so it is seen when they are changed.
    """
    with sheets.artefact():
        sheets.line(LEFT, 17.0, above[0], 8.5, grey=QUIET)
        sheets.line(RIGHT - width_of(above[1], 8.5), 17.0, above[1], 8.5, grey=QUIET)
    heading = lines_of(title, 13, RIGHT - LEFT, "Semibold")
    if len(heading) > 1:  # two lines of one length look meant
        heading = lines_of(title, 13, 0.55 * width_of(title, 13, "Semibold"), "Semibold")
    with sheets.tag("H1"), sheets.content():
        for number, line in enumerate(heading):
            sheets.line(LEFT, 27.0 + 5.8 * number - 3.0 * (len(heading) - 1), line, 13, "Semibold")
    blocks = [
        (kind, text)
        for section in sections
        for kind, text in (("H2", section.heading), *(("P", paragraph) for paragraph in section.text))
    ]
    heights = [_height(kind, text, size) for kind, text in blocks]
    leading = LEADING * size
    cut = min(
        (cut for cut in range(1, len(blocks) + 1) if blocks[cut - 1][0] != "H2"),
        key=lambda cut: (max(sum(heights[:cut]), sum(heights[cut:])), cut),
    )
    for x, column in ((LEFT, blocks[:cut]), (LEFT + COLUMN + GUTTER, blocks[cut:])):
        y = TOP
        for kind, text in column:
            y += 1.0 if kind == "H2" and y > TOP else 0
            if kind == "H2":
                y = sheets.paragraph(x, y, text, COLUMN, size + 0.9, leading, weight="Semibold", kind=kind)
            else:
                y = sheets.paragraph(x, y, text, COLUMN, size, leading)
            y += 0.6 if kind == "H2" else BETWEEN
        if y - BETWEEN - leading > BOTTOM:
            raise DoesNotFit("the letter is too long for one page")


def _height(kind: str, text: str, size: float) -> float:
    if kind == "H2":
        return LEADING * size + 1.6
    return LEADING * size * len(lines_of(text, size, COLUMN)) + BETWEEN
