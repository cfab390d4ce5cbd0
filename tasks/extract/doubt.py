"""A form of which nothing may be used without a person.

Belongs here: taking back every acceptance of a form at once. Does not belong here: why (`pdf`, `office`, `scan`).
"""

from dataclasses import replace
from typing import Any

from schemas.documents import FIELDS, ReadForm


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
