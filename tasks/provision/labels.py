"""Address labels on A4 sheets, for those who get paper.

Belongs here: the common sheets of labels, and an address in each. Does not belong here: who gets one (`merge`). A label
bears name and address and nothing else: neither pupil nor school may be read off an envelope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tasks.provision.letters import address_lines
from tasks.provision.merge import Recipient
from tasks.provision.sheet import Sheets, lines_of

_SIZE: Final = 9.5
_LEADING: Final = 4.4
_PAD: Final = 6.0
"""Room to the label's edge, millimetres: printers feed askew."""


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """Columns and rows of a sheet; left and top margin, a label's width and height, from column to column: mm."""

    columns: int
    rows: int
    left: float
    top: float
    width: float
    height: float
    pitch: float


SHEETS: Final = {
    "3x8": LabelSheet(3, 8, 0.0, 0.0, 70.0, 37.125, 70.0),
    "3x7": LabelSheet(3, 7, 7.25, 15.15, 63.5, 38.1, 66.0),
    "2x7": LabelSheet(2, 7, 4.65, 15.15, 99.1, 38.1, 101.6),
}
"""By columns and rows, as the boxes say: 24, 21 and 14 labels a sheet."""


def labels_pdf(recipients: Sequence[Recipient], *, sheet: str = "3x8", skip: int = 0, title: str = "") -> bytes:
    """A label for each recipient, row by row. `skip`: how many of the first sheet are used already. ValueError for
    nobody, for a sheet that is not known, and where `skip` is more than a sheet has."""
    made = SHEETS.get(sheet)
    if made is None or not 0 <= skip < made.columns * made.rows:
        raise ValueError("no such place on a sheet of labels")
    if not recipients:
        raise ValueError("nobody to write to")
    sheets = Sheets(title, "nb-NO")
    a_sheet = made.columns * made.rows
    for number, one in enumerate(recipients, skip):
        if number != skip and number % a_sheet == 0:
            sheets.next_page()
        row, column = divmod(number % a_sheet, made.columns)
        x, y = made.left + column * made.pitch + _PAD, made.top + row * made.height + _PAD + 3.4
        told = [
            line
            for part in (one.name, *address_lines(one.address))
            for line in lines_of(part, _SIZE, made.width - 2 * _PAD)
        ]
        with sheets.tag("P"), sheets.content():
            for line in told[: int((made.height - 2 * _PAD) // _LEADING) + 1]:
                sheets.line(x, y, line, _SIZE)
                y += _LEADING
    return sheets.finished()
