"""One person, found in everything the store holds: guardian, known guardian, pupil, on the register for paper, or only
in the fields of a form or a line.

Belongs here: who a number, a name or an id of ours is, and which rows are about them. Does not belong here: what is
said of it (`store.dossier`). What the school's own list or a loaded link says may lead on to other rows; what a form
says may not, for anybody can write any name on one. A name alone is never enough: two people may share it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, select

from schemas.contact import same_email, same_mobile
from schemas.errors import NotReady, UsageFault
from schemas.identity import classify
from schemas.ids import is_id
from schemas.names import agrees, normalise
from schemas.numbers import clean
from store import analogue, entries, guardians, outbox, rosters
from store.analogue import OnPaper
from store.database import Transaction
from store.guardians import Guardian
from store.people import KnownGuardian, Pupil, RosterPupil, read_pupils, roster_key
from store.sealing import DAMAGED
from store.tables import corrections, links, worklist_lines
from store.tables import entries as entry_rows
from store.tables import outbox as outbox_rows
from store.tables import pupils as pupil_rows

KINDS: Final = ("G", "P", "R", "K", "N", "S", "L")
"""The ids by which a person can be named; K- and N- (lists) and S- (a form) also need to be told whom of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the school's list has them for one pupil. `list_id`: K-, or N- of a list that is held; there
    `pupil_id` is empty where the pupil is new."""

    pupil_id: str
    list_id: str
    at: int
    known: KnownGuardian = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """One entry of a form, its fields and a steward's corrections opened. `whole`: it is theirs altogether; else a form
    of another that names them, or one whose sender nothing proves, and only what is certainly theirs may be told."""

    row: Row[Any]
    fields: dict[str, str] = field(repr=False)
    corrected: tuple[tuple[Row[Any], str], ...] = field(repr=False)
    whole: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the work list; `told` is what a REMOVE line holds."""

    row: Row[Any]
    told: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits, opened."""

    row: Row[Any]
    told: dict[str, Any] = field(repr=False)


@dataclass(slots=True)
class Person:
    """Everything about one person. `id` is the one that the audit names them by. `pupils`: whose guardian they are.
    `told`: what lists that are held say of a pupil. `unsure`: forms that only bear the name."""

    id: str
    guardian: Guardian | None = None
    pupil: Pupil | None = None
    listed: list[Listed] = field(default_factory=list)
    paper: list[OnPaper] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    unsure: list[Form] = field(default_factory=list)
    told: list[tuple[str, RosterPupil]] = field(default_factory=list)
    pupils: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set, repr=False)
    numbers: set[str] = field(default_factory=set, repr=False)
    mobiles: set[str] = field(default_factory=set, repr=False)
    emails: set[str] = field(default_factory=set, repr=False)

    def named(self, name: str) -> bool:
        """Whether this is their name."""
        return bool(name) and any(agrees(mine, name) for mine in self.names)

    def reached_by(self, mobile: str, email: str) -> bool:
        """Whether one of the two is theirs."""
        return any(same_mobile(mobile, mine) for mine in self.mobiles) or any(
            same_email(email, mine) for mine in self.emails
        )


@dataclass(frozen=True, slots=True)
class Everything:
    """All that may be about a person, opened once. `held`: (run, pupil's id or "", pupil) of held lists."""

    pupils: dict[str, Pupil] = field(repr=False)
    held: tuple[tuple[str, str, RosterPupil], ...] = field(repr=False)
    linked: dict[str, set[str]]
    paper: tuple[OnPaper, ...]
    forms: tuple[Form, ...]
    lines: tuple[Line, ...]


def by_id(tx: Transaction, ident: str, *, slot: int | None = None, name: str = "") -> Person:
    """The person with this id of ours; of a list (K-) the one called `name`, of a form (S-) the one in column `slot`.
    Raises `UsageFault` where there is none, or more than one."""
    if not is_id(ident) or ident[0] not in KINDS:
        raise UsageFault("bad_id", "that is not the id of a person", f"ids that can be: {'-, '.join(KINDS)}-")
    every = _read(tx)
    if ident.startswith("S-"):
        mine = [form for form in every.forms if form.row.submission_id == ident and form.row.slot == slot]
        if not mine:
            raise UsageFault("no_such_person", "nobody stands in that column of that form", "add --slot 1 or 2")
        return _of_form(tx, mine, every)
    seed = Person(ident)
    if ident.startswith("G-"):
        guardian = guardians.read_guardian(tx, ident)
        found = guardian is not None and _is_guardian(tx, seed, guardian)
    elif ident.startswith("P-"):
        seed.pupil = every.pupils.get(ident)
        found = seed.pupil is not None
    elif ident.startswith("R-"):
        found = any(_is_on_paper(seed, one) for one in every.paper if one.id == ident)
    elif ident.startswith("L-"):
        found = any(_is_on_line(seed, one) for one in every.lines if one.row.id == ident)
    else:
        there = [one for one in _listed(every) if one.list_id == ident and (not name or agrees(one.known.name, name))]
        if len(there) > 1:
            raise UsageFault("several_people", "several people stand on that list", "give the name when asked")
        found = any(_is_listed(seed, one) for one in there)
    if not found:
        raise UsageFault("no_such_person", "nobody is kept under that", "ask again without an id, by number or name")
    return _gather(tx, seed, every)


def find(tx: Transaction, told: str) -> list[Person]:
    """Everyone whose identity number, or whose name, this is; each person once."""
    number = clean(told)
    every, found = _read(tx), list[Person]()
    seeds = _by_number(tx, every, number) if number.isdigit() else _by_name(tx, every, told)
    for seed in seeds:
        if not any(_same(seed, one) for one in found):
            found.append(_gather(tx, seed, every))
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


# --------------------------------------------------------------------------------------------------- reading it all


def _read(tx: Transaction) -> Everything:
    run = tx.connection.execute
    linked: dict[str, set[str]] = {}
    for row in run(select(links.c.pupil_id, links.c.guardian_id)):
        linked.setdefault(row.pupil_id, set()).add(row.guardian_id)
    lines = tuple(Line(row, _line_text(tx, row)) for row in run(select(worklist_lines)).all())
    pupils = {pupil.id: pupil for pupil in read_pupils(tx)}
    return Everything(pupils, tuple(_held(tx)), linked, tuple(analogue.kept(tx)), tuple(_forms(tx)), lines)


def _held(tx: Transaction) -> Iterator[tuple[str, str, RosterPupil]]:
    keys = {row.roster_key: row.id for row in tx.connection.execute(select(pupil_rows.c.roster_key, pupil_rows.c.id))}
    for run in rosters.runs(tx, held=True):
        for told in rosters.held_content(tx, run.id)[1]:
            yield run.id, keys.get(roster_key(tx, told.key), ""), told


def _forms(tx: Transaction) -> Iterator[Form]:
    overlay: dict[tuple[str, int, int], list[Row[Any]]] = {}
    for one in tx.connection.execute(select(corrections).order_by(corrections.c.id)).all():
        overlay.setdefault((one.submission_id, one.slot, one.ord), []).append(one)
    for row in tx.connection.execute(select(entry_rows).order_by(entry_rows.c.received_at, entry_rows.c.id)).all():
        try:
            fields = {name: value for name, (value, *_) in entries.fields(tx, row, held=True).items()}
            laid = tuple(
                (one, entries.corrected(tx, one)) for one in overlay.get((row.submission_id, row.slot, row.ord), ())
            )
        except NotReady as fault:
            if fault.code not in DAMAGED:
                raise
            continue  # what no longer opens holds nothing any more
        yield Form(row, fields, laid, False)


def _line_text(tx: Transaction, row: Row[Any]) -> dict[str, str]:
    if row.text_ct is None:
        return {}
    try:
        told: dict[str, str] = json.loads(tx.vault.open(row.id, "worklist_lines.text", row.id, row.text_ct))
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        return {}
    return told


def _listed(every: Everything) -> Iterator[Listed]:
    for pupil in every.pupils.values():
        for at, known in enumerate(pupil.known):
            yield Listed(pupil.id, pupil.list_id, at, known)
    at = 0
    for run, pupil_id, told in every.held:
        for known in told.known or ():
            yield Listed(pupil_id, run, at, known)
            at += 1


# ------------------------------------------------------------------------------------------------ who somebody is


def _is_guardian(tx: Transaction, seed: Person, guardian: Guardian) -> bool:
    seed.guardian, seed.id = guardian, guardian.id
    _learn(seed, guardian.name, guardian.number, guardian.mobile, guardian.email)
    seed.pupils |= set(
        tx.connection.execute(select(links.c.pupil_id).where(links.c.guardian_id == guardian.id)).scalars()
    )
    return True


def _is_listed(seed: Person, one: Listed) -> bool:
    seed.listed.append(one)
    _learn(seed, one.known.name, one.known.number, one.known.mobile, one.known.email)
    seed.pupils |= {one.pupil_id} - {""}
    return True


def _is_on_paper(seed: Person, one: OnPaper) -> bool:
    seed.paper.append(one)
    _learn(seed, one.name)
    seed.pupils.add(one.pupil_id)
    return True


def _is_on_line(seed: Person, one: Line) -> bool:
    seed.lines.append(one)
    _learn(seed, one.told.get("guardian", ""))
    if one.row.pupil_id:
        seed.pupils.add(one.row.pupil_id)
    return bool(seed.names)


def _learn(seed: Person, name: str, number: str = "", mobile: str = "", email: str = "") -> None:
    for known, value in (
        (seed.names, name),
        (seed.numbers, clean(number)),
        (seed.mobiles, mobile),
        (seed.emails, email),
    ):
        if value:
            known.add(value)


def _by_number(tx: Transaction, every: Everything, number: str) -> Iterator[Person]:
    guardian = guardians.find_by_number(tx, number)
    if guardian is not None:
        seed = Person(guardian.id)
        _is_guardian(tx, seed, guardian)
        yield seed
    for pupil in every.pupils.values():
        if clean(pupil.number) == number:
            yield Person(pupil.id, pupil=pupil)
    for one in _listed(every):
        if clean(one.known.number) == number:
            seed = Person(one.list_id)
            _is_listed(seed, one)
            yield seed


def _by_name(tx: Transaction, every: Everything, name: str) -> Iterator[Person]:
    idents = {guardian for linked in every.linked.values() for guardian in linked}
    for ident in sorted(idents):
        guardian = guardians.read_guardian(tx, ident)
        if guardian is not None and agrees(guardian.name, name):
            seed = Person(ident)
            _is_guardian(tx, seed, guardian)
            yield seed
    for pupil in every.pupils.values():
        if agrees(pupil.name, name):
            yield Person(pupil.id, pupil=pupil)
    for one in _listed(every):
        if agrees(one.known.name, name):
            seed = Person(one.list_id)
            _is_listed(seed, one)
            yield seed
    for paper in every.paper:
        if agrees(paper.name, name):
            seed = Person(paper.id)
            _is_on_paper(seed, paper)
            yield seed
    for line in every.lines:
        if agrees(line.told.get("guardian", ""), name):
            seed = Person(line.row.id)
            _is_on_line(seed, line)
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
    numbers = {clean(value) for form in forms for value in _values(form, "fnr")}
    if guardian is None and forms[0].row.pupil_id is not None:
        guardian = next(
            (g for n in numbers if (g := guardians.find_by_number(tx, n)) and _linked(every, g, forms)), None
        )
    if guardian is not None:
        seed = Person(guardian.id)
        _is_guardian(tx, seed, guardian)
        return _gather(tx, seed, every, forced=forms)
    seed = Person(forms[0].row.submission_id)
    seed.forms = [Form(form.row, form.fields, form.corrected, True) for form in forms]
    seed.names |= {value for form in forms for value in _values(form, "name")}
    return seed


def _linked(every: Everything, guardian: Guardian, forms: Sequence[Form]) -> bool:
    return any(guardian.id in every.linked.get(form.row.pupil_id or "", ()) for form in forms)


# ---------------------------------------------------------------------------------------------- what is about them


def _gather(tx: Transaction, seed: Person, every: Everything, *, forced: Sequence[Form] = ()) -> Person:
    if seed.pupil is not None:
        return _of_pupil(seed, seed.pupil, every)
    if seed.guardian is None:
        _find_guardian(tx, seed, every)
    for _ in range(2):  # what the list adds (another pupil, a contact) may lead on once
        for one in _listed(every):
            if one not in seed.listed and _is_theirs(tx, seed, one, every):
                _is_listed(seed, one)
        for paper in every.paper:
            alone = paper.pupil_id in seed.pupils and _only_one(seed, paper.pupil_id, every)
            if alone and paper not in seed.paper and seed.named(paper.name):
                _is_on_paper(seed, paper)
    wanted = {form.row.id for form in forced}
    for form in every.forms:
        if not (form.fields or form.corrected or form.row.guardian_id):
            continue
        match = _how_sure(tx, seed, form, every)
        if form.row.id in wanted or match == "whole":
            seed.forms.append(Form(form.row, form.fields, form.corrected, True))
        elif match == "part":
            seed.forms.append(form)
        elif match == "name":
            seed.unsure.append(form)
    for line in every.lines:
        theirs = seed.guardian is not None and line.row.guardian_id == seed.guardian.id
        gone = seed.guardian is None and line.row.pupil_id in seed.pupils and seed.named(line.told.get("guardian", ""))
        if line not in seed.lines and (theirs or gone):
            seed.lines.append(line)
    seed.messages = list(_messages(tx, seed, every))
    return seed


def _of_pupil(seed: Person, pupil: Pupil, every: Everything) -> Person:
    seed.names.add(pupil.name)
    seed.numbers |= {clean(pupil.number)} - {""}
    for form in every.forms:
        cells = list(_values(form, "pupil"))
        bears = any(agrees(cell, pupil.name) for cell in cells)
        alone = bears and sum(agrees(cell, one.name) for cell in cells for one in every.pupils.values()) == 1
        number = bool(seed.numbers & {clean(value) for value in _values(form, "fnr")})
        if (form.row.pupil_id == pupil.id and cells) or (form.row.pupil_id is None and alone) or number:
            seed.forms.append(form)
    seed.lines = [line for line in every.lines if line.row.pupil_id == pupil.id and line.told]
    seed.told = [(run, told) for run, pupil_id, told in every.held if pupil_id == pupil.id]
    return seed


def _find_guardian(tx: Transaction, seed: Person, every: Everything) -> None:
    """The loaded guardian who this is: by the number, or the one of that name linked to the same pupil."""
    for number in seed.numbers:
        if (guardian := guardians.find_by_number(tx, number)) is not None:
            _is_guardian(tx, seed, guardian)
            return
    for pupil_id in sorted(seed.pupils):
        linked = [guardians.read_guardian(tx, ident) for ident in sorted(every.linked.get(pupil_id, ()))]
        named = [one for one in linked if one is not None and seed.named(one.name) and _no_other_number(tx, seed, one)]
        if len(named) == 1 and (_only_one(seed, pupil_id, every) or seed.reached_by(named[0].mobile, named[0].email)):
            _is_guardian(tx, seed, named[0])
            return


def _is_theirs(tx: Transaction, seed: Person, one: Listed, every: Everything) -> bool:
    """Whether a line on the school's list is this person."""
    number = clean(one.known.number)
    if number and _has_number(tx, seed, number):
        return True
    if not seed.named(one.known.name) or (number and _knows_number(seed)):
        return False
    if seed.reached_by(one.known.mobile, one.known.email):
        return True
    return one.pupil_id in seed.pupils and _only_one(seed, one.pupil_id, every)


def _only_one(seed: Person, pupil_id: str, every: Everything) -> bool:
    """Whether the pupil's list holds no two of this name (a father and a son may share it)."""
    pupil = every.pupils.get(pupil_id)
    return pupil is None or sum(seed.named(known.name) for known in pupil.known) <= 1


def _how_sure(tx: Transaction, seed: Person, form: Form, every: Everything) -> str:
    """whole: this entry is theirs; part: it is, but holds a number that is not; name: it only bears the name."""
    row = form.row
    if seed.guardian is not None and row.guardian_id == seed.guardian.id and row.kind == "guardian":
        return "whole"
    numbers = {clean(value) for value in _values(form, "fnr")} - {""}
    if any(_has_number(tx, seed, number) for number in numbers):
        return "whole"
    if not any(seed.named(name) for name in _values(form, "name")):
        return ""
    contacts = [*_values(form, "mobile"), *_values(form, "email")]
    reached = any(seed.reached_by(value, value) for value in contacts)
    known_pupil = row.pupil_id in seed.pupils and _only_one(seed, row.pupil_id, every)
    if not reached and (contacts or not known_pupil):
        return "name"
    valid = [number for number in numbers if _is_valid(tx, number)]
    if valid and (_knows_number(seed) or not reached):
        return "part" if reached else "name"
    return "whole"


def _has_number(tx: Transaction, seed: Person, number: str) -> bool:
    if number in seed.numbers:
        return True
    return seed.guardian is not None and guardians.has_number(tx, seed.guardian, number)


def _knows_number(seed: Person) -> bool:
    return bool(seed.numbers) or (seed.guardian is not None and seed.guardian.number_mac is not None)


def _no_other_number(tx: Transaction, seed: Person, one: Guardian) -> bool:
    return not seed.numbers or any(guardians.has_number(tx, one, number) for number in seed.numbers)


def _is_valid(tx: Transaction, number: str) -> bool:
    return bool(classify([number], environment=tx.settings.environment)["valid"].iloc[0])


def _bears(form: Form, number: str, name: str) -> bool:
    if number:
        return number in {clean(value) for value in _values(form, "fnr")}
    return any(agrees(value, name) for value in _values(form, "name"))


def _values(form: Form, name: str) -> Iterable[str]:
    """What a field holds, as read and as a steward corrected it."""
    read = [form.fields[name]] if form.fields.get(name) else []
    return [*read, *(value for row, value in form.corrected if row.field == name)]


def _messages(tx: Transaction, seed: Person, every: Everything) -> Iterator[Message]:
    """What waits to be said to them: sealed with the guardian, or to a contact on a list that they stand on."""
    waits = outbox_rows.c.payload_ct.is_not(None)
    for row in tx.connection.execute(select(outbox_rows).where(waits).order_by(outbox_rows.c.made_at)).all():
        told = outbox.payload(tx, row)
        if told is None:
            continue
        if row.kind != "answer":
            if seed.guardian is not None and row.subject_id == seed.guardian.id:
                yield Message(row, told)
            continue
        owner = row.dedup_key.rpartition(":")[2]
        mine = [one.known for one in seed.listed if one.pupil_id == owner]
        for known in mine:
            by_mail = told.get("email") and same_email(told["email"], known.email)
            by_post = told.get("name") and normalise(told["name"]) == normalise(known.name)
            if by_mail or by_post:
                yield Message(row, told)
                break
