"""One form while it is being read: what stands in which column, and what that makes of it in the end.

Belongs here: gathering fields and refusals by slot, deciding whether it was a form at all, and telling a form from its
repetition. Does not belong here: finding the fields (`tasks.extract.table`, `tasks.extract.scan`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from schemas.documents import FIELDS, FieldName, ReadEntry, ReadField, ReadForm
from tasks.extract import values


@dataclass(slots=True)
class Draft:
    """What was found so far. `loose_tick` and `loose_words` are refusals that stand under no column; `shared` is a
    pupil named once, above both guardians; `own_label`: a label of this form alone was found (`Label.own`);
    `loose_pupil`: the pupil's label was one that need not belong to a column ("Elev:")."""

    values: dict[int, dict[FieldName, ReadField]] = field(default_factory=dict)
    ticked: set[int] = field(default_factory=set)
    worded: set[int] = field(default_factory=set)
    loose_tick: bool = False
    loose_words: bool = False
    shared: ReadField | None = None
    headed: bool = False
    own_label: bool = False
    any_label: bool = False
    loose_pupil: bool = False

    def has(self, slot: int, name: FieldName | None = None) -> bool:
        """Whether `slot` holds a field: the one called `name`, or any."""
        held = self.values.get(slot, {})
        return name in held if name else bool(held)

    @property
    def begun(self) -> bool:
        """Whether anything was found."""
        return bool(any(self.values.values()) or self.ticked or self.worded or self.loose_tick or self.loose_words)

    @property
    def only_pupil(self) -> bool:
        """Whether nothing but a pupil's name was found."""
        return not self.ticked and set(self.values) == {1} and set(self.values[1]) == {"pupil"}

    def put(self, slot: int, name: FieldName, read: ReadField) -> None:
        """Fill in one cell."""
        self.values.setdefault(slot, {})[name] = read

    def doubt(self, slot: int, name: FieldName) -> None:
        """Leave a cell to a person, because it was given twice."""
        held = self.values[slot]
        held[name] = replace(held[name], confidence=min(held[name].confidence, 0.5), decision="review")

    def finished(self) -> ReadForm | None:
        """The form, or None where this was none (a signature, a form left empty)."""
        self._settle_loose()
        named = [cells["pupil"] for cells in self.values.values() if "pupil" in cells]
        if self.loose_pupil and not self.shared and len(named) == 1:
            self.shared = replace(named[0], confidence=0.7, decision="review")
        entries = []
        for slot in sorted(self.values.keys() | self.ticked | self.worded):
            cells: dict[FieldName, ReadField] = dict(self.values.get(slot, {}))
            if self.shared and "pupil" not in cells:
                cells["pupil"] = self.shared
            if slot not in self.ticked | self.worded and _nobodys(cells):
                continue
            entry = ReadEntry(slot, **cells, refused=slot in self.ticked, refused_in_words=slot in self.worded)
            if not entry.empty:
                entries.append(entry)
        return ReadForm(tuple(entries)) if entries and self._is_form() else None

    def _settle_loose(self) -> None:
        """Give a refusal that stands under no column to the only guardian; with two, a person decides whose it is."""
        filled = sorted(slot for slot, cells in self.values.items() if set(cells) - {"pupil"}) or sorted(self.values)
        if self.loose_tick and len(filled) < 2:
            self.ticked.add(filled[0] if filled else 1)
        elif self.loose_tick or self.loose_words:
            self.worded.update(set(filled or [1]) - self.ticked)

    def _is_form(self) -> bool:
        """Labels such as "Mobil:" and "E-post:" stand in any signature, so they alone make no form."""
        found = {name for cells in self.values.values() for name in cells} | ({"pupil"} if self.shared else set())
        if self.ticked or self.worded:
            return True
        number = any(sum(map(str.isdigit, cells["fnr"].value)) >= 6 for cells in self.values.values() if "fnr" in cells)
        others = found - {"pupil"}
        return number or (bool(others) and (self.own_label or self.headed)) or ({"pupil", "name"} < found)


def _nobodys(cells: Mapping[FieldName, ReadField]) -> bool:
    """Whether a column says that there is no such guardian: in the name's place, and nowhere else a value. The readers
    of a picture make of such words what they can where only digits belong."""
    told = {name: read.value for name, read in cells.items() if name != "pupil"}
    if not values.nobody(told.pop("name", "")):
        return False
    return not any(values.plausible(name, value) or len(re.sub(r"\D", "", value)) > 5 for name, value in told.items())


def distinct(forms: Iterable[ReadForm]) -> tuple[ReadForm, ...]:
    """Each form once: one whose every entry stands in another as well (a quoted reply, the HTML edition of a text) is
    dropped; forms that say different things all stay, for a person to choose."""
    kept: list[ReadForm] = []
    for form in forms:
        if any(_part_of(form, other) for other in kept):
            continue
        kept = [other for other in kept if not _part_of(other, form)]
        kept.append(form)
    return tuple(kept)


def _part_of(form: ReadForm, other: ReadForm) -> bool:
    return form.kind == other.kind and all(any(_entry_in(one, two) for two in other.entries) for one in form.entries)


def _entry_in(one: ReadEntry, two: ReadEntry) -> bool:
    """Whether `two` says all that `one` does."""
    if (
        one.slot != two.slot
        or one.refused > two.refused
        or one.refused_in_words > (two.refused or two.refused_in_words)
    ):
        return False
    for name in FIELDS:
        first, second = one.get(name), two.get(name)
        if first is not None and (second is None or squeezed(first.value) != squeezed(second.value)):
            return False
    return True


def squeezed(value: str) -> str:
    """A value for comparing: without blanks, in one case."""
    return "".join(value.split()).casefold()
