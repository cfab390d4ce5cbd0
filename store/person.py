"""One person, found in everything the store holds: guardian, known guardian, pupil, on the register for paper, or only
in the fields of a form or a line.

Belongs here: who a number, a name or an id of ours is. Does not belong here: which rows are about them
(`store.person_gather`), what is said of it (`store.dossier`). A name alone is never enough: two people may share it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.errors import UsageFault
from schemas.ids import is_id
from schemas.names import agrees
from schemas.numbers import clean
from store import guardians
from store.database import Transaction
from store.guardians import Guardian
from store.person_gather import gather, is_guardian, is_listed, is_on_line, is_on_paper
from store.person_rows import Everything, Form, Person, on_lists, read_all, values_of

KINDS: Final = ("G", "P", "R", "K", "N", "S", "L")
"""The ids by which a person can be named; K- and N- (lists) and S- (a form) also need to be told whom of it."""


def by_id(tx: Transaction, ident: str, *, slot: int | None = None, name: str = "") -> Person:
    """The person with this id of ours; of a list (K-) the one called `name`, of a form (S-) the one in column `slot`.
    Raises `UsageFault` where there is none, or more than one."""
    if not is_id(ident) or ident[0] not in KINDS:
        raise UsageFault("bad_id", "that is not the id of a person", f"ids that can be: {'-, '.join(KINDS)}-")
    every = read_all(tx)
    if ident.startswith("S-"):
        mine = [form for form in every.forms if form.row.submission_id == ident and form.row.slot == slot]
        if not mine:
            raise UsageFault("no_such_person", "nobody stands in that column of that form", "add --slot 1 or 2")
        return _of_form(tx, mine, every)
    seed = Person(ident)
    if ident.startswith("G-"):
        guardian = guardians.read_guardian(tx, ident)
        found = guardian is not None and is_guardian(tx, seed, guardian)
    elif ident.startswith("P-"):
        seed.pupil = every.pupils.get(ident)
        found = seed.pupil is not None
    elif ident.startswith("R-"):
        found = any(is_on_paper(seed, one) for one in every.paper if one.id == ident)
    elif ident.startswith("L-"):
        found = any(is_on_line(seed, one) for one in every.lines if one.row.id == ident)
    else:
        there = [one for one in on_lists(every) if one.list_id == ident and (not name or agrees(one.known.name, name))]
        if len(there) > 1:
            raise UsageFault("several_people", "several people stand on that list", "give the name when asked")
        found = any(is_listed(seed, one) for one in there)
    if not found:
        raise UsageFault("no_such_person", "nobody is kept under that", "ask again without an id, by number or name")
    return gather(tx, seed, every)


def find(tx: Transaction, told: str) -> list[Person]:
    """Everyone whose identity number, or whose name, this is; each person once."""
    number = clean(told)
    every, found = read_all(tx), list[Person]()
    seeds = _by_number(tx, every, number) if number.isdigit() else _by_name(tx, every, told)
    for seed in seeds:
        if not any(_same(seed, one) for one in found):
            found.append(gather(tx, seed, every))
    forms = [form for form in every.forms if _bears(form, number if number.isdigit() else "", told)]
    for form in forms:
        if not any(form.row.id == mine.row.id for one in found for mine in [*one.forms, *one.unsure]):
            same = [other for other in every.forms if other.row.submission_id == form.row.submission_id]
            found.append(_of_form(tx, [other for other in same if other.row.slot == form.row.slot], every))
    return found


def pupils_touched(person: Person) -> set[str]:
    """The pupils that anything of this person hangs on."""
    forms = {form.row.pupil_id for form in [*person.forms, *person.unsure] if form.row.pupil_id}
    lines = {line.row.pupil_id for line in person.lines if line.row.pupil_id}
    own = {person.pupil.id} if person.pupil else set()
    return person.pupils | forms | lines | own


def _by_number(tx: Transaction, every: Everything, number: str) -> Iterator[Person]:
    guardian = guardians.find_by_number(tx, number)
    if guardian is not None:
        seed = Person(guardian.id)
        is_guardian(tx, seed, guardian)
        yield seed
    for pupil in every.pupils.values():
        if clean(pupil.number) == number:
            yield Person(pupil.id, pupil=pupil)
    for one in on_lists(every):
        if clean(one.known.number) == number:
            seed = Person(one.list_id)
            is_listed(seed, one)
            yield seed


def _by_name(tx: Transaction, every: Everything, name: str) -> Iterator[Person]:
    idents = {guardian for linked in every.linked.values() for guardian in linked}
    for ident in sorted(idents):
        guardian = guardians.read_guardian(tx, ident)
        if guardian is not None and agrees(guardian.name, name):
            seed = Person(ident)
            is_guardian(tx, seed, guardian)
            yield seed
    for pupil in every.pupils.values():
        if agrees(pupil.name, name):
            yield Person(pupil.id, pupil=pupil)
    for one in on_lists(every):
        if agrees(one.known.name, name):
            seed = Person(one.list_id)
            is_listed(seed, one)
            yield seed
    for paper in every.paper:
        if agrees(paper.name, name):
            seed = Person(paper.id)
            is_on_paper(seed, paper)
            yield seed
    for line in every.lines:
        if agrees(line.told.get("guardian", ""), name):
            seed = Person(line.row.id)
            is_on_line(seed, line)
            yield seed


def _same(seed: Person, one: Person) -> bool:
    """Whether what begins here was reached from another beginning already."""
    if seed.guardian is not None:
        return one.guardian is not None and one.guardian.id == seed.guardian.id
    if seed.pupil is not None:
        return one.pupil is not None and one.pupil.id == seed.pupil.id
    return (
        any(mine in one.listed for mine in seed.listed)
        or any(mine in one.paper for mine in seed.paper)
        or any(mine in one.lines for mine in seed.lines)
    )


def _of_form(tx: Transaction, forms: Sequence[Form], every: Everything) -> Person:
    """Whoever filled in these entries (one column). It leads on only where they were loaded, or by the very number."""
    loaded = next((form.row.guardian_id for form in forms if form.row.guardian_id), None)
    guardian = guardians.read_guardian(tx, loaded) if loaded else None
    numbers = {clean(value) for form in forms for value in values_of(form, "fnr")}
    if guardian is None and forms[0].row.pupil_id is not None:
        guardian = next(
            (g for n in numbers if (g := guardians.find_by_number(tx, n)) and _linked(every, g, forms)), None
        )
    if guardian is not None:
        seed = Person(guardian.id)
        is_guardian(tx, seed, guardian)
        return gather(tx, seed, every, forced=forms)
    seed = Person(forms[0].row.submission_id)
    seed.forms = [Form(form.row, form.fields, form.corrected, True) for form in forms]
    seed.names |= {value for form in forms for value in values_of(form, "name")}
    return seed


def _linked(every: Everything, guardian: Guardian, forms: Sequence[Form]) -> bool:
    return any(guardian.id in every.linked.get(form.row.pupil_id or "", ()) for form in forms)


def _bears(form: Form, number: str, name: str) -> bool:
    if number:
        return number in {clean(value) for value in values_of(form, "fnr")}
    return any(agrees(value, name) for value in values_of(form, "name"))
