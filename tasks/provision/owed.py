"""Whom the register for paper is owed to though nobody said so: a proven guardian who waits too long for a person, one
who was on paper and is not typed in yet, and the guardians of a protected pupil.

Belongs here: bringing those rows in step with the store. Does not belong here: whoever said so themselves (`refused`,
`no_login`: `tasks.load`), and who sees what (`tasks.provision.merge`). A row holds the name alone: the address is the
school's list's, whatever it says today. Source: the domain's "What leaves the system", the analogue register.
"""

from collections import defaultdict
from typing import Final, NamedTuple

from sqlalchemy import select

from schemas.due import next_working_day
from schemas.names import agrees
from schemas.outcomes import EntryOutcome
from store import analogue, guardians
from store.analogue import BY_SCHOOL, BY_THEMSELVES, IN_REVIEW, UNTIL_ACCESS
from store.database import OSLO, Transaction
from store.due_dates import refresh_due
from store.entries import fields, proven
from store.people import Pupil, read_pupils
from store.tables import entries, links, pupils, refusals
from store.worklist_rows import has_access, of_pair

_NO_ACCESS: Final = (BY_SCHOOL, "refusal_unproven")
"""Why a link may rest while its guardian still is one. Every other reason says that they may be one no longer."""


class _Owed(NamedTuple):
    why: str
    name: str
    submission: str = ""


class _Linked(NamedTuple):
    """A linked guardian: why the link rests, and whether their ADD line is signed off."""

    name: str
    rests: str | None
    access: bool


def keep_owed(tx: Transaction) -> None:
    """Put on the register whom it is owed to since the last time, take off whose access started, who waits no longer or
    whose protection was lifted. Running it again changes nothing. Not counted: the number would tell of protection."""
    waits = _waiting(tx)
    shielded = set(tx.connection.execute(select(pupils.c.id).where(pupils.c.shielded)).scalars())
    there = select(refusals.c.pupil_id).where(refusals.c.why.not_in(BY_THEMSELVES)).distinct()
    concerned = waits.keys() | shielded | set(tx.connection.execute(there).scalars())
    if not concerned:
        return
    rows: dict[str, list[analogue.OnPaper]] = defaultdict(list)
    for row in analogue.of_pupil(tx):
        rows[row.pupil_id].append(row)
    gone = set(tx.connection.execute(select(pupils.c.id).where(pupils.c.due_on <= tx.today)).scalars())
    added = []
    for pupil in read_pupils(tx, sorted(concerned - gone)):
        loaded = [row.name for row in rows[pupil.id] if row.why == UNTIL_ACCESS]
        owed = _of_protected(tx, pupil) if pupil.shielded else _of_waiting(tx, pupil, waits[pupil.id], loaded)
        if _bring_in_step(tx, pupil.id, owed, rows[pupil.id]):
            added.append(pupil.id)
    refresh_due(tx, added)


def _waiting(tx: Transaction) -> dict[str, list[_Owed]]:
    """Pupil -> the proven guardians whose entry has been in review for more than the settings' working days."""
    query = select(entries).where(
        entries.c.outcome == EntryOutcome.NEEDS_REVIEW.value,
        entries.c.kind == "guardian",
        entries.c.pupil_id.is_not(None),
        entries.c.fields_ct.is_not(None),
    )
    rows = [
        row
        for row in tx.connection.execute(query.order_by(entries.c.received_at, entries.c.id)).all()
        if next_working_day(row.received_at.astimezone(OSLO).date(), tx.settings.analogue.review_days) < tx.today
    ]
    tx.vault.preload({row.submission_id for row in rows})
    found: dict[str, list[_Owed]] = defaultdict(list)
    for row in rows:
        name = fields(tx, row).get("name")
        if name is not None and proven(tx, row):
            found[row.pupil_id].append(_Owed(IN_REVIEW, name[0], row.submission_id))
    return found


def _of_waiting(tx: Transaction, pupil: Pupil, waits: list[_Owed], loaded: list[str]) -> list[_Owed]:
    """Without those who have access, and those who may be no guardian any more. The name as the school's list has it;
    where the list names others and no longer this one, nobody is proven by it any more. `loaded`: who was on paper and
    is that now; they are owed it while no ADD line of theirs is signed off."""
    linked = _linked(tx, pupil.id)
    out = [one.name for one in linked if one.rests not in _NO_ACCESS]
    going = [one.name for one in linked if not one.access and one.rests in (None, *_NO_ACCESS)]
    owed = [_Owed(UNTIL_ACCESS, name) for name in loaded if any(agrees(name, one) for one in going)]
    for one in waits:
        listed = [known.name for known in pupil.known if agrees(known.name, one.name)]
        if not any(agrees(name, one.name) for name in out) and (listed or not pupil.known):
            owed.append(one._replace(name=listed[0] if listed else one.name))
    return owed


def _of_protected(tx: Transaction, pupil: Pupil) -> list[_Owed]:
    """Every guardian whom the list names or who is linked, once."""
    linked = _linked(tx, pupil.id)
    out = [one.name for one in linked if one.rests not in _NO_ACCESS]
    names = [known.name for known in pupil.known if known.name]
    names += [one.name for one in linked if not any(agrees(one.name, known) for known in names)]
    return [_Owed(BY_SCHOOL, name) for name in names if not any(agrees(name, other) for other in out)]


def _linked(tx: Transaction, pupil_id: str) -> list[_Linked]:
    mine = select(links.c.guardian_id, links.c.suspended).where(links.c.pupil_id == pupil_id)
    rests = {row.guardian_id: row.suspended for row in tx.connection.execute(mine)}
    return [
        _Linked(one.name, rests[one.id], has_access(of_pair(tx, pupil_id, one.id)))
        for one in guardians.of_pupil(tx, pupil_id)
    ]


def _bring_in_step(tx: Transaction, pupil_id: str, owed: list[_Owed], rows: list[analogue.OnPaper]) -> bool:
    """Whether rows were added."""
    said = [row.name for row in rows if row.why in BY_THEMSELVES]
    before = [row for row in rows if row.why not in BY_THEMSELVES]
    added = False
    for one in owed:
        if any(agrees(name, one.name) for name in said):
            continue
        said.append(one.name)  # a second form of the same guardian
        same = next((row for row in before if row.why == one.why and agrees(row.name, one.name)), None)
        if same is not None:
            before.remove(same)
            continue
        analogue.add(tx, pupil_id, why=one.why, name=one.name, address="", submission=one.submission, arrived=tx.now)
        added = True
    for row in before:
        analogue.remove(tx, row.id)
    return added
