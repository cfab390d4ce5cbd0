"""The work list on paper: a block a line, with boxes to tick and room to sign, in the design of the school's letters.

Belongs here: drawing lines that were read already. Does not belong here: which lines there are, and whether numbers may
stand on it (`store.worklist`, the console). What is ticked on paper still has to be signed off by command: the id of
each line stands on it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from schemas.boxed import Box, Language
from schemas.masking import mask
from schemas.settings import WorklistField
from store.worklist import LASTING, Line
from tasks.provision.form_pdf import LEFT, NOBODY, WIDE, Sender
from tasks.provision.sheet import QUIET, Sheets, lines_of, width_of
from tasks.provision.words import WorklistWords, words

_TOP: Final = 46.0
_FOOT: Final = 282.0
_BLOCK: Final = 33.0
_COLUMN: Final = WIDE / 3
_RIGHT: Final = LEFT + WIDE


def worklist_pdf(
    lines: Sequence[Line],
    language: Language,
    sender: Sender = NOBODY,
    *,
    fields: Sequence[WorklistField],
    today: date,
    reveal: bool = False,
) -> bytes:
    """The lines in order, some eight a page. `fields`: as they follow each other on Visma InSchool's screen. Numbers
    and contact masked unless `reveal`; every page says which."""
    told = words(language)
    sheets = Sheets(told.worklist.title, told.lang)
    rows = int((_FOOT - _TOP) // _BLOCK)
    pages = max(1, -(-len(lines) // rows))
    for page in range(pages):
        if page:
            sheets.next_page()
        _head(sheets, told.worklist, sender, today, (page + 1, pages), reveal)
        if not lines:
            sheets.paragraph(LEFT, _TOP, told.worklist.nothing, WIDE, 10.5, 5.2)
        for number, line in enumerate(lines[page * rows : (page + 1) * rows]):
            with sheets.tag("Sect"):
                _block(sheets, told.worklist, line, fields, _TOP + number * _BLOCK, reveal)
    return sheets.finished()


def _head(
    sheets: Sheets, told: WorklistWords, sender: Sender, today: date, page: tuple[int, int], reveal: bool
) -> None:
    with sheets.artefact():
        sheets.line(LEFT, 17.0, sender.name, 8.5, grey=QUIET)
        count = f"{page[0]} / {page[1]}"
        sheets.line(_RIGHT - width_of(count, 8.5), 17.0, count, 8.5, grey=QUIET)
    with sheets.tag("H1" if page[0] == 1 else "P"), sheets.content():
        sheets.line(LEFT, 27.0, f"{told.title}, {today.isoformat()}", 13, "Semibold")
    sheets.paragraph(LEFT, 33.5, told.revealed if reveal else told.masked, WIDE, 9, 4.3, grey=QUIET)


def _block(
    sheets: Sheets, told: WorklistWords, line: Line, fields: Sequence[WorklistField], y: float, reveal: bool
) -> None:
    with sheets.artefact():
        sheets.rule(LEFT, y - 5.2, _RIGHT, y - 5.2)
        sheets.line(_RIGHT - width_of(line.id, 7.5), y, line.id, 7.5, grey=QUIET)
    when = told.due.format(date=line.due_on.isoformat() if line.due_on else "–")
    late = f" – {told.late.format(days=line.days_late)}" if line.overdue else ""
    with sheets.tag("H2"), sheets.content():
        sheets.line(LEFT, y, f"{told.kinds[line.kind]} – {when}{late}", 10.5, "Semibold")
    told_of = [name for name in fields if name in ("pupil", "class", "guardian") or line.kind != "remove"]
    if line.kind == "shred":  # paper has neither
        told_of = []
    for number, name in enumerate(told_of):
        x, at = LEFT + number % 3 * _COLUMN, y + 5.2 + number // 3 * 7.6
        with sheets.tag("P"), sheets.content():
            sheets.line(x, at, f"{told.fields[name]} ", 7.5, grey=QUIET)
            sheets.line(x, at + 3.7, _cut(_value(line, name, reveal), _COLUMN - 2), 9.5)
    note = _note(told, line)
    if note:
        with sheets.tag("P"), sheets.content():
            sheets.line(LEFT, y + 20.4, _cut(note, WIDE), 8.5)
    x = LEFT
    for word in told.signed if line.kind not in LASTING else [*told.signed[:2], told.signed[3]]:
        with sheets.artefact():
            sheets.tick_box(Box(x, y + 22.3, 3, 3))
        with sheets.tag("P"), sheets.content():
            sheets.line(x + 4.2, y + 24.8, word, 8)
        x += 8.5 + width_of(word, 8)
    with sheets.tag("P"), sheets.content():
        sheets.line(_RIGHT - 46 - width_of(told.by, 8), y + 24.8, told.by, 8)
    with sheets.artefact():
        sheets.rule(_RIGHT - 45, y + 25.3, _RIGHT, y + 25.3)


def _value(line: Line, name: WorklistField, reveal: bool) -> str:
    match name:
        case "pupil":
            return line.pupil
        case "class":
            return line.class_name
        case "guardian":
            return line.guardian
        case _:
            value = line.values.get(name, "")
            return value if reveal else mask(name, value)


def _note(told: WorklistWords, line: Line) -> str:
    said = [told.notes[line.number]] if line.number else []
    if line.kind == "remove":
        said.append(told.notes["person_too" if line.person_too else "link_only"])
    if line.kind == "shred":
        said.append(f"{told.notes[line.why]} {line.paper}".rstrip())
    if line.signed_as == "not_done":
        said.append(f"{told.signed[3]}: {line.sign_reason}")
    return "; ".join(said)


def _cut(text: str, width: float) -> str:
    """What fits on one line; cut is said by dots. The whole stands on the screen."""
    if width_of(text, 9.5) <= width:
        return text
    return (lines_of(text, 9.5, width - 3)[0].rstrip() or text[:10]) + " …"
