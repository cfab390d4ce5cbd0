"""Pupils as the school's roster tells them: names and known guardians sealed, birth dates in the clear for the sweep.

The roster's known guardians have a data key of their own (K-…), so that they can be shredded on the due date while
the pupil, now of age, stays on the roster.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from schemas.due import Due, Enrolment, due
from schemas.errors import NotReady
from schemas.ids import new_id
from store.database import Transaction
from store.sealing import DAMAGED
from store.tables import enrolments, protections, pupils


@dataclass(frozen=True, slots=True)
class KnownGuardian:
    """One guardian as the school's list has it; empty where the list says nothing."""

    name: str = field(repr=False)
    number: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pupil:
    """One pupil, opened."""

    id: str
    name: str = field(repr=False)
    born: date = field(repr=False)
    class_name: str
    number: str = field(repr=False)
    shielded: bool = field(repr=False)
    enrolments: tuple[Enrolment, ...]
    known: tuple[KnownGuardian, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RosterPupil:
    """One pupil as a roster file tells it; `key` is the roster's own id."""

    key: str = field(repr=False)
    name: str = field(repr=False)
    born: date = field(repr=False)
    class_name: str
    number: str = field(repr=False)
    shielded: bool = field(repr=False)
    enrolments: tuple[Enrolment, ...]
    known: tuple[KnownGuardian, ...] = field(repr=False)


def roster_key(tx: Transaction, key: str) -> bytes:
    """The keyed digest under which a roster's id is looked up."""
    return tx.keyring.mac("delivery", b"roster|" + key.encode())


def read_pupils(tx: Transaction, only: str | None = None) -> list[Pupil]:
    """Every pupil (or the one with id `only`), opened, in roster order of arrival."""
    terms: dict[str, list[Enrolment]] = {}
    for row in tx.connection.execute(select(enrolments).order_by(enrolments.c.starts)):
        terms.setdefault(row.pupil_id, []).append(Enrolment(row.starts, row.ends, row.interrupted, row.final_year))
    query = select(pupils) if only is None else select(pupils).where(pupils.c.id == only)
    found = []
    rows = tx.connection.execute(query).all()
    tx.vault.preload(key for row in rows for key in (row.id, row.known_id) if key)
    for row in rows:
        try:
            found.append(_opened(tx, row, tuple(terms.get(row.id, ()))))
        except NotReady as fault:
            if fault.code not in DAMAGED:
                raise
            # One damaged row stops nobody else's form: this pupil is not found until the next roster mends it.
    return found


def _opened(tx: Transaction, row: Row[Any], places: tuple[Enrolment, ...]) -> Pupil:
    name, class_name, number = (
        tx.vault.open_text(row.id, f"pupils.{column}", row.id, sealed, row.row_version) or ""
        for column, sealed in (("name", row.name_ct), ("class", row.class_ct), ("number", row.number_ct))
    )
    known: tuple[KnownGuardian, ...] = ()
    if row.known_id and row.known_ct:
        listed = json.loads(tx.vault.open(row.known_id, "pupils.known", row.id, row.known_ct, row.row_version))
        known = tuple(KnownGuardian(**one) for one in listed)
    return Pupil(row.id, name, row.born, class_name, number, row.shielded, places, known)


def save_pupil(tx: Transaction, told: RosterPupil) -> tuple[str, bool]:
    """Insert or replace one pupil as the roster tells it; returns (id, is new). Known guardians are kept only while
    the pupil's own due date lies ahead."""
    key = roster_key(tx, told.key)
    row = tx.connection.execute(select(pupils).where(pupils.c.roster_key == key)).one_or_none()
    ident = row.id if row else new_id("P")
    version = row.row_version + 1 if row else 1
    if not tx.vault.has_key(ident):
        tx.vault.new_key(ident)
    if row is not None and row.known_id:
        tx.vault.destroy(row.known_id)
    ends = pupil_due(tx, told.born, told.enrolments, consent=False)
    keep = bool(told.known) and (ends.on is None or ends.on > tx.today)
    known_id = new_id("K") if keep else None
    known_ct = None
    if known_id:
        tx.vault.new_key(known_id)
        listed = json.dumps([asdict(one) for one in told.known]).encode()
        known_ct = tx.vault.seal(known_id, "pupils.known", ident, listed, version)
    values = {
        "roster_key": key,
        "born": told.born,
        "name_ct": tx.vault.seal_text(ident, "pupils.name", ident, told.name, version),
        "class_ct": tx.vault.seal_text(ident, "pupils.class", ident, told.class_name, version),
        "number_ct": tx.vault.seal_text(ident, "pupils.number", ident, told.number, version),
        "known_id": known_id,
        "known_ct": known_ct,
        "row_version": version,
        "due_on": ends.on,
        "due_reason": ends.reason,
        "missing_runs": 0,
    }
    if row is None:
        tx.connection.execute(insert(pupils).values(id=ident, **values))
    else:
        tx.connection.execute(update(pupils).where(pupils.c.id == ident).values(**values))
        tx.connection.execute(delete(enrolments).where(enrolments.c.pupil_id == ident))
    note_protection(tx, ident, "roster", told.shielded)
    for term in told.enrolments:
        place = {
            "starts": term.starts,
            "ends": term.ends,
            "interrupted": term.interrupted,
            "final_year": term.final_year,
        }
        tx.connection.execute(insert(enrolments).values(pupil_id=ident, **place))
    return ident, row is None


def note_protection(tx: Transaction, pupil_id: str, source: str, on: bool) -> bool:
    """Note what one source says of a pupil's protection; True where that is news. The pupil is shielded while any
    source says so. What follows from it is `store.protection`'s."""
    mine = (protections.c.pupil_id == pupil_id) & (protections.c.source == source)
    there = tx.connection.execute(select(protections.c.since).where(mine)).first() is not None
    if on and not there:
        tx.connection.execute(insert(protections).values(pupil_id=pupil_id, source=source, since=tx.now))
    elif there and not on:
        tx.connection.execute(delete(protections).where(mine))
    if on != there:
        anybody = select(protections.c.source).where(protections.c.pupil_id == pupil_id)
        shielded = tx.connection.execute(anybody.limit(1)).first() is not None
        tx.connection.execute(update(pupils).where(pupils.c.id == pupil_id).values(shielded=shielded))
    return on != there


def mark_missing(tx: Transaction, pupil_id: str) -> bool:
    """Count one complete roster run without this pupil; at the second the enrolments end today, and it is True."""
    counted = pupils.c.missing_runs + 1
    tx.connection.execute(update(pupils).where(pupils.c.id == pupil_id).values(missing_runs=counted))
    runs = tx.connection.execute(select(pupils.c.missing_runs).where(pupils.c.id == pupil_id)).scalar_one()
    if runs != 2:
        return False
    mine = enrolments.c.pupil_id == pupil_id
    still = enrolments.c.interrupted.is_(None) & (enrolments.c.ends.is_(None) | (enrolments.c.ends >= tx.today))
    tx.connection.execute(update(enrolments).where(mine, still).values(interrupted=tx.today))
    return True


def pupil_due(tx: Transaction, born: date, terms: tuple[Enrolment, ...], *, consent: bool) -> Due:
    """The one due-date function, with this store's settings and today."""
    return due(born, terms, consent_until_leaving=consent, today=tx.today, settings=tx.settings.retention)
