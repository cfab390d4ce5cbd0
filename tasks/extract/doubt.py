"""A form of which nothing may be used without a person.

Belongs here: taking back every acceptance of a form at once, and the one reason that any document may give. Does not
belong here: the others (`pdf`, `office`, `scan`).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from schemas.documents import FIELDS, ReadForm
from schemas.numbers import clean
from tasks.extract.labels import Label, labels_in
from tasks.extract.numbers import valid_numbers


def doubted(form: ReadForm, *, refuses: bool = False) -> ReadForm:
    """The same form, every value of it a person's to read; a ticked refusal becomes one to be confirmed. `refuses`:
    something beside it says no, for whomever."""
    entries = []
    for entry in form.entries:
        told: dict[str, Any] = {
            name: replace(read, decision="review", confidence=min(read.confidence, 0.5))
            for name in FIELDS
            if (read := entry.get(name))
        }
        words = entry.refused or entry.refused_in_words or refuses
        entries.append(replace(entry, **told, refused=False, refused_in_words=words))
    return replace(form, entries=tuple(entries))


def without_rival(lines: Iterable[str], forms: tuple[ReadForm, ...]) -> tuple[ReadForm, ...]:
    """The forms, for a person where their document has another identity number that no cell holds: it may be the right
    one. The pupil's own, under its label, is none, and neither is what digits set apart in the form's own row make."""
    told = {clean(entry.fnr.value) for form in forms for entry in form.entries if entry.fnr}
    if not told:
        return forms
    others = [
        line for line in lines if not _asks_for_another(line) and not any(one in _digits_of(line) for one in told)
    ]
    return tuple(map(doubted, forms)) if set(valid_numbers("\n".join(others))) - told else forms


def _digits_of(line: str) -> str:
    """The digits of a line as one."""
    return "".join(letter for letter in line if letter.isdecimal())


def _asks_for_another(line: str) -> bool:
    return any(isinstance(part, Label) and part.field is None for part in labels_in(line))
