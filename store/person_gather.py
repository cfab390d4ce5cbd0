"""Which rows of the store are about one person, once it is known who that is.

What the school's own list or a loaded link says may lead on to other rows; what a form says may not, for anybody can
write any name on one. Does not belong here: whom a number, a name or an id means (`store.person`).
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from schemas.contact import same_email
from schemas.identity import classify
from schemas.names import agrees, normalise
from schemas.numbers import clean
from store import guardians, outbox
from store.analogue import OnPaper
from store.database import Transaction
from store.guardians import Guardian
from store.people import Pupil
from store.person_rows import Everything, Form, Line, Listed, Message, Person, on_lists, values_of
from store.tables import links
from store.tables import outbox as outbox_rows


def is_guardian(tx: Transaction, seed: Person, guardian: Guardian) -> bool:
    """They are this loaded guardian: what is known of them, and whose they are."""
    seed.guardian, seed.id = guardian, guardian.id
    _learn(seed, guardian.name, guardian.number, guardian.mobile, guardian.email)
    seed.pupils |= set(
        tx.connection.execute(select(links.c.pupil_id).where(links.c.guardian_id == guardian.id)).scalars()
    )
    return True


def is_listed(seed: Person, one: Listed) -> bool:
    """They stand on the school's list."""
    seed.listed.append(one)
    _learn(seed, one.known.name, one.known.number, one.known.mobile, one.known.email)
    seed.pupils |= {one.pupil_id} - {""}
    return True


def is_on_paper(seed: Person, one: OnPaper) -> bool:
    """They stand on the register for paper."""
    seed.paper.append(one)
    _learn(seed, one.name)
    seed.pupils.add(one.pupil_id)
    return True


def is_on_line(seed: Person, one: Line) -> bool:
    """A line of the work list names them; False where it holds no name any more."""
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


def gather(tx: Transaction, seed: Person, every: Everything, *, forced: Sequence[Form] = ()) -> Person:
    """The whole person from what is known to begin with; `forced`: forms that are theirs in any case."""
    if seed.pupil is not None:
        return _of_pupil(seed, seed.pupil, every)
    if seed.guardian is None:
        _find_guardian(tx, seed, every)
    for _ in range(2):  # what the list adds (another pupil, a contact) may lead on once
        for one in on_lists(every):
            if one not in seed.listed and _is_theirs(tx, seed, one, every):
                is_listed(seed, one)
        for paper in every.paper:
            alone = paper.pupil_id in seed.pupils and _only_one(seed, paper.pupil_id, every)
            if alone and paper not in seed.paper and seed.named(paper.name):
                is_on_paper(seed, paper)
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
        cells = list(values_of(form, "pupil"))
        bears = any(agrees(cell, pupil.name) for cell in cells)
        alone = bears and sum(agrees(cell, one.name) for cell in cells for one in every.pupils.values()) == 1
        number = bool(seed.numbers & {clean(value) for value in values_of(form, "fnr")})
        if (form.row.pupil_id == pupil.id and cells) or (form.row.pupil_id is None and alone) or number:
            seed.forms.append(form)
    seed.lines = [line for line in every.lines if line.row.pupil_id == pupil.id and line.told]
    seed.told = [(run, told) for run, pupil_id, told in every.held if pupil_id == pupil.id]
    return seed


def _find_guardian(tx: Transaction, seed: Person, every: Everything) -> None:
    """The loaded guardian who this is: by the number, or the one of that name linked to the same pupil."""
    for number in seed.numbers:
        if (guardian := guardians.find_by_number(tx, number)) is not None:
            is_guardian(tx, seed, guardian)
            return
    for pupil_id in sorted(seed.pupils):
        linked = [guardians.read_guardian(tx, ident) for ident in sorted(every.linked.get(pupil_id, ()))]
        named = [one for one in linked if one is not None and seed.named(one.name) and _no_other_number(tx, seed, one)]
        if len(named) == 1 and (_only_one(seed, pupil_id, every) or seed.reached_by(named[0].mobile, named[0].email)):
            is_guardian(tx, seed, named[0])
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
    numbers = {clean(value) for value in values_of(form, "fnr")} - {""}
    if any(_has_number(tx, seed, number) for number in numbers):
        return "whole"
    if not any(seed.named(name) for name in values_of(form, "name")):
        return ""
    contacts = [*values_of(form, "mobile"), *values_of(form, "email")]
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
