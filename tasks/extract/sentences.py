"""The last resort: a guardian's own letter that gives the number in sentences, or the values without their labels.

Belongs here: proposing what a person then checks; nothing found this way is ever accepted. Does not belong here: rows
and labels (`table`).
"""

import re
from dataclasses import replace
from typing import Final

from schemas.documents import FieldName, ReadEntry, ReadField, ReadForm
from tasks.extract import values
from tasks.extract.numbers import valid_numbers

_CAPITALS: Final = r"[A-ZÀ-ÖØ-ÞČĐŊŠŦŽ][\w'’\-]+"
_PERSON: Final = rf"({_CAPITALS}(?: {_CAPITALS}){{0,4}})"
_PUPIL_OF: Final = re.compile(
    rf"\b(?:[Mm]or|[Ff]ar|[Mm]amma|[Pp]appa|[Ff]orelder|[Ff]oreldre|[Ff]oresatte?|[Ff]øresette?|[Vv]erge|[Mm]other|[Ff]ather"
    rf"|[Pp]arents?|[Gg]uardians?) (?:til|for|of|to) {_PERSON}"
)
_CALLED: Final = re.compile(
    rf"\b(?:[Jj]eg heter|[Ee]g heiter|[Mm]itt navn er|[Nn]avnet mitt er|[Nn]amnet mitt er|[Mm]y name is|[Jj]eg,|[Ee]g,"
    rf"|I am) {_PERSON}"
)
_BETWEEN: Final = re.compile(r"(?:(?!\. [A-ZÆØÅ])[^;\d]){0,40}")
_WHOLE_NAME: Final = re.compile(rf"\b{_CAPITALS}(?: {_CAPITALS}){{1,4}}")
_MOBILE: Final = re.compile(
    r"\b(?:mob|tlf|tele|phone|cell|nås)\w*\.?\D{0,25}((?:\+47|0047)?\s?\d(?:\s?\d){7})(?!\s?\d)", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"[^\s@<>,;:()]+@[^\s@<>,;:()]+\.\w{2,}")
_EIGHT: Final = re.compile(r"(?<!\d)(?:\+47 ?|0047 ?)?[2-9]\d(?: ?\d){6}(?!\d)")
_SKIPPED: Final = re.compile(
    r"^(?:Hei|Hallo|Hi|Hello|Dear|Kjære|Jeg|Vi|Eg|I|Mor|Far|Mvh|Visma|Foresatte?|Fødsels\w*)\b ?"
)


def in_sentences(own: list[str]) -> tuple[ReadForm, ...]:
    """The guardian or two of a letter with one or two valid identity numbers in it and no label, for a person to check.

    `own`: its lines that are not quoted, since ordinary mail may hold other people's numbers.
    """
    own = [" ".join(line.split()) for line in own]
    flat = " ".join(own)
    numbers = list(dict.fromkeys(valid_numbers(flat)))[:2]
    if not numbers:
        return ()
    pupil = _PUPIL_OF.search(flat)
    child = pupil[1] if pupil else ""
    if len(numbers) == 2:
        names = _names(flat, numbers, child)
        return (ReadForm(tuple(_entry(slot, child, fnr, names[slot - 1]) for slot, fnr in enumerate(numbers, 1))),)
    alone = [line for line in own if values.plausible("name", line) and _WHOLE_NAME.fullmatch(line)]
    called = _CALLED.search(flat)
    name = (called[1] if called else "") or _signature(own) or _names(flat, numbers, child)[0]
    if not child and len(alone) > 1:  # values alone, one a line: the form's own order
        child, name = alone[0], alone[1]
    elif not name and alone:
        name = alone[0]
    return (ReadForm((_entry(1, child, numbers[0], name, _mobile(flat, numbers[0]), _address(flat)),)),)


def _names(flat: str, numbers: list[str], child: str) -> list[str]:
    """The name that stands last before each number, with no other number or full stop between."""
    found, start = [], 0
    for number in numbers:
        place = re.compile(r"\D{0,3}".join(number)).search(flat, start)
        before = flat[start : place.start()] if place else ""
        people = [match for match in _WHOLE_NAME.finditer(before) if _SKIPPED.sub("", match[0]) != child]
        near = people and _BETWEEN.fullmatch(before[people[-1].end() :])
        name = _SKIPPED.sub("", people[-1][0]) if near else ""
        found.append(name if " " in name else "")
        start = place.end() if place else start
    return found


def _signature(lines: list[str]) -> str:
    """The name behind or below the last closing words, where it looks like one."""
    for number in range(len(lines) - 1, -1, -1):
        if values.closing(lines[number]):
            behind = _WHOLE_NAME.search(lines[number].partition(" ")[2])
            below = lines[number + 1] if number + 1 < len(lines) else ""
            if below and values.plausible("name", below):
                return below
            return behind[0] if behind else ""
    return ""


def _mobile(flat: str, fnr: str) -> str:
    told = _MOBILE.search(flat)
    if told:
        return told[1].strip()
    others = re.sub(r"\D{0,3}".join(fnr), " | ", flat)
    found = set(_EIGHT.findall(others))
    return found.pop() if len(found) == 1 else ""


def _address(flat: str) -> str:
    found = set(_ADDRESS.findall(flat))
    return found.pop() if len(found) == 1 else ""


def _entry(slot: int, child: str, fnr: str, name: str, mobile: str = "", email: str = "") -> ReadEntry:
    told: dict[FieldName, str] = {"pupil": child, "fnr": fnr, "name": name, "mobile": mobile, "email": email}
    cells = {field: ReadField(value, 0.5, "a sentence", "review") for field, value in told.items() if value}
    return replace(ReadEntry(slot), **cells)  # type: ignore[arg-type]
