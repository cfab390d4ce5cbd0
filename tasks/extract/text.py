"""The form filled in a mail's own text or in a text file.

Belongs here: cutting text into rows of cells. Does not belong here: mail containers and character sets
(`tasks/decrypt`), what rows mean (`table`, `labels`), letters without rows (`sentences`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.documents import Reading
from schemas.onetime import find_code
from tasks.extract.columns import Cell, Row
from tasks.extract.consent import unread_consent
from tasks.extract.doubt import without_rival
from tasks.extract.letters import readable
from tasks.extract.numbers import holds_number
from tasks.extract.sentences import in_sentences
from tasks.extract.table import read_rows

MAX_CHARS: Final = 200_000
MAX_LINES: Final = 10_000
MAX_LINE: Final = 2_000

_QUOTE: Final = re.compile(r"^\s{0,3}(?:>\s?)+")
_WIDE: Final = re.compile(r"\S+(?: \S+)*")


def read_text(text: str, *, watch: bool = True) -> Reading:
    """The forms in a text; quoted lines count as well, an unfilled form counts as none.

    `watch`: say whether an identity number stands in it, which matters where it came unencrypted. Beyond `MAX_CHARS` or
    `MAX_LINES` no form is looked for, and the fault `too_large` says so; a number is looked for in the whole. Never
    raises.
    """
    text = readable(text)
    lines = text[:MAX_CHARS].splitlines()
    faults = ("too_large",) if len(text) > MAX_CHARS or len(lines) > MAX_LINES else ()
    lines = lines[:MAX_LINES]
    forms = without_rival([line for line in lines if not _QUOTE.match(line)], read_rows(rows_of(lines)))
    forms = forms or in_sentences([line for line in lines if line.strip() and not _QUOTE.match(line)])
    return Reading(
        unread_consent([line for line in lines if not _QUOTE.match(line)] if not forms else lines, forms),
        faults,
        watch and holds_number(text),
        find_code(lines),
    )


def rows_of(lines: Iterable[str]) -> Iterator[Row]:
    """A row a line: cells part at tabs, at bars, at semicolons or commas without a blank behind them (a spreadsheet's
    text), or else where two blanks or more stand."""
    for number, line in enumerate(lines, 1):
        line = _QUOTE.sub("", line[:MAX_LINE]).replace("\u00a0", " ").rstrip()
        where = f"line {number}"
        if "|" in line:
            yield Row(_cells(re.sub(r"^\s*\|(.*?)\|?$", r"\1", line), "|"), where)
        elif divider := next((one for one in ";," if line.count(one) > 1 and not re.search(rf"{one}\s", line)), ""):
            yield Row(_cells(line, divider), where)
        elif "\t" in line.lstrip():
            yield Row(_cells(line, "\t"), where)
        else:
            line = line.expandtabs()
            yield Row(tuple(Cell(match[0], match.start(), match.end()) for match in _WIDE.finditer(line)), where)


def _cells(line: str, divider: str) -> tuple[Cell, ...]:
    """The cells of a divided line. Where tabs only push the second heading to its place, places count, not cells."""
    pieces, place, cells = line.split(divider), 0, []
    pushed = divider == "\t" and bool(re.search(r"1\t{2,}\S*\D2\s*$", line))
    for index, piece in enumerate(pieces):
        cells.append(Cell(piece.strip(), place, place + len(piece), -1 if pushed else index))
        place += len(piece) + 1
        if divider == "\t":
            place = -(-place // 8) * 8
    return tuple(cells)
