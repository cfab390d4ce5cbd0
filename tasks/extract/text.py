"""The form filled in a mail's own text or in a text file.

Belongs here: cutting text into rows of cells, and the last resort for a letter that gives the number in sentences.
Does not belong here: mail containers and character sets (`tasks/decrypt`), what rows mean (`table`, `labels`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.documents import ReadEntry, ReadField, ReadForm, Reading
from tasks.extract import values
from tasks.extract.columns import Cell, Row
from tasks.extract.numbers import holds_number, valid_numbers
from tasks.extract.table import read_rows

MAX_CHARS: Final = 200_000
MAX_LINES: Final = 10_000
MAX_LINE: Final = 2_000

_QUOTE: Final = re.compile(r"^\s{0,3}(?:>\s?)+")
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f"))
_WIDE: Final = re.compile(r"\S+(?: \S+)*")
_CAPITALS: Final = r"[A-ZÀ-ÖØ-ÞČĐŊŠŦŽ][\w'’\-]+"
_PERSON: Final = rf"({_CAPITALS}(?: {_CAPITALS}){{0,4}})"
_PUPIL_OF: Final = re.compile(
    rf"\b(?:mor|far|mamma|pappa|forelder|foreldre|foresatte?|føresette?|verge|mother|father|parents?|guardians?)"
    rf" (?:til|for|of|to) {_PERSON}"
)
_CALLED: Final = re.compile(
    rf"\b(?:[Jj]eg heter|[Ee]g heiter|[Mm]itt navn er|[Nn]avnet mitt er|[Nn]amnet mitt er|[Mm]y name is) {_PERSON}"
)
_GUARDIAN: Final = re.compile(
    r"\b(?:mor|far|forelder|foreldre|foresatt\w*|føresett\w*|parents?|mother|father|guardians?|fødselsn\w*|f(?:ø|o)dselsnummer"
    r"|fnr|personnummer|d-nummer|identity number|visma)\b",
    re.IGNORECASE,
)


def read_text(text: str) -> Reading:
    """The forms in a text; quoted lines count as well, an unfilled form counts as none.

    Beyond `MAX_CHARS` or `MAX_LINES` no form is looked for, and the fault `too_large` says so; a number is looked for
    in the whole. Never raises.
    """
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    lines = text[:MAX_CHARS].splitlines()
    faults = ("too_large",) if len(text) > MAX_CHARS or len(lines) > MAX_LINES else ()
    lines = lines[:MAX_LINES]
    forms = read_rows(rows_of(lines))
    return Reading(forms or _in_sentences(lines), faults, holds_number(text))


def rows_of(lines: Iterable[str]) -> Iterator[Row]:
    """A row a line: cells part at tabs, at bars, or else where two blanks or more stand."""
    for number, line in enumerate(lines, 1):
        line = _QUOTE.sub("", line[:MAX_LINE]).replace("\u00a0", " ").rstrip()
        where = f"line {number}"
        if "|" in line:
            yield Row(_cells(re.sub(r"^\s*\|(.*?)\|?$", r"\1", line), "|"), where)
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


def _in_sentences(lines: list[str]) -> tuple[ReadForm, ...]:
    """A guardian's own letter that gives a number or two, but no label: filled in for a person to check.

    Only with a word about guardians or the number, and only from lines that are not quoted, since ordinary mail may
    hold numbers too. Nothing found this way is ever accepted.
    """
    own = [line.strip() for line in lines if line.strip() and not _QUOTE.match(line)]
    flat = " ".join(own)
    if not _GUARDIAN.search(flat):
        return ()
    numbers = list(dict.fromkeys(valid_numbers(flat)))[:2]
    if not numbers:
        return ()
    pupil = _PUPIL_OF.search(flat)
    child = _guess(pupil[1]) if pupil else None
    if len(numbers) == 2:
        return (ReadForm(tuple(ReadEntry(slot, child, _guess(fnr)) for slot, fnr in enumerate(numbers, 1))),)
    called = _CALLED.search(flat)
    name = called[1] if called else _signature(own)
    return (ReadForm((ReadEntry(1, child, _guess(numbers[0]), _guess(name) if name else None),)),)


def _signature(lines: list[str]) -> str:
    """The name below the last closing line, where it looks like one."""
    for number in range(len(lines) - 1, -1, -1):
        if values.closing(lines[number]) and number + 1 < len(lines):
            return lines[number + 1] if values.plausible("name", lines[number + 1]) else ""
    return ""


def _guess(value: str) -> ReadField:
    return ReadField(value, 0.5, "a sentence", "review")
